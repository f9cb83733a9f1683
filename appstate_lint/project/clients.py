"""Requests that tests make with a client whose application was not started.

A test names its client: it makes one, or asks for a fixture that does, in its own file or in a ``conftest.py`` above.
Only what is plain to see counts. A client that is entered, or made elsewhere, an application that other code is
given too, a test that may expect a failure, code nearby that runs a start-up by hand: of these nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import cached_property
from http import HTTPStatus
from typing import Any, NamedTuple, TypeAlias

from appstate_lint.facts import flow
from appstate_lint.facts.flow import Block, Expr
from appstate_lint.frameworks import Client, Tables
from appstate_lint.model import Place
from appstate_lint.project.symbols import Project, Symbol, blocks, bound_names, statements

HOLE = "\0"
"""Stands in a path for what is not written in it."""
MODULE = -1
_MOST_HOPS = 12
_MISSES = frozenset({"skip", "skipif", "xfail"})
_MARKERS = frozenset({"mark", "patch", "object", "dict", "usefixtures", "asyncio", "anyio", "parametrize"})
_FAILING = re.compile(r"raises|suppress|assertRaises|fail", re.IGNORECASE)
_STATUS_NAME = re.compile(r"HTTP_(\d{3})_\w+")
_BAD_REQUEST = 400


class Request(NamedTuple):
    """A request that a test makes.

    ``application`` is the variable or factory of the product that it goes to, ``client`` where the client is made.
    ``succeeds`` tells that the test says so: otherwise it does not care. ``replaced`` are names of functions that code
    nearby may replace, ``named`` those that it mentions, ``texts`` the names in its strings and its keywords.
    """

    place: Place
    function: str
    verb: str
    path: str
    application: Symbol
    client: Place
    succeeds: bool
    replaced: frozenset[str]
    named: frozenset[str]
    texts: frozenset[str]


class Made(NamedTuple):
    """A client, or a transport: what it is made for, where, and the names that it and its application go by."""

    table: Client
    application: Symbol
    place: Place
    names: frozenset[str]


class Where(NamedTuple):
    """A body of code: the module (``function`` is -1) or a function of a file."""

    file: str
    function: int


def requests(project: Project, tables: Tables) -> Iterator[Request]:
    """Yield the requests of the tests of a project that surely reach an application which was not started."""
    handed: dict[Where, list[Handed]] = {}
    for file in sorted(project.tests & project.facts.keys()):
        yield from _Reader(project, tables, file, handed).requests()


def conftests(file: str, known: AbstractSet[str]) -> list[str]:
    """Return the files whose fixtures a test file may use beside its own, the nearest first."""
    folders = file.split("/")[:-1]
    paths = ("/".join([*folders[:end], "conftest.py"]) for end in range(len(folders), -1, -1))
    return [path for path in paths if path in known and path != file]


class _Nearby(NamedTuple):
    """What a test file and the conftests above it say, as far as it speaks of the tests in the file."""

    named: frozenset[str]
    texts: frozenset[str]
    replaced: frozenset[str]
    entered: frozenset[str]
    given: frozenset[str]


Bound: TypeAlias = tuple[bool, tuple[Where, Expr] | None]
"""What a name is bound to, if that is known, and whether by entering it."""


Handed: TypeAlias = tuple[Where, Expr]
"""What a fixture hands out, and the code in which that means something."""


class _Reader:
    """Reads one test file; ``handed_by`` are fixtures that were read for others."""

    def __init__(self, project: Project, tables: Tables, file: str, handed_by: dict[Where, list[Handed]]) -> None:
        self.handed_by = handed_by
        self.project = project
        self.homes = (file, *conftests(file, project.facts.keys()))
        self.tables = tables
        self.starters = tables.starters
        self.overrides = tables.overrides
        self.enterers = frozenset(name for name, call in tables.methods.items() if call.role == "enter")
        self.words = frozenset(name.rpartition(".")[2] for name in tables.clients)
        self.tables_of: dict[Where, dict[str, list[Bound]]] = {}
        self.clients: dict[tuple[Where, str], Made | None] = {}

    @cached_property
    def near(self) -> _Nearby | None:
        """What is said around the tests, ``None`` where an application may be started."""
        return self.nearby()

    def requests(self) -> Iterator[Request]:
        """Yield the requests that the tests of the file make."""
        file = self.homes[0]
        tests = [
            (index, function)
            for index, function in enumerate(self.project.facts[file].functions)
            if function.name.startswith("test") and function.scope < 0 and self.is_plain(file, function)
        ]
        for index, function in tests:
            where = Where(file, index)
            for call, verb, path, owner in self.calls(function.body):
                made = self.client(where, owner, 0)
                if made is None or not made.table.requests:
                    continue
                near = self.near
                if near is None:
                    return
                expected = self.expected(function.body, call)
                if expected is None or made.names & (near.entered | near.given):
                    continue
                text = self.text(where, path)
                if text is None:
                    continue
                yield Request(
                    Place(file, *call.at), function.qualname, verb, text, made.application, made.place, expected,
                    near.replaced, near.named, near.texts,
                )  # fmt: skip

    # ------------------------------------------------------------ tests

    def is_plain(self, file: str, function: flow.Function) -> bool:
        """Tell whether a test is run as it stands: not skipped, not expected to fail, not changed by a decorator."""
        decorators = list(function.decorators)
        if function.owner >= 0:
            cls = self.project.cls(file, function.owner)
            if cls.bases or cls.scope >= 0:
                return False
            decorators.extend(cls.decorators)
        for decorator in decorators:
            names = set(_dotted(decorator.func if isinstance(decorator, flow.Call) else decorator))
            if names & _MISSES or not names & _MARKERS:
                return False
        return True

    def calls(self, body: Block) -> Iterator[tuple[flow.Call, str, Expr, Expr]]:
        """Yield the calls in a test that look like requests and are surely made: with verb, path and client."""
        for statement in body:
            if isinstance(statement, flow.With):
                names = {name for entry, _ in statement.entries for name in _dotted(_function(entry))}
                if any(map(_FAILING.search, names)):
                    continue
                yield from self.looks(tuple(entry for entry, _ in statement.entries))
                yield from self.calls(statement.body)
            elif isinstance(statement, (flow.Do, flow.Bind, flow.Assert)):
                yield from self.looks(statement)

    def looks(self, root: object) -> Iterator[tuple[flow.Call, str, Expr, Expr]]:
        """Yield what looks like a request in an expression that is evaluated as a whole."""
        for node in _evaluated(root):
            if not isinstance(node, flow.Call) or not isinstance(node.func, flow.Attr):
                continue
            name, arguments = node.func.name, list(node.args)
            for client in self.tables.clients.values():
                if name in client.requests or name in client.conversations:
                    verb = client.conversations.get(name, name.upper())
                    path = arguments[0] if arguments else dict(node.keywords).get("url")
                elif name == client.any_request and len(arguments) > 1 and isinstance(arguments[0], flow.Const):
                    verb, path = str(arguments[0].value).upper(), arguments[1]
                else:
                    continue
                if path is not None:
                    yield node, verb, path, node.func.value
                break

    def expected(self, body: Block, call: flow.Call) -> bool | None:
        """Tell whether a test says that a request succeeds; ``None`` if it may fail, as far as it says."""
        holding = [
            statement.targets[0].id
            for statement in statements(body)
            if isinstance(statement, flow.Bind) and len(statement.targets) == 1
            and isinstance(statement.targets[0], flow.Name) and statement.value is not None
            and any(node is call for node in flow.nodes(statement.value))
        ]  # fmt: skip
        name = holding[0] if holding else ""
        later = sorted(
            target.at[0]
            for statement in statements(body)
            if isinstance(statement, flow.Bind)
            for target in statement.targets
            if isinstance(target, flow.Name) and target.id == name and target.at[0] > call.at[0]
        )
        end = later[0] if later else None
        verdict = False
        for statement in statements(body):
            for node in flow.nodes(_own(statement)):
                if isinstance(node, flow.Attr) and node.at[0] >= call.at[0] and (end is None or node.at[0] <= end):
                    of_it = node.value == call or (
                        isinstance(node.value, flow.Name) and node.value.id == name
                        and (end is None or node.at[0] < end)
                    )  # fmt: skip
                    if of_it and node.name in _STATUS:
                        said = _says(statement, node)
                        if said is None:
                            return None
                        verdict = verdict or said
        return verdict

    # ------------------------------------------------------------ clients

    def client(self, where: Where, expr: Expr, hops: int) -> Made | None:
        """Return the client that an expression is, ``None`` if that is not known or its application is started."""
        if hops > _MOST_HOPS:
            return None
        while isinstance(expr, flow.Await):
            expr = expr.value
        if isinstance(expr, flow.Call):
            return self.constructed(where, expr, hops)
        if not isinstance(expr, flow.Name):
            return None
        key = (where, expr.id)
        if key not in self.clients:
            self.clients[key] = self.named(where, expr.id, hops)
        return self.clients[key]

    def named(self, where: Where, name: str, hops: int) -> Made | None:
        """Return the client that a name stands for."""
        entered, found = self.bound(where, name) or (False, None)
        made = self.client(*found, hops + 1) if found is not None else None
        if made is None or (entered and made.table.starts):
            return None
        return made._replace(names=made.names | {name})

    def constructed(self, where: Where, call: flow.Call, hops: int) -> Made | None:
        """Return the client that a call makes."""
        symbol = self.resolve(where, call.func)
        table = self.tables.clients.get(symbol.name) if symbol is not None and symbol.kind == "external" else None
        if table is None or any(isinstance(each, flow.Star) for each in call.args):
            return None
        given = {**dict(zip(table.arguments, call.args, strict=False)), **dict(call.keywords)}
        if "" in given or (table.hides in given and given[table.hides] != flow.Const(True)):
            return None
        if table.transport and table.transport in given:
            inner = self.client(where, given[table.transport], hops + 1)
            if inner is None or inner.table.requests:
                return None
            return inner._replace(table=table, place=Place(where.file, *call.at))
        names: set[str] = set()
        application = self.application(where, given[table.application], hops, names) if (
            table.application in given
        ) else None  # fmt: skip
        if application is None:
            return None
        return Made(table, application, Place(where.file, *call.at), frozenset(names))

    def application(self, where: Where, expr: Expr, hops: int, names: set[str]) -> Symbol | None:
        """Return the product's variable or factory that an application comes from; ``names`` collects its names."""
        if hops > _MOST_HOPS:
            return None
        if isinstance(expr, flow.Call) and not expr.args and not expr.keywords:
            symbol = self.resolve(where, expr.func)
            return symbol if symbol is not None and symbol.kind == "function" and self.is_product(symbol) else None
        if isinstance(expr, (flow.Name, flow.Attr)):
            names.add(flow.last_name(expr))
        if isinstance(expr, flow.Name):
            bound = self.bound(where, expr.id)
            if bound is not None:
                entered, found = bound
                return self.application(*found, hops + 1, names) if found is not None and not entered else None
        symbol = self.resolve(where, expr) if isinstance(expr, (flow.Name, flow.Attr)) else None
        return symbol if symbol is not None and symbol.kind == "variable" and self.is_product(symbol) else None

    def is_product(self, symbol: Symbol) -> bool:
        return symbol.file not in self.project.tests and symbol.file in self.project.facts

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
            for node in flow.nodes(_own(statement)):
                if isinstance(node, flow.Yield) and node.value is not None:
                    yield where, node.value

    # ------------------------------------------------------------ what is said nearby

    def nearby(self) -> _Nearby | None:
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
        return _Nearby(
            frozenset(named), frozenset(texts), frozenset(replaced), frozenset(entered - {""}),
            frozenset(given - {""}),
        )  # fmt: skip

    def _is_skipped(self, file: str) -> bool:
        """Tell whether a module marks all its tests as skipped or failing."""
        for statement in self.project.facts[file].body:
            if not isinstance(statement, flow.Bind) or "pytestmark" not in map(flow.last_name, statement.targets):
                continue
            if any(isinstance(node, flow.Attr) and node.name in _MISSES for node in flow.nodes(statement)):
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
                    symbol = self.resolve(Where(file, index), _function(entry))
                    table = self.tables.clients.get(symbol.name) if symbol is not None else None
                    if table is not None and table.starts:
                        return True
        return False

    # ------------------------------------------------------------ paths

    def text(self, where: Where, expr: Expr) -> str | None:
        """Return a path with holes for what is not written in it, ``None`` where it does not begin with a slash."""
        found = self.fold(where, expr, 0).partition("?")[0].partition("#")[0]
        if "://" in found:
            found = "/" + found.partition("://")[2].partition("/")[2]
        return found if found.startswith("/") else None

    def fold(self, where: Where, expr: Expr, hops: int) -> str:
        """Return the text of an expression, with holes."""
        if hops > _MOST_HOPS:
            return HOLE
        match expr:
            case flow.Const(value=str(text)):
                return text
            case flow.Const(value=int(number)):
                return str(number)
            case flow.Text(parts=parts):
                inner = (part.parts[0] if isinstance(part, flow.Opaque) and part.parts else part for part in parts)
                return "".join(self.fold(where, part, hops + 1) for part in inner)
            case flow.Binary(op="+", left=left, right=right):
                return self.fold(where, left, hops + 1) + self.fold(where, right, hops + 1)
            case flow.Name(id=name):
                bound = self.bound(where, name)
                if bound is not None and bound[1] is not None:
                    return self.fold(*bound[1], hops + 1)
        return HOLE


_STATUS = frozenset({"status_code", "is_success", "is_error", "is_client_error", "is_server_error", "raise_for_status"})
_ASSERTING = frozenset({"assertEqual", "assertEquals"})


def _says(statement: flow.Stmt, status: flow.Attr) -> bool | None:
    """Tell whether a statement says that a status is one of success; ``None`` where it says something else."""
    if status.name == "raise_for_status":
        return True
    if status.name == "is_success" and isinstance(statement, flow.Assert) and statement.test == status:
        return True
    parts: list[Expr] = [statement.test] if isinstance(statement, flow.Assert) else []
    while any(isinstance(each, flow.Bool) and each.op == "and" for each in parts):
        parts = [p for each in parts for p in (each.values if isinstance(each, flow.Bool) else (each,))]
    for part in parts:
        if isinstance(part, flow.Compare) and status in (part.left, part.right):
            other = part.right if part.left == status else part.left
            codes = other.items if isinstance(other, flow.Sequence) else (other,)
            if part.op in ("==", "in") and all(0 < _code(each) < _BAD_REQUEST for each in codes):
                return True
    if isinstance(statement, flow.Do) and isinstance(statement.value, flow.Call):
        call = statement.value
        said = flow.last_name(call.func) in _ASSERTING and status in call.args
        if said and all(each == status or 0 < _code(each) < _BAD_REQUEST for each in call.args[:2]):
            return True
    return None


def _code(expr: Expr) -> int:
    """Return the status code that an expression says, 0 if it says none."""
    if isinstance(expr, flow.Const):
        return expr.value if isinstance(expr.value, int) else 0
    name = flow.last_name(expr)
    if name in HTTPStatus.__members__:
        return int(HTTPStatus[name])
    named = _STATUS_NAME.fullmatch(name)
    return int(named[1]) if named else 0


def fixture_name(function: flow.Function) -> str:
    """Return the name under which tests ask for a fixture, empty for other functions."""
    for decorator in function.decorators:
        if flow.last_name(_function(decorator)) == "fixture":
            given = dict(decorator.keywords).get("name") if isinstance(decorator, flow.Call) else None
            return str(given.value) if isinstance(given, flow.Const) else function.name
    return ""


def _function(expr: Expr) -> Expr:
    """Return what is called where an expression is a call, else the expression."""
    while isinstance(expr, (flow.Call, flow.Await)):
        expr = expr.func if isinstance(expr, flow.Call) else expr.value
    return expr


def _dotted(expr: Expr) -> Iterator[str]:
    """Yield the names of a dotted expression."""
    while isinstance(expr, flow.Attr):
        yield expr.name
        expr = expr.value
    if isinstance(expr, flow.Name):
        yield expr.id


def _own(statement: flow.Stmt) -> tuple[object, ...]:
    """Return the parts of a statement without the blocks inside it."""
    inner = set(map(id, blocks(statement)))
    fields = (getattr(statement, field) for field in statement.__struct_fields__)
    return tuple(value for value in fields if id(value) not in inner and not _holds_blocks(statement, value))


def _holds_blocks(statement: flow.Stmt, value: object) -> bool:
    return (isinstance(statement, flow.Try) and value is statement.handlers) or (
        isinstance(statement, flow.Match) and value is statement.cases
    )


def _evaluated(root: object) -> Iterator[flow.Record]:
    """Yield the parts of an expression that are surely evaluated: no branches of conditions, no lambdas."""
    stack = [root]
    while stack:
        node: Any = stack.pop()
        kind = type(node)
        if kind is tuple:
            stack.extend(node)
        elif kind is flow.Bool:
            stack.append(node.values[0])
        elif kind is flow.IfElse:
            stack.append(node.test)
        elif kind in flow.INNER and kind not in (flow.Lambda, flow.Comprehension):
            yield node
            stack.extend(flow.INNER[kind](node))
