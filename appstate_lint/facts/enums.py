"""Enumerations: which classes are, by the names of what they extend, and what the bodies of these say."""

from __future__ import annotations

from appstate_lint.facts import flow


def is_enumeration(base: str) -> bool:
    """Tell whether what extends a class of this name has its constants as instances: enumerations, and flags."""
    return base.endswith(("Enum", "Flag"))


def is_closed(base: str) -> bool:
    """Tell whether what extends a class of this name has no values but its members: flags may be combined."""
    return base.endswith("Enum")


def auto_value(cls: flow.Class, name: str) -> str:
    """Return what stands for the value that ``auto()`` gives the member ``name`` of an enumeration.

    In a ``StrEnum`` that is the value itself, the name in small letters (the standard library's documentation of
    ``enum.auto``); else a number, of which only matters that no other member has it.
    """
    is_text = "StrEnum" in map(flow.last_name, cls.bases)
    return name.lower() if is_text else f"{cls.qualname}.{name}"
