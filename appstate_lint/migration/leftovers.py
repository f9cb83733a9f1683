"""What is left of the old way: the words, and who may keep it."""

from __future__ import annotations

from collections.abc import Set

import msgspec

from appstate_lint.config import Migration, Status
from appstate_lint.model import Finding, Left, Phase, Place, Related, Severity
from appstate_lint.project.accessors import matches
from appstate_lint.source.ignoring import Ignoring, compile_rules

_CODES = frozenset({"W7830", "W7831", "W7832", "W7833", "E7834"})
"""Of the rules that report leftovers."""


class Leftover(msgspec.Struct, frozen=True):
    """A place that still uses the old way.

    ``accessor`` is its dotted name, ``how`` what the place does with it; ``function`` is qualified, and ``index`` its
    place in the facts of the file (-1 for the module). ``allowed`` tells that the migration lets it stay, ``is_test``
    that it is in test code, ``final`` that it may stay until the migration is complete. ``phase`` is that of a read of
    a retired component.
    """

    kind: Left
    migration: Migration
    accessor: str
    place: Place
    how: str
    function: str = "<module>"
    index: int = -1
    form: str = ""
    allowed: bool = False
    is_test: bool = False
    final: bool = False
    phase: Phase | None = None
    application: str = ""
    related: tuple[Related, ...] = ()

    @property
    def place_end(self) -> tuple[int, int]:
        """Where the place ends."""
        return (self.place.end_line, self.place.end_column)

    @property
    def sort_key(self) -> tuple[Place, str, str]:
        """The order of leftovers: by place."""
        return (self.place, self.kind.value, self.accessor)


def stays(leftover: Leftover, over: Set[str]) -> bool:
    """Tell whether a leftover may stay for now: its migration allows it, and is not one of ``over``."""
    return leftover.allowed and leftover.migration.name not in over


def is_fault(finding: Finding, component: str) -> bool:
    """Tell whether a finding says that a component may be missing or is wrong, and not just what is left of old."""
    return finding.component == component and finding.severity is not Severity.INFO and finding.code not in _CODES


def goal(migration: Migration) -> str:
    """Return what a migration moves to, as messages say it."""
    if migration.component and migration.replacement:
        return f"component '{migration.component}', made by {migration.replacement}"
    if migration.component:
        return f"component '{migration.component}'"
    return migration.replacement or "something else"


def reported(leftover: Leftover, over: Set[str]) -> bool:
    """Tell whether a leftover is a finding: its migration has begun, and does not allow it, or is one of ``over``."""
    if leftover.migration.status is Status.PLANNED:
        return False
    if leftover.final and leftover.migration.status is not Status.COMPLETE:
        return False
    return not stays(leftover, over)


class Allowance(msgspec.Struct, frozen=True):
    """The code of a project that may keep the old way: path patterns of gitignore's format, and functions."""

    paths: Ignoring
    functions: tuple[str, ...]

    def covers(self, file: str, dotted: str) -> bool:
        """Tell whether the code of ``file``, in the function or class of that dotted name, may keep it."""
        parts = dotted.split(".")
        names = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
        if any(matches(pattern, name) for pattern in self.functions for name in names):
            return True
        folders = file.split("/")
        for end in range(1, len(folders)):
            verdict = self.paths.directory(folders[end - 1], "/".join(folders[:end]))
            if verdict:
                return True
        return bool(self.paths.file(folders[-1], file))


def allowance(migration: Migration) -> Allowance:
    """Return what a migration allows: what names a module or function, dotted or with a colon, is no path."""
    functions = [each for each in migration.allow if _is_name(each)]
    return Allowance(compile_rules([each for each in migration.allow if each not in functions]), tuple(functions))


def _is_name(pattern: str) -> bool:
    if "/" in pattern or pattern.endswith((".py", ".pyi")):
        return False
    return ":" in pattern or "." in pattern.strip(".")
