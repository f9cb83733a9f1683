"""What names stand for in a test file: its variables, and the fixtures of it and of each ``conftest.py`` above it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple, TypeAlias

from appstate_lint.facts import flow
from appstate_lint.facts.flow import Expr
from appstate_lint.project.symbols import Project, Symbol, blocks, bound_names, statements

MODULE = -1


class Where(NamedTuple):
    """A body of code: the module (``function`` is -1) or a function of a file."""

    file: str
    function: int


def conftests(file: str, known: AbstractSet[str]) -> list[str]:
    """Return the files whose fixtures a test file may use beside its own, the nearest first."""
    folders = file.split("/")[:-1]
    paths = ("/".join([*folders[:end], "conftest.py"]) for end in range(len(folders), -1, -1))
    return [path for path in paths if path in known and path != file]


Bound: TypeAlias = tuple[bool, tuple[Where, Expr] | None]
"""What a name is bound to, if that is known, and whether by entering it."""
Handed: TypeAlias = tuple[Where, Expr]
"""What a fixture hands out, and the code in which that means something."""


def fixture_name(function: flow.Function) -> str:
    """Return the name under which tests ask for a fixture, empty for other functions."""
    for decorator in function.decorators:
        if flow.last_name(called(decorator)) == "fixture":
            given = dict(decorator.keywords).get("name") if isinstance(decorator, flow.Call) else None
            return str(given.value) if isinstance(given, flow.Const) else function.name
    return ""


def called(expr: Expr) -> Expr:
    """Return what is called where an expression is a call, else the expression."""
    while isinstance(expr, (flow.Call, flow.Await)):
        expr = expr.func if isinstance(expr, flow.Call) else expr.value
    return expr


def own(statement: flow.Stmt) -> tuple[object, ...]:
    """Return the parts of a statement without the blocks inside it."""
    inner = set(map(id, blocks(statement)))
    fields = (getattr(statement, field) for field in statement.__struct_fields__)
    return tuple(value for value in fields if id(value) not in inner and not _holds_blocks(statement, value))


def _holds_blocks(statement: flow.Stmt, value: object) -> bool:
    return (isinstance(statement, flow.Try) and value is statement.handlers) or (
        isinstance(statement, flow.Match) and value is statement.cases
    )


class Fixtures:
    """Resolves the names of one test file; ``handed_by`` are fixtures that were read for others."""

    def __init__(self, project: Project, file: str, handed_by: dict[Where, list[Handed]]) -> None:
        self.handed_by = handed_by
        self.project = project
        self.homes = (file, *conftests(file, project.facts.keys()))
        self.tables_of: dict[Where, dict[str, list[Bound]]] = {}

    def resolve(self, where: Where, expr: Expr) -> Symbol | None:
        return self.project.resolve(where.file, expr, self.project.local_names(where.file, where.function))

    def bound(self, where: Where, name: str) -> Bound | None:
        """Return what a name is bound to, once and for all; ``None`` if by an import, a definition or not at all."""
        while True:
            found = self.bindings(where).get(name, [])
            if found:
                return found[0] if len(found) == 1 else (False, None)
            if where.function == MODULE:
                return None
            function = self.project.function(*where)
            if any(param.name == name for param in function.params):
                return False, self.fixture(name, where)
            if name in function.locals:
                return None if name in self.project.local_names(*where) else (False, None)
            where = Where(where.file, function.scope)

    def bindings(self, where: Where) -> dict[str, list[Bound]]:
        """Return what the statements of a body bind to names."""
        known = self.tables_of.get(where)
        if known is not None:
            return known
        known = self.tables_of[where] = {}
        facts = self.project.facts[where.file]
        for statement in statements(facts.body if where.function == MODULE else facts.functions[where.function].body):
            if isinstance(statement, flow.Bind) and len(statement.targets) == 1 and statement.value is not None:
                if isinstance(statement.targets[0], flow.Name):
                    known.setdefault(statement.targets[0].id, []).append((False, (where, statement.value)))
                    continue
            elif isinstance(statement, flow.With):
                for entry, into in statement.entries:
                    if isinstance(into, flow.Name):
                        known.setdefault(into.id, []).append((True, (where, entry)))
                continue
            for name in bound_names(statement):
                known.setdefault(name, []).append((False, None))
        return known

    def fixture(self, name: str, user: Where) -> Handed | None:
        """Return what the fixture of that name hands out to a test of the file, where there is one such expression."""
        itself = fixture_name(self.project.function(*user)) == name
        homes = self.homes[self.homes.index(user.file) + 1 :] if itself else self.homes
        for home in homes:
            found = [i for i, each in enumerate(self.project.facts[home].functions) if fixture_name(each) == name]
            if found:
                where = Where(home, found[0])
                handed = self.handed_by.get(where)
                if handed is None:
                    handed = self.handed_by[where] = list(self.handed(where))
                return handed[0] if len(found) == 1 and len(handed) == 1 else None
            if name in self.project.bindings(home):
                return None
        return None

    def handed(self, where: Where) -> Iterator[Handed]:
        """Yield what a fixture yields or returns."""
        for statement in statements(self.project.function(*where).body):
            if isinstance(statement, flow.Return) and statement.value is not None:
                yield where, statement.value
            for node in flow.nodes(own(statement)):
                if isinstance(node, flow.Yield) and node.value is not None:
                    yield where, node.value
