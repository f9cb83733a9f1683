"""Where applications are made, and by whom: one application for each launcher that ends up with one (DESIGN 5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from appstate_lint.facts import flow
from appstate_lint.facts.flow import Block, Expr
from appstate_lint.frameworks import Tables
from appstate_lint.project.symbols import Project, Symbol, blocks

MODULE = -1


class Root(NamedTuple):
    """A module body (``function`` is -1) or function from which an application's life starts.

    ``main`` tells that the module runs as a script.
    """

    file: str
    function: int
    main: bool = False


def calls(block: Block) -> Iterator[flow.Call]:
    """Yield every call in ``block`` and the blocks inside it, functions and classes not entered."""
    stack: list[Any] = list(block)
    pop, extend, inner_of = stack.pop, stack.extend, flow.INNER.get
    while stack:
        node = pop()
        kind = type(node)
        if kind is tuple:
            extend(node)
        elif kind is not flow.Name and (inner := inner_of(kind)) is not None:  # a third are names, with nothing inside
            if kind is flow.Call:
                yield node
            extend(inner(node))


class Launchers(NamedTuple):
    """``tops``: where construction of an application, followed upwards, begins; ``makers``: where one is made."""

    tops: list[Root]
    makers: list[Root]
    callers: dict[tuple[str, int], set[Root]]

    @property
    def factories(self) -> frozenset[tuple[str, int]]:
        """The functions that make an application, themselves or by calling one that does."""
        found: set[tuple[str, int]] = set()
        waiting = list(self.makers)
        while waiting:
            root = waiting.pop()
            place = (root.file, root.function)
            if root.function != MODULE and place not in found:
                found.add(place)
                waiting.extend(self.callers.get(place, ()))
        return frozenset(found)


MOST_ANCESTORS = 6


def roots(project: Project, tables: Tables) -> Launchers:
    """Return the launchers of a project."""
    scan = _Scan(project, tables)
    makers, callers = scan.makers, scan.callers
    for finisher in finishers(project, tables, {maker.file for maker in makers if maker.function == MODULE}):
        above = {each for each in callers.get((finisher.file, finisher.function), ()) if each.file != finisher.file}
        if above:  # the module alone is not what runs
            makers = [each for each in makers if each != Root(finisher.file, MODULE)] + [finisher]
    tops = {top for maker in makers for top in _tops(maker, callers)}
    for root in list(tops):
        if root.function == MODULE and any(is_main(statement) for statement in project.facts[root.file].body):
            tops.add(Root(root.file, MODULE, True))
    return Launchers(sorted(tops), sorted(set(makers)), callers)


def ancestors(maker: Root, callers: dict[tuple[str, int], set[Root]]) -> list[Root]:
    """Return the functions from which ``maker`` is called, the farthest of the nearest few first."""
    found: list[Root] = []
    layer = [maker]
    seen = {maker}
    while layer and len(found) < MOST_ANCESTORS:
        above = {each for root in layer for each in callers.get((root.file, root.function), ())} - seen
        layer = sorted(each for each in above if each.function != MODULE)
        seen |= set(layer)
        found.extend(layer)
    return found[:MOST_ANCESTORS][::-1]


class _Body:
    """A module body or function, and what its names mean."""

    def __init__(self, project: Project, file: str, caller: Root, scope: int) -> None:
        self.project = project
        self.file = file
        self.caller = caller
        self.local = project.local_names(file, scope) if scope >= 0 else {}

    @cached_property
    def mentioned(self) -> set[str]:
        """The names that the code can mention."""
        return set(self.project.bindings(self.file)) | set(self.local)


class _Scan:
    """Finds who makes or serves an application, and who calls each function of the project."""

    def __init__(self, project: Project, tables: Tables) -> None:
        self.project = project
        self.tables = tables
        self.makers: list[Root] = []
        self.callers: dict[tuple[str, int], set[Root]] = {}
        self.by_name: dict[str, list[tuple[str, int]]] = {}
        self.classes: dict[Symbol, tuple[bool, tuple[tuple[str, int], ...]]] = {}
        self.class_methods: set[str] = set()
        product = [file for file in project.facts if file not in project.tests]
        for file in product:
            for index, function in enumerate(project.facts[file].functions):
                self.by_name.setdefault(function.name, []).append((file, index))
                if flow.has_decorator(function, "classmethod"):
                    self.class_methods.add(function.name)
        for file in product:
            for caller, block, scope in _bodies(project, file):
                body = _Body(project, file, caller, scope)
                for call in calls(block):
                    for target in self.targets(body, call):
                        self.callers.setdefault(target, set()).add(caller)

    def targets(self, body: _Body, call: flow.Call) -> Iterator[tuple[str, int]]:
        """Yield the functions that a call runs; note its caller if it makes or serves an application."""
        name = flow.last_name(call.func)
        symbol = self.project.resolve(body.file, call.func, body.local)
        if name in self.tables.spawners:
            yield from _given(self.project, body.file, call, body.local)
        if name in self.class_methods:
            yield from _made_by(self.project, body.file, call.func, body.local)
        if symbol is None or symbol.kind in ("missing", "variable"):
            if isinstance(call.func, flow.Attr):
                yield from self.namesakes(body, call.func.name)
        elif symbol.kind == "function":
            yield symbol.file, symbol.index
        elif symbol.kind == "class":
            yield from self.constructors(body, symbol)
        elif symbol.kind == "external":
            yield from self.served(body, symbol.name, call)

    def namesakes(self, body: _Body, name: str) -> Iterator[tuple[str, int]]:
        """Yield the methods of a name whose class the code can know."""
        for target in self.by_name.get(name, ()):
            owner = self.project.function(*target).owner
            if owner >= 0 and _is_known(self.project, body.file, body.local, target[0], owner, body.mentioned):
                yield target

    def constructors(self, body: _Body, symbol: Symbol) -> Iterator[tuple[str, int]]:
        """Yield what runs where an instance of a class is made."""
        known = self.classes.get(symbol)
        if known is None:
            is_application = _is_kind(self.project, self.tables, symbol, "application")
            known = self.classes[symbol] = (is_application, tuple(_constructors(self.project, symbol)))
        if known[0]:
            self.makers.append(body.caller)
        yield from known[1]

    def served(self, body: _Body, name: str, call: flow.Call) -> Iterator[tuple[str, int]]:
        """Yield the factories that a call from outside the project is given to serve."""
        spec, table = self.tables.classes.get(name), self.tables.functions.get(name)
        if spec is not None and spec.kind == "application":
            self.makers.append(body.caller)
        if table is not None and table.role == "serve":
            self.makers.append(body.caller)
            yield from _served(self.project, body.file, call)


def _made_by(project: Project, file: str, func: Expr, local: Mapping[str, Symbol]) -> Iterator[tuple[str, int]]:
    """Yield the class method that a call means, if it makes an instance of its class, and the constructors of that."""
    owner = project.resolve(file, func.value, local) if isinstance(func, flow.Attr) else None
    if owner is None or owner.kind != "class" or not isinstance(func, flow.Attr):
        return
    bases = [base for base in project.mro(owner.file, owner.index) if base.kind == "class"]
    found = ((base.file, project.methods(base.file, base.index).get(func.name)) for base in bases)
    home, index = next(((home, index) for home, index in found if index is not None), ("", -1))
    if index >= 0 and _makes_its_class(project.function(home, index)):
        yield (home, index)
        yield from _constructors(project, owner)


def _makes_its_class(function: flow.Function) -> bool:
    """Tell whether a function is a class method that calls its class, or gives it to a call."""
    if not flow.has_decorator(function, "classmethod") or not function.params:
        return False
    calls = (each for each in flow.nodes(function.body) if isinstance(each, flow.Call))
    given = (each for call in calls for each in (call.func, *call.args))
    return any(isinstance(each, flow.Name) and each.id == function.params[0].name for each in given)


def _given(project: Project, file: str, call: flow.Call, local: Mapping[str, Symbol]) -> Iterator[tuple[str, int]]:
    """Yield the functions that a call is given by name."""
    for arg in (*call.args, *(value for _, value in call.keywords)):
        symbol = project.resolve(file, arg, local) if isinstance(arg, flow.Name) else None
        if symbol is not None and symbol.kind == "function":
            yield (symbol.file, symbol.index)


def finishers(project: Project, tables: Tables, files: Iterable[str]) -> Iterator[Root]:
    """Yield the functions that return an application which their module makes: calling them finishes it."""
    for file in sorted(files):
        facts = project.facts[file]
        made = {
            target.id
            for statement in facts.body
            if isinstance(statement, flow.Bind) and isinstance(statement.value, flow.Call)
            if makes(project, tables, file, statement.value, "application")
            for target in statement.targets
            if isinstance(target, flow.Name)
        }
        for index, function in enumerate(facts.functions) if made else ():
            returned = {
                each.value.id
                for each in flow.nodes(function.body)
                if isinstance(each, flow.Return) and isinstance(each.value, flow.Name)
            }
            if function.scope < 0 and function.owner < 0 and returned & made:
                yield Root(file, index)


def makes(project: Project, tables: Tables, file: str, call: flow.Call, kind: str) -> bool:
    """Tell whether a call at module level makes an object of a ``kind`` of the tables, as ``application``."""
    symbol = project.resolve(file, call.func)
    if symbol is None or symbol.kind not in ("class", "external"):
        return False
    if symbol.kind == "class":
        return _is_kind(project, tables, symbol, kind)
    spec = tables.classes.get(symbol.name)
    return spec is not None and spec.kind == kind


def _is_known(
    project: Project, file: str, local: Mapping[str, Symbol], home: str, cls: int, mentioned: set[str]
) -> bool:
    """Tell whether code in ``file`` has that very class under its name."""
    name = project.cls(home, cls).name
    if name not in mentioned:
        return False
    symbol = local.get(name) or project.lookup(file, name)
    return symbol is not None and (symbol.kind, symbol.file, symbol.index) == ("class", home, cls)


def _constructors(project: Project, symbol: Symbol) -> Iterator[tuple[str, int]]:
    """Yield the ``__init__`` methods that making an instance may run: of the class and of its bases."""
    for base in project.mro(symbol.file, symbol.index):
        if base.kind == "class":
            init = project.methods(base.file, base.index).get("__init__")
            if init is not None:
                yield (base.file, init)


def _served(project: Project, file: str, call: flow.Call) -> Iterator[tuple[str, int]]:
    """Yield the factories that a server call names by string or passes."""
    for arg in (*call.args, *(value for _, value in call.keywords)):
        if isinstance(arg, flow.Const) and isinstance(arg.value, str) and ":" in arg.value:
            module, _, name = arg.value.partition(":")
            symbol = project.module(file, module)
            if symbol.kind == "module" and name.isidentifier():
                target = project.attribute(symbol, name)
                if target.kind == "function":
                    yield (target.file, target.index)


def _bodies(project: Project, file: str) -> Iterator[tuple[Root, Block, int]]:
    """Yield each body of code in a file with who runs it: the module, a function, or the class body's module."""
    facts = project.facts[file]
    plain, main = _split_main(facts.body)
    yield Root(file, MODULE), plain, -1
    if main:
        yield Root(file, MODULE, True), main, -1
    for cls in facts.classes:
        yield Root(file, cls.scope if cls.scope >= 0 else MODULE), cls.body, cls.scope
    for index, function in enumerate(facts.functions):
        yield Root(file, _outermost(project, file, index)), function.body, index


def _outermost(project: Project, file: str, index: int) -> int:
    """Return the function that a nested function is made in: that one runs first."""
    while True:
        scope = project.function(file, index).scope
        if scope < 0:
            return index
        index = scope


def around(project: Project, root: Root) -> Iterator[int]:
    """Yield the function of a root, and those that are made in it, however deep; or the module."""
    if root.function == MODULE:
        yield MODULE
        return
    functions = range(len(project.facts[root.file].functions))
    yield from (index for index in functions if _outermost(project, root.file, index) == root.function)


def _split_main(body: Block) -> tuple[Block, Block]:
    """Return a module body without its ``if __name__ == "__main__"`` blocks, and those blocks."""
    plain = tuple(statement for statement in body if not is_main(statement))
    main = tuple(inner for statement in body if is_main(statement) for part in blocks(statement) for inner in part)
    return plain, main


def is_main(statement: flow.Stmt) -> bool:
    """Tell whether a statement is ``if __name__ == "__main__"``."""
    return (
        isinstance(statement, flow.If)
        and isinstance(statement.test, flow.Compare)
        and isinstance(statement.test.left, flow.Name)
        and statement.test.left.id == "__name__"
    )


def _is_kind(project: Project, tables: Tables, symbol: Symbol, kind: str) -> bool:
    specs = map(tables.classes.get, project.class_names(symbol.file, symbol.index))
    return any(spec is not None and spec.kind == kind for spec in specs)


def _tops(maker: Root, callers: dict[tuple[str, int], set[Root]]) -> set[Root]:
    """Return the bodies of code from which ``maker`` is called in the end."""
    tops: set[Root] = set()
    seen = {maker}
    waiting = [maker]
    while waiting:
        root = waiting.pop()
        above = callers.get((root.file, root.function), set()) if root.function != MODULE else set()
        above = {each for each in above if (each.file, each.function) != (root.file, root.function)}
        if not above:
            tops.add(root)
        for each in above - seen:
            seen.add(each)
            waiting.append(each)
    return tops or {maker}
