"""What an expression means, wherever it stands: modules, classes and their instances, and the members of both.

A name is looked up as Python does: in the function and those around it, in the class whose body this is, in the
module. What a local name is bound to more than once, or by a caller, is not known, and nothing is said of it; imports
of the same thing are one binding, and ``None`` is none.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import NamedTuple, TypeAlias

from appstate_lint.facts import flow
from appstate_lint.facts.flow import Block, Expr
from appstate_lint.project.launchers import MODULE
from appstate_lint.project.symbols import Project, Symbol, bound_names, statements

MOST_STEPS = 30
_IMPORTERS = frozenset({"import_module", "__import__"})
_IMPORTS = (flow.Import, flow.ImportFrom)
_NOTHING = flow.Const(None)
"""What stands in for a name that is bound elsewhere."""


class Definition(NamedTuple):
    """A function, class, method or variable of the project: its file and qualified name.

    Of what is defined nowhere, the file is empty and the name dotted, where even its module is missing.
    """

    file: str
    name: str

    @property
    def last(self) -> str:
        """The name itself, without what it is in."""
        return self.name.rpartition(".")[2]


class Meaning(NamedTuple):
    """What an expression means.

    ``kind`` is ``module`` (``file``), ``package`` or ``external`` (``name`` is dotted), ``class`` or ``instance`` (of a
    class of the project, whose ``index`` this is), ``member`` (what a module or class defines, and nothing further is
    known of) or ``missing`` (a module or class of the project has no such member).
    """

    kind: str
    file: str = ""
    name: str = ""
    number: int = -1

    @property
    def definition(self) -> Definition:
        """What is meant, as the key of a table."""
        return Definition(self.file if self.kind not in ("external", "package") else "", self.name)


class Scope(NamedTuple):
    """Where an expression stands: file, function and class (-1 outside), and names that a comprehension binds.

    ``signature`` is the function in whose parameters or decorators it stands, outside of which names are looked up.
    """

    file: str
    function: int = MODULE
    cls: int = -1
    hidden: frozenset[str] = frozenset()
    signature: int = -1


_Bound: TypeAlias = Meaning | flow.Import | flow.ImportFrom | Expr | None


class Meanings:
    """Answers what expressions mean in a project.

    ``stops`` are definitions that count as themselves even where they are only another name for something else.
    """

    def __init__(self, project: Project, stops: Container[Definition] = frozenset()) -> None:
        self.project = project
        self.stops = stops
        self._locals: dict[tuple[str, int], dict[str, _Bound]] = {}
        self._variables: dict[str, dict[str, list[Expr | None]]] = {}
        self._members: dict[tuple[str, int], dict[str, Expr | None]] = {}

    # ------------------------------------------------------------ expressions

    def of(self, expr: Expr, scope: Scope, steps: int = 0) -> Meaning | None:
        """Return what ``expr`` means in ``scope``, ``None`` if that is not known."""
        if steps > MOST_STEPS:
            return None
        match expr:
            case flow.Name(id=name):
                return self.name(name, scope, steps + 1)
            case flow.Attr(value=value, name=name):
                owner = self.of(value, scope, steps + 1)
                return self.attribute(owner, name, steps + 1) if owner is not None else None
            case flow.Await(value=value) | flow.Walrus(value=value):
                return self.of(value, scope, steps + 1)
            case flow.Item(value=value, index=flow.Const(value=str(name))):
                owner = self._table(value, scope, steps + 1)
                return self.attribute(owner, name, steps + 1) if owner is not None else None
            case flow.Item(value=value):
                found = self.of(value, scope, steps + 1)  # X[T] is X
                return found if found is not None and found.kind == "class" else None
            case flow.Call():
                return self._call(expr, scope, steps + 1)
        return None

    def _table(self, expr: Expr, scope: Scope, steps: int) -> Meaning | None:
        """Return what has the items of a table as its attributes: ``vars(x)``, ``x.__dict__``, ``sys.modules``."""
        match expr:
            case flow.Call(func=flow.Name(id="globals"), args=()):
                return Meaning("module", scope.file)
            case flow.Call(func=flow.Name(id="vars"), args=(value,)):
                return self.of(value, scope, steps)
            case flow.Attr(value=value, name="__dict__"):
                return self.of(value, scope, steps)
            case flow.Attr(value=flow.Name(id="sys"), name="modules"):
                return Meaning("package", scope.file)
        return None

    def _call(self, call: flow.Call, scope: Scope, steps: int) -> Meaning | None:
        """Return what a call gives: a module that is imported by name, an attribute by name, an instance."""
        name = flow.last_name(call.func)
        if name in _IMPORTERS and call.args and isinstance(call.args[0], flow.Const):
            whole = (
                name == "import_module" or len(call.args) > 3 or any(word == "fromlist" for word, _ in call.keywords)
            )
            return self._imported(str(call.args[0].value), scope, whole=whole)
        if name == "getattr" and len(call.args) >= 2 and isinstance(call.args[1], flow.Const):
            owner = self.of(call.args[0], scope, steps)
            return self.attribute(owner, str(call.args[1].value), steps) if owner is not None else None
        if name == "cast" and len(call.args) == 2:
            return self.of(call.args[1], scope, steps)
        made = self.of(call.func, scope, steps)
        if made is not None and made.kind == "class" and made.definition not in self.stops:
            return made._replace(kind="instance")
        return None

    def _imported(self, name: str, scope: Scope, *, whole: bool) -> Meaning | None:
        """Return the module that ``import_module(name)`` gives; not ``whole``, the first of the dotted name."""
        if not name.strip("."):
            return None
        if name.startswith("."):
            level = len(name) - len(name.lstrip("."))
            return self.symbol(
                self.project.source_of(scope.file, flow.ImportFrom(name[level:], level, "", "", (0, 0, 0, 0)))
            )
        return self.symbol(self.project.module(scope.file, name if whole else name.partition(".")[0]))

    # ------------------------------------------------------------ names

    def name(self, name: str, scope: Scope, steps: int = 0) -> Meaning | None:
        """Return what a bare name means in ``scope``."""
        if name in scope.hidden:
            return None
        function = scope.function
        if scope.cls >= 0:
            members = self.members(scope.file, scope.cls)
            if name in members:
                cls = self.project.cls(scope.file, scope.cls)
                return Meaning("member", scope.file, f"{cls.qualname}.{name}")
        while function >= 0:
            facts = self.project.function(scope.file, function)
            if name in facts.locals:
                bound = self.bound(scope.file, function).get(name)
                return self._bound(bound, Scope(scope.file, function), steps)
            function = facts.scope
        return self.global_name(scope.file, name, steps)

    def _bound(self, bound: _Bound, scope: Scope, steps: int) -> Meaning | None:
        """Return what a local name means; a second name for what is looked for is not followed."""
        if bound is None or isinstance(bound, Meaning):
            return bound
        if isinstance(bound, (flow.Import, flow.ImportFrom)):
            return self.imported(scope.file, bound)
        found = self.of(bound, scope, steps + 1)
        return None if found is not None and found.definition in self.stops else found

    def global_name(self, file: str, name: str, steps: int = 0) -> Meaning | None:
        """Return what a name of a module means, ``None`` if the module does not bind it."""
        if file not in self.project.facts:
            return None
        if Definition(file, name) in self.stops and name in self.project.bindings(file):
            bound = self.project.bindings(file)[name]
            if isinstance(bound, Symbol) and bound.kind not in ("class", "module"):
                return Meaning("member", file, name)
        symbol = self.project.lookup(file, name)
        return self.symbol(symbol, steps) if symbol is not None else None

    def imported(self, file: str, statement: flow.Import | flow.ImportFrom) -> Meaning | None:
        """Return what an import statement binds."""
        if isinstance(statement, flow.ImportFrom) and statement.name != "*":
            source = self.symbol(self.project.source_of(file, statement))
            return self.attribute(source, statement.name) if source is not None else None
        return self.symbol(self.project.imported(file, statement))

    def symbol(self, symbol: Symbol, steps: int = 0) -> Meaning | None:
        """Return the meaning of a symbol; a variable that is another name for something is followed."""
        if steps > MOST_STEPS:
            return None
        match symbol.kind:
            case "function":
                return Meaning("member", symbol.file, self.project.function(symbol.file, symbol.index).qualname)
            case "class":
                cls = self.project.cls(symbol.file, symbol.index)
                return Meaning("class", symbol.file, cls.qualname, symbol.index)
            case "variable":
                return self._variable(symbol.file, symbol.name, steps)
        return Meaning(symbol.kind, symbol.file, symbol.name)

    def _variable(self, file: str, name: str, steps: int) -> Meaning:
        member = Meaning("member", file, name)
        if member.definition in self.stops:
            return member
        values = self.values(file, name)
        if len(values) != 1 or values[0] is None:
            return member
        found = self.of(values[0], Scope(file), steps + 1)
        return found if found is not None and found.kind != "missing" else member

    def values(self, file: str, name: str) -> list[Expr | None]:
        """Return what a module assigns to one of its variables, ``None`` for what is no plain assignment."""
        known = self._variables.get(file)
        if known is None:
            known = self._variables[file] = {}
            facts = self.project.facts[file]
            for statement in statements(facts.body):
                plain = _plain(statement)
                for each in bound_names(statement):
                    known.setdefault(each, []).append(plain)
            for function in facts.functions:
                for statement in statements(function.body):
                    if isinstance(statement, flow.Outer) and statement.kind == "global":
                        for each in statement.names:
                            known.setdefault(each, []).append(None)
        return known.get(name, [])

    # ------------------------------------------------------------ attributes

    def attribute(self, owner: Meaning, name: str, steps: int = 0) -> Meaning | None:
        """Return what ``owner.name`` means."""
        match owner.kind:
            case "module":
                if owner.file not in self.project.facts:
                    return None
                found = self.global_name(owner.file, name, steps)
                if found is not None and found.kind != "missing":
                    return found
                if found is not None and self.project.has_unseen_names(found.file):
                    return None
                inner = self.project.submodule(owner.file, name)
                if inner is not None:
                    return Meaning("module", inner)
                if found is None and self.project.has_unseen_names(owner.file):
                    return None
                return found or Meaning("missing", owner.file, name)
            case "package":
                dotted = f"{owner.name}.{name}".strip(".")
                return self.symbol(self.project.module(owner.file, dotted))
            case "external":
                return Meaning("external", name=f"{owner.name}.{name}")
            case "missing":
                module = self.project.modules.by_path[owner.file].module
                return Meaning("external", name=f"{module}.{owner.name}.{name}")
            case "class" | "instance":
                return self.member(owner, name, steps)
        return None

    def member(self, owner: Meaning, name: str, steps: int = 0) -> Meaning | None:
        """Return what an attribute of a class, or of its instances, means: what the nearest class defines."""
        whole = True
        for symbol in self.project.mro(owner.file, owner.number):
            if symbol.kind != "class":
                whole = whole and symbol.name in ("object", "Generic", "typing.Generic", "ABC", "abc.ABC")
                continue
            members = self.members(symbol.file, symbol.index)
            if name not in members:
                continue
            found = Meaning("member", symbol.file, f"{self.project.cls(symbol.file, symbol.index).qualname}.{name}")
            value = members[name]
            if value is not None and found.definition not in self.stops:
                meant = self.of(value, Scope(symbol.file, cls=symbol.index), steps + 1)
                if meant is not None and meant.kind in ("class", "instance"):
                    return meant
            return found
        if owner.kind == "instance" or not whole or self.project.cls(owner.file, owner.number).keywords:
            return None
        return Meaning("missing", owner.file, f"{owner.name}.{name}")

    def members(self, file: str, index: int) -> dict[str, Expr | None]:
        """Return what the body of a class binds: attributes with their values, all else with ``None``."""
        known = self._members.get((file, index))
        if known is None:
            known = self._members[file, index] = {}
            facts = self.project.facts[file]
            for statement in statements(facts.classes[index].body):
                match statement:
                    case flow.Define(function=number):
                        known[facts.functions[number].name] = None
                    case flow.DefineClass(index=number):
                        known[facts.classes[number].name] = None
                    case flow.ImportFrom():
                        known[statement.alias or statement.name] = None
                for name in bound_names(statement):
                    known[name] = _plain(statement)
        return known

    # ------------------------------------------------------------ functions

    def bound(self, file: str, index: int) -> dict[str, _Bound]:
        """Return what the local names of a function mean, ``None`` for those that are not known."""
        known = self._locals.get((file, index))
        if known is None:
            known = self._locals[file, index] = dict(self._bind(file, index))
        return known

    def _bind(self, file: str, index: int) -> Iterator[tuple[str, _Bound]]:
        function = self.project.function(file, index)
        seen: dict[str, _Bound] = {}
        for param in function.params:
            seen[param.name] = self._parameter(file, function, param)
        twice: set[str] = {param.name for param in function.params if seen[param.name] is None}
        for statement in statements(function.body):
            for name, bound in self._binds(file, statement):
                if name not in seen or seen[name] == _NOTHING:
                    seen[name] = bound
                elif bound != _NOTHING and not self._is_same(file, seen[name], bound):
                    twice.add(name)
        for node in _targets_inside(function.body):
            twice.add(node)
        yield from ((name, None if name in twice else bound) for name, bound in seen.items())

    def _is_same(self, file: str, first: _Bound, other: _Bound) -> bool:
        """Tell whether two bindings give a name the same meaning: equal ones, and imports of the same thing."""
        if isinstance(first, _IMPORTS) and isinstance(other, _IMPORTS):
            return self.imported(file, first) == self.imported(file, other)
        return first == other

    def _binds(self, file: str, statement: flow.Stmt) -> Iterator[tuple[str, _Bound]]:
        facts = self.project.facts[file]
        match statement:
            case flow.ImportFrom():
                yield statement.alias or statement.name, statement
            case flow.Import():
                yield statement.name or statement.module.partition(".")[0], statement
            case flow.Define(function=index):
                yield facts.functions[index].name, Meaning("member", file, facts.functions[index].qualname)
            case flow.DefineClass(index=index):
                cls = facts.classes[index]
                yield cls.name, Meaning("class", file, cls.qualname, index)
        plain = _plain(statement)
        for name in bound_names(statement):
            yield name, plain

    def _parameter(self, file: str, function: flow.Function, param: flow.Param) -> Meaning | None:
        """Return what a parameter is by its annotation, or as the first one of a method."""
        if function.owner >= 0 and function.params[0] is param and not flow.has_decorator(function, "staticmethod"):
            cls = self.project.cls(file, function.owner)
            kind = "class" if _is_class_method(function) else "instance"
            return Meaning(kind, file, cls.qualname, function.owner)
        if param.annotation is None:
            return None
        found = self.of(_bare(param.annotation), Scope(file, function.scope, function.owner))
        return found._replace(kind="instance") if found is not None and found.kind == "class" else None


def _plain(statement: flow.Stmt) -> Expr | None:
    """Return the value that a statement assigns to one name, ``None`` for any other statement."""
    if isinstance(statement, flow.Bind) and all(isinstance(target, flow.Name) for target in statement.targets):
        return statement.value
    return None


def _bare(annotation: Expr) -> Expr:
    """Return what an annotation says a value is, without ``Optional`` and ``Annotated``."""
    while True:
        match annotation:
            case flow.Item(value=value, index=index) if flow.last_name(value) in ("Optional", "Annotated", "Final"):
                annotation = index.items[0] if isinstance(index, flow.Sequence) and index.items else index
            case flow.Binary(op="|", left=left, right=flow.Const(value=None)):
                annotation = left
            case _:
                return annotation


def _is_class_method(function: flow.Function) -> bool:
    return function.name == "__new__" or flow.has_decorator(function, "classmethod")


def _targets_inside(block: Block) -> Iterator[str]:
    """Yield the names that expressions of a block bind (``:=``), which are not seen as statements."""
    for node in flow.nodes(block):
        if isinstance(node, flow.Walrus) and isinstance(node.target, flow.Name):
            yield node.target.id
