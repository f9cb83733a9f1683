"""Test files that may call an application which was not started: they need no word of the tables but a client's.

Such a file makes a client other than by entering it, or uses a fixture of a ``conftest.py`` above that does. It is
parsed with these, and so is the product file through which it gets the application. Where no code of the product runs
when an application starts, there is nothing to parse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from appstate_lint.closure.imports import imports_of
from appstate_lint.closure.words import last
from appstate_lint.facts import flow
from appstate_lint.facts.flow import FileFacts
from appstate_lint.frameworks import Tables
from appstate_lint.project.fixtures import fixture_name

_ENTERED = rb"^[ \t]*(?:async[ \t]+)?with[ \t]+(?:\w+\.)*(?:%b)\([^()\n]*\)[ \t]*(?:as[ \t]+\w+[ \t]*)?:[ \t]*(?:#.*)?$"
_STARTING = frozenset({"startup", "lifespan"})


class Clients:
    """Finds the test files, by the names of clients in the tables and of the fixtures that make them."""

    def __init__(self, tables: Tables) -> None:
        names = {last(name) for name in tables.clients}
        starting = {last(name) for name, client in tables.clients.items() if client.starts}
        self.names = frozenset(names)
        self.starts = frozenset(_start_words(tables))
        self._made = _any_of(rb"(?<!\w)(?:%b)(?:[\s\\)]*\(|[\s\\]+as(?!\w))", names)
        self._known: dict[str, tuple[_Fixture, ...]] = {}
        self._entered = _any_of(_ENTERED, starting)

    def makes(self, content: bytes | str) -> bool:
        """Tell whether a file makes a client, and not only by entering one that starts its application."""
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        if not any(name.encode() in data for name in self.names):
            return False
        return len(self._made.findall(data)) > len(self._entered.findall(data))

    def starting(self, texts: Iterable[str]) -> bool:
        """Tell whether code of the product may run when an application starts."""
        return any(word in text for text in texts for word in self.starts)

    def fixtures(self, conftests: Mapping[str, FileFacts]) -> set[tuple[str, str]]:
        """Return the fixtures of conftests that may hand out clients, as (folder with a slash, name)."""
        for file in conftests.keys() - self._known.keys():
            self._known[file] = tuple(self._fixtures(file.removesuffix("conftest.py"), conftests[file]))
        every = [each for several in self._known.values() for each in several]
        found = {(each.folder, each.name) for each in every if each.makes}
        while True:
            names = {name for _, name in found}
            more = {(each.folder, each.name) for each in every if not each.asks.isdisjoint(names)} - found
            if not more:
                return found
            found |= more

    def _fixtures(self, folder: str, facts: FileFacts) -> Iterator[_Fixture]:
        """Yield the fixtures of a file; one may make a client, or hand out a variable of the module that is one."""
        imports = (node for node in imports_of(facts) if isinstance(node, flow.ImportFrom))
        wanted = {*self.names, *(node.alias for node in imports if node.name in self.names)}
        wanted |= {
            target.id
            for node in facts.body
            if isinstance(node, flow.Bind) and _names(node.value) & wanted
            for target in node.targets
            if isinstance(target, flow.Name)
        }
        for function in facts.functions:
            if name := fixture_name(function):
                asks = frozenset(param.name for param in function.params)
                yield _Fixture(folder, name, asks, not _names(function.body).isdisjoint(wanted))


class _Fixture(NamedTuple):
    """A fixture: the folder whose tests may use it, what it asks for, and whether it may make a client."""

    folder: str
    name: str
    asks: frozenset[str]
    makes: bool


def _names(root: object) -> set[str]:
    """Return the names and attributes that code mentions."""
    return {flow.last_name(node) for node in flow.nodes(root) if isinstance(node, (flow.Name, flow.Attr))}


def _start_words(tables: Tables) -> Iterator[str]:
    """Yield the words without which no code is registered for the start of an application."""
    for spec in tables.classes.values():
        roles = {**spec.registers, **spec.lists}
        yield from (name for name, role in roles.items() if role in _STARTING)
        for call in spec.methods:
            if call.role in _STARTING or not _STARTING.isdisjoint(call.select.values()):
                yield from call.names


def _any_of(pattern: bytes, names: Iterable[str]) -> re.Pattern[bytes]:
    """Return a pattern with the alternatives ``names`` in its hole."""
    return re.compile(pattern.replace(b"%b", b"|".join(re.escape(n.encode()) for n in sorted(names))), re.MULTILINE)
