"""What a test file, and each ``conftest.py`` above it, says around the tests, as far as it speaks of them."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from appstate_lint.facts import flow
from appstate_lint.frameworks import Tables
from appstate_lint.project.fixtures import MODULE, Fixtures, Handed, Where, called
from appstate_lint.project.symbols import Project, statements

MISSES = frozenset({"skip", "skipif", "xfail"})
"""Marks of tests that are not run, or may fail."""


class Nearby(NamedTuple):
    """What a test file and the conftests above it say, as far as it speaks of the tests in the file."""

    named: frozenset[str]
    texts: frozenset[str]
    replaced: frozenset[str]
    entered: frozenset[str]
    given: frozenset[str]


class Surroundings(Fixtures):
    """Reads one test file and what stands around its tests."""

    def __init__(self, project: Project, tables: Tables, file: str, handed_by: dict[Where, list[Handed]]) -> None:
        super().__init__(project, file, handed_by)
        self.tables = tables
        self.starters = tables.starters
        self.overrides = tables.overrides
        self.enterers = frozenset(name for name, call in tables.methods.items() if call.role == "enter")
        self.words = frozenset(name.rpartition(".")[2] for name in tables.clients)

    @cached_property
    def near(self) -> Nearby | None:
        """What is said around the tests, ``None`` where an application may be started."""
        return self.nearby()

    def nearby(self) -> Nearby | None:
        """Return what is said around the tests, ``None`` where an application may be started."""
        named: set[str] = set()
        texts: set[str] = set()
        replaced: set[str] = set()
        entered: set[str] = set()
        given: set[str] = set()
        overriding = False
        for file in self.homes:
            facts = self.project.facts[file]
            if facts.error or self._is_skipped(file) or self._has_unseen_fixtures(file) or self._starts(file):
                return None
            imports = (node for node in flow.nodes(facts.body, facts.functions) if isinstance(node, flow.ImportFrom))
            aliases = {node.alias for node in imports if node.name in self.words}
            for node in flow.nodes(facts.body, facts.functions, facts.classes):
                match node:
                    case flow.Name(id=name) | flow.Attr(name=name):
                        named.add(name)
                        overriding = overriding or name in self.overrides
                    case flow.ImportFrom(name=name):
                        named.add(name)
                    case flow.Const(value=str(text)):
                        parts = text.replace(":", ".").split(".")
                        if all(map(str.isidentifier, parts)):
                            texts.update(parts)
                            replaced.update(parts[1:][-1:])
                    case flow.With(entries=entries):
                        entered.update(flow.last_name(entry) for entry, _ in entries)
                    case flow.Call(func=func, args=args, keywords=keywords):
                        texts.update(name for name, _ in keywords)
                        replaced.update(str(each.value) for each in args[1:2] if isinstance(each, flow.Const))
                        passed = {flow.last_name(each) for each in (*args, *(value for _, value in keywords))}
                        if flow.last_name(func) in self.enterers:
                            entered |= passed
                        elif flow.last_name(func) not in self.words | aliases:
                            given |= passed
        if named & self.starters or named & {"pytest_plugins", "__enter__", "__aenter__"}:
            return None
        replaced |= named if overriding else set()
        return Nearby(
            frozenset(named), frozenset(texts), frozenset(replaced), frozenset(entered - {""}),
            frozenset(given - {""}),
        )  # fmt: skip

    def _is_skipped(self, file: str) -> bool:
        """Tell whether a module marks all its tests as skipped or failing."""
        for statement in self.project.facts[file].body:
            if not isinstance(statement, flow.Bind) or "pytestmark" not in map(flow.last_name, statement.targets):
                continue
            if any(isinstance(node, flow.Attr) and node.name in MISSES for node in flow.nodes(statement)):
                return True
        return False

    def _has_unseen_fixtures(self, file: str) -> bool:
        """Tell whether a file takes all names of a module: there may be fixtures that every test gets."""
        return any(
            isinstance(statement, flow.ImportFrom) and statement.name == "*"
            for statement in self.project.facts[file].body
        )

    def _starts(self, file: str) -> bool:
        """Tell whether a fixture, a set-up method or the module itself enters a client and so starts an application."""
        facts = self.project.facts[file]
        bodies = [(MODULE, facts.body)]
        bodies += [(i, f.body) for i, f in enumerate(facts.functions) if not f.name.startswith("test")]
        for index, body in bodies:
            for statement in statements(body):
                for entry, _ in statement.entries if isinstance(statement, flow.With) else ():
                    symbol = self.resolve(Where(file, index), called(entry))
                    table = self.tables.clients.get(symbol.name) if symbol is not None else None
                    if table is not None and table.starts:
                        return True
        return False
