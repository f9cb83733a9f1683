"""What code looks like that touches application state, for code that is not interpreted.

A holder is told by its name: an attribute or variable called like one of the tables, or, where the project uses a
framework whose applications hold components as items, a variable or attribute called like an application.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Block, Expr
from appstate_lint.frameworks import Tables
from appstate_lint.project.symbols import Project, statements

FAKES = ("SimpleNamespace", "State", "MagicMock", "Mock", "AsyncMock", "Namespace")
"""What tests make objects with that stand in for state: their keywords name components."""


class Shapes:
    """Tells holders, and writes of components, by the look of code."""

    def __init__(self, project: Project, tables: Tables) -> None:
        self.project = project
        self.holders = tables.holders
        self._endings = tuple(sorted(tables.holders))
        self._variables = tables.variables
        self._leads = tuple(sorted(tables.leads))
        self._makers = frozenset(name.rpartition(".")[2] for name, spec in tables.classes.items() if spec.kind == "key")
        packages = {name.partition(".")[0] for name in project.imported_names}
        used = [spec for name, spec in tables.classes.items() if name.partition(".")[0] in packages]
        self._stores = tables.stores if any(spec.stores for spec in used) else frozenset()
        self.items = any(spec.items for spec in used)
        self.words = self.holders | (self._variables if self.items else frozenset()) | self._stores

    def touches(self, block: object) -> bool:
        """Tell whether code mentions a holder, or an item of an application."""
        return any(
            (isinstance(node, flow.Attr) and node.name in self.holders)
            or (isinstance(node, flow.Name) and node.id in self.holders)
            or (isinstance(node, flow.Const) and node.value in self.holders)
            or (isinstance(node, flow.Item) and self._is_store(node.value))
            or (self.items and isinstance(node, flow.Item) and self.is_application(node.value))
            or (self.items and isinstance(node, flow.Attr) and self.is_application(node.value))
            for node in flow.nodes(block)
        )

    def accesses(self, block: object) -> Iterator[At]:
        """Yield the places of what looks like an access: an attribute of a holder, or an item of an application."""
        for node in flow.nodes(block):
            match node:
                case flow.Attr(value=owner) if flow.last_name(owner) in self.holders:
                    yield node.at
                case flow.Item(value=owner) if self._holds_items(owner):
                    yield node.at
                case flow.Call(func=func, args=(owner, *_)) if flow.last_name(func) in BY_NAME:
                    if flow.last_name(owner) in self.holders:
                        yield node.at

    def _is_store(self, expr: Expr) -> bool:
        """Tell whether an expression is called like a dict of components of an application."""
        return isinstance(expr, flow.Attr) and expr.name in self._stores

    def is_application(self, expr: Expr) -> bool:
        """Tell whether an expression is called like an application."""
        name = flow.last_name(expr)
        return name in self._variables or name in self._leads

    def written(self, file: str, block: Block) -> Iterator[str]:
        """Yield the names of components that code visibly writes, those of requests left out."""
        for target, _ in _targets(block):
            if isinstance(target, flow.Attr) and self._is_shared(target.value):
                yield target.name
            elif isinstance(target, flow.Item) and self._holds_items(target.value):
                yield from self.key(file, target.index)
        for call in _calls(block, "setattr"):
            if len(call.args) > 1 and isinstance(name := call.args[1], flow.Const) and self._is_named(call.args[0]):
                yield str(name.value)

    def _holds_items(self, expr: Expr) -> bool:
        """Tell whether the items of an expression look like components."""
        return self._is_store(expr) or (self.items and self.is_application(expr))

    def set_on_holder(self, block: Block) -> Iterator[str]:
        """Yield the names that code sets on anything that is called like a holder."""
        for target, _ in _targets(block):
            if isinstance(target, flow.Attr) and flow.last_name(target.value) in self.holders:
                yield target.name
        for call in _calls(block, "setattr"):
            yield from (str(arg.value) for arg in call.args if isinstance(arg, flow.Const))

    def faked(self, file: str) -> Iterator[tuple[str, At]]:
        """Yield the names that test code sets on what may stand for state, with their places."""
        facts = self.project.facts[file]
        roots = (facts.body, *(each.body for each in facts.functions), *(each.body for each in facts.classes))
        nodes = [node for node in flow.nodes(roots) if type(node) in _FAKING]
        for target, at in _assigned(nodes):
            if isinstance(target, flow.Attr) and self._is_named(target.value):
                yield target.name, at
            elif isinstance(target, flow.Item) and self._holds_items(target.value):
                yield from ((name, at) for name in self.key(file, target.index))
        for node in nodes:
            if not isinstance(node, flow.Call):
                continue
            name = flow.last_name(node.func)
            if name in ("setattr", "object") and len(node.args) > 1 and self._is_named(node.args[0]):
                if isinstance(node.args[1], flow.Const) and (name == "object" or len(node.args) > 2):
                    yield str(node.args[1].value), node.at
            elif name in FAKES:
                yield from ((keyword, node.at) for keyword, _ in node.keywords)

    @cached_property
    def keys(self) -> dict[tuple[str, At], str]:
        """The keys for components that modules and classes make, by file and place, with the names of the components.

        A key is named as its maker says, or as the variable that it is bound to. Two of one name are different keys:
        these are named with their modules.
        """
        found: dict[tuple[str, At], str] = {}
        for file, facts in self.project.facts.items() if self._makers else ():
            for block in (facts.body, *(each.body for each in facts.classes)):
                for statement in statements(block):
                    if isinstance(statement, flow.Bind) and isinstance(call := statement.value, flow.Call):
                        maker = call.func.value if isinstance(call.func, flow.Item) else call.func
                        if flow.last_name(maker) in self._makers:
                            found[file, call.at] = _key_name(call) or flow.last_name(statement.targets[0])
        counts = Counter(found.values())
        modules = self.project.modules.by_path
        return {
            place: name if counts[name] == 1 else f"{modules[place[0]].module}.{name}" for place, name in found.items()
        }

    def key(self, file: str, expr: Expr) -> Iterator[str]:
        """Yield the name of the component that a key stands for: a constant, or what makes the key of a module."""
        if isinstance(expr, flow.Const):
            yield str(expr.value)
            return
        symbol = self.project.resolve(file, expr)
        name = flow.last_name(expr)
        if symbol is not None and symbol.kind == "variable":
            for statement in self.project.facts[symbol.file].body:
                if isinstance(statement, flow.Bind) and symbol.name in map(flow.last_name, statement.targets):
                    value = statement.value
                    if isinstance(value, flow.Call):
                        name = self.keys.get((symbol.file, value.at), name)
                    elif isinstance(value, flow.Const):
                        name = str(value.value)
        if name:
            yield name

    def _is_named(self, expr: Expr) -> bool:
        """Tell whether the name of an expression ends like a holder's."""
        return flow.last_name(expr).endswith(self._endings)

    def _is_shared(self, expr: Expr) -> bool:
        """Tell whether an expression looks like the state of an application, and not like that of a request."""
        if isinstance(expr, flow.Attr) and not flow.last_name(expr.value).endswith(self._leads):
            return False
        return self._is_named(expr)


BY_NAME = frozenset({"getattr", "setattr", "hasattr", "delattr"})
"""The builtins that are given the name of an attribute."""
_FAKING = frozenset({flow.Bind, flow.Call})


def named_by(owner: str, block: Block) -> bool:
    """Tell whether code accesses an attribute or item whose name is an attribute of a variable."""
    names = (
        node.index if isinstance(node, flow.Item) else node.args[1]
        for node in flow.nodes(block)
        if isinstance(node, flow.Item)
        or (isinstance(node, flow.Call) and flow.last_name(node.func) in BY_NAME and len(node.args) > 1)
    )
    return any(
        isinstance(each, flow.Attr) and isinstance(each.value, flow.Name) and each.value.id == owner for each in names
    )


def _key_name(call: flow.Call) -> str:
    """Return the name that a key is made with, empty if it is not written there."""
    given = call.args[0] if call.args else dict(call.keywords).get("name")
    return str(given.value) if isinstance(given, flow.Const) else ""


def _targets(root: object) -> Iterator[tuple[Expr, At]]:
    """Yield the attributes and items that code assigns, with their places."""
    return _assigned(flow.nodes(root))


def _assigned(nodes: Iterable[flow.Record]) -> Iterator[tuple[Expr, At]]:
    """Yield the attributes and items that ``nodes`` assign, with their places."""
    for node in nodes:
        if isinstance(node, flow.Bind):
            waiting = list(node.targets)
            while waiting:
                target = waiting.pop()
                if isinstance(target, flow.Sequence):
                    waiting.extend(target.items)
                elif isinstance(target, (flow.Attr, flow.Item)):
                    yield target, target.at


def _calls(root: object, name: str) -> Iterator[flow.Call]:
    """Yield the calls of functions of that name."""
    return (node for node in flow.nodes(root) if isinstance(node, flow.Call) and flow.last_name(node.func) == name)
