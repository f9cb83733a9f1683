"""Contracts → TOML, merged into the text of a configuration: what is there stays as it is, with its comments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import tomli

from appstate_lint.config import TABLE, Component

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Table


class Unmergeable(Exception):
    """The tables of a configuration are written in a way that nothing can be added to."""


def merged(text: str, contracts: Iterable[Component], shared: bool) -> str:
    """Return the text of a configuration with ``contracts`` added to it.

    Keys that a component already has are left alone. ``shared`` tells that the text is that of a ``pyproject.toml``.
    Raises Unmergeable.
    """
    contracts = tuple(contracts)
    try:
        made = _merged(text, contracts, shared)
        read: object = tomli.loads(made)
        for name in (*(("tool", TABLE) if shared else ()), *(("components",) if contracts else ())):
            read = read[name]  # type: ignore[index]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unmergeable(str(error)) from error
    if contracts and not {each.name for each in contracts} <= set(read):  # type: ignore[call-overload]
        raise Unmergeable("some tables were lost")
    windows = "\r\n" in text and "\n" not in text.replace("\r\n", "")
    return made.replace("\r\n", "\n").replace("\n", "\r\n") if windows else made


def _merged(text: str, contracts: Iterable[Component], shared: bool) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    components = _table(document, ("tool", TABLE, "components") if shared else ("components",))
    for contract in contracts:
        keys = _keys(contract)
        known = components.get(contract.name)
        if known is None:
            table = tomlkit.table()
            for key, value in keys.items():
                table.add(key, value)
            components.add(tomlkit.key(contract.name), table)
            continue
        for key, value in keys.items():
            if key not in known:
                known.add(key, value)
    return tomlkit.dumps(document)


def _table(document: TOMLDocument, path: tuple[str, ...]) -> Table:
    import tomlkit

    table: object = document
    for name in path:
        if name not in table:  # type: ignore[operator]
            table.add(name, tomlkit.table(is_super_table=True))  # type: ignore[attr-defined]
        table = table[name]  # type: ignore[index]
    return table  # type: ignore[return-value]


def _keys(contract: Component) -> dict[str, object]:
    """Return the keys of a contract that say something."""
    found: dict[str, object] = {}
    if contract.type is not None:
        found["type"] = contract.type
    if contract.phase is not None:
        found["phase"] = contract.phase
    if contract.depends_on:
        found["depends-on"] = list(contract.depends_on)
    if contract.optional:
        found["optional"] = True
    if contract.nullable:
        found["nullable"] = True
    if contract.applications:
        found["applications"] = list(contract.applications)
    return found
