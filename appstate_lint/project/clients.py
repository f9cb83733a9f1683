"""Requests that tests make with a client whose application was not started.

A test names its client: it makes one, or asks for a fixture that does, in its own file or in a ``conftest.py`` above.
Only what is plain to see counts. A client that is entered, or made elsewhere, an application that other code is
given too, a test that may expect a failure, code nearby that runs a start-up by hand: of these nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from appstate_lint.facts import flow
from appstate_lint.facts.flow import Block, Expr
from appstate_lint.frameworks import Client, Tables
from appstate_lint.model import Place
from appstate_lint.project.expectations import expected
from appstate_lint.project.fixtures import Handed, Where, called
from appstate_lint.project.surroundings import MISSES, Surroundings
from appstate_lint.project.symbols import Project, Symbol

HOLE = "\0"
"""Stands in a path for what is not written in it."""
_MOST_HOPS = 12
_MARKERS = frozenset({"mark", "patch", "object", "dict", "usefixtures", "asyncio", "anyio", "parametrize"})
_FAILING = re.compile(r"raises|suppress|assertRaises|fail", re.IGNORECASE)


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


def requests(project: Project, tables: Tables) -> Iterator[Request]:
    """Yield the requests of the tests of a project that surely reach an application which was not started."""
    handed: dict[Where, list[Handed]] = {}
    for file in sorted(project.tests & project.facts.keys()):
        yield from _Reader(project, tables, file, handed).requests()


class _Reader(Surroundings):
    """Reads the requests of one test file; ``handed_by`` are fixtures that were read for others."""

    def __init__(self, project: Project, tables: Tables, file: str, handed_by: dict[Where, list[Handed]]) -> None:
        super().__init__(project, tables, file, handed_by)
        self.clients: dict[tuple[Where, str], Made | None] = {}

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
                succeeds = expected(function.body, call)
                if succeeds is None or made.names & (near.entered | near.given):
                    continue
                text = self.text(where, path)
                if text is None:
                    continue
                yield Request(
                    Place(file, *call.at), function.qualname, verb, text, made.application, made.place, succeeds,
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
            if names & MISSES or not names & _MARKERS:
                return False
        return True

    def calls(self, body: Block) -> Iterator[tuple[flow.Call, str, Expr, Expr]]:
        """Yield the calls in a test that look like requests and are surely made: with verb, path and client."""
        for statement in body:
            if isinstance(statement, flow.With):
                names = {name for entry, _ in statement.entries for name in _dotted(called(entry))}
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


def _dotted(expr: Expr) -> Iterator[str]:
    """Yield the names of a dotted expression."""
    while isinstance(expr, flow.Attr):
        yield expr.name
        expr = expr.value
    if isinstance(expr, flow.Name):
        yield expr.id


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
