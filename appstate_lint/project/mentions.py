"""Which names code mentions: the basis for telling unreached code from code that may run (DESIGN 5.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from appstate_lint.facts import flow
from appstate_lint.facts.flow import Block, Expr
from appstate_lint.frameworks import Tables
from appstate_lint.project.discovered import unnamed_routers
from appstate_lint.project.shapes import Shapes, named_by
from appstate_lint.project.symbols import Project

EXPORTS = "__all__"
_GIVE = frozenset({"setattr", "__setattr__", "__dict__", "vars"})
"""Ways to give an object attributes whose names are not seen."""
EVERYTHING = frozenset({"Exception", "BaseException"})
"""The names of the exceptions that stand for all."""


class Mentions:
    """The names that each function and module body of a project mentions."""

    def __init__(self, project: Project, tables: Tables) -> None:
        self.project = project
        self._tables = tables
        self.shapes = Shapes(project, tables)
        self._methods: dict[str, list[tuple[str, int]]] = {}
        for file, facts in project.facts.items():
            if file not in project.tests:
                for index, function in enumerate(facts.functions):
                    if function.owner >= 0:
                        self._methods.setdefault(function.name, []).append((file, index))
        self._names: dict[tuple[str, int], frozenset[str]] = {}
        self._reaching: dict[tuple[str, int], frozenset[str]] = {}
        self._data: dict[tuple[str, int], frozenset[str]] = {}
        self._inside: dict[tuple[str, int], frozenset[str]] = {}
        self._used: dict[tuple[str, int], frozenset[str]] = {}
        self._raised: dict[tuple[str, int], frozenset[str]] = {}
        self._written: dict[tuple[str, int], Mapping[str, int]] = {}
        self._shaped: dict[str, tuple[int, ...]] = {}
        self._touching: dict[str, frozenset[int]] = {}
        self._named: dict[tuple[str, int], bool] = {}
        self._giving: dict[str, bool] = {}

    @cached_property
    def unnamed_routers(self) -> tuple[str, ...]:
        """The files of routers that code can only find by names which it puts together."""
        return unnamed_routers(self.project, self._tables)

    def methods_named(self, name: str) -> tuple[tuple[str, int], ...]:
        """Return the methods of this name outside tests."""
        return tuple(self._methods.get(name, ()))

    def names(self, file: str, index: int) -> frozenset[str]:
        """Return the names that a function mentions; index -1 is the module body with its class bodies."""
        known = self._names.get((file, index))
        if known is None:
            facts = self.project.facts[file]
            if index >= 0:
                function = facts.functions[index]
                roots: tuple[object, ...] = (function.body, function.decorators, function.params)
            else:
                body = tuple(each for each in facts.body if not _is_export(each))
                roots = (body, *(cls.body for cls in facts.classes), *(cls.bases for cls in facts.classes),
                         *(function.decorators for function in facts.functions))  # fmt: skip
            known = self._names[(file, index)] = _words(roots, coroutines=self._coroutines)
        return known

    def mentioned(self, file: str, index: int) -> frozenset[str]:
        """Return the names by which a function may reach others: not what it only takes from its own object's data."""
        known = self._reaching.get((file, index))
        if known is None:
            known = self._reaching[file, index] = self._mentioned_by(file, index)
        return known

    def _mentioned_by(self, file: str, index: int) -> frozenset[str]:
        names = self.names(file, index)
        function = self.project.function(file, index) if index >= 0 else None
        if function is None or function.owner < 0 or not function.params:
            return names
        own = self._data_of(file, function.owner) & names
        leaving = (function.params[0].name, own)
        return names - own | _words((function.body,), leaving=leaving, coroutines=self._coroutines) if own else names

    @cached_property
    def _coroutines(self) -> frozenset[str]:
        """The names under which the project has functions that do nothing unless they are awaited, and no others."""
        product = (facts for file, facts in self.project.facts.items() if file not in self.project.tests)
        kinds: dict[str, set[bool]] = {}
        for function in (each for facts in product for each in facts.functions):
            waits = function.is_async and not function.is_generator and not function.decorators
            kinds.setdefault(function.name, set()).add(waits)
        return frozenset(name for name, waits in kinds.items() if waits == {True})

    def _data_of(self, file: str, owner: int) -> frozenset[str]:
        """Return the names of the data that the methods of a class put on its objects."""
        known = self._data.get((file, owner))
        if known is None:
            methods = self.project.methods(file, owner)
            functions = [self.project.function(file, index) for index in methods.values()]
            found = {
                target.name
                for function in functions
                for node in flow.nodes(function.body)
                if isinstance(node, flow.Bind)
                for target in node.targets
                if isinstance(target, flow.Attr) and _is_name(target.value, function.params[:1])
            }
            known = self._data[file, owner] = frozenset(found - methods.keys())
        return known

    def inside(self, file: str, index: int) -> frozenset[str]:
        """Return the names that the body of a function mentions."""
        known = self._inside.get((file, index))
        if known is None:
            known = self._inside[file, index] = _words((self.project.function(file, index).body,))
        return known

    def used(self, file: str, index: int) -> frozenset[str]:
        """Return the names that a function (or, with -1, a module's own code) mentions, but not only to catch them."""
        known = self._used.get((file, index))
        if known is None:
            facts = self.project.facts[file]
            roots = (facts.functions[index].body,) if index >= 0 else (facts.body, *(cls.body for cls in facts.classes))
            known = self._used[file, index] = _words(roots, heads=False)
        return known

    def raised_for_any(self, file: str, index: int) -> frozenset[str]:
        """Return the names of the exceptions that a function raises in place of any other that it catches."""
        known = self._raised.get((file, index))
        if known is None:
            body = self.project.function(file, index).body
            known = self._raised[file, index] = frozenset(_raised_for_any(body))
        return known

    def written(self, file: str, index: int) -> Mapping[str, int]:
        """Return the components that a function (or, with -1, the module) visibly writes on some holder, and how often.

        That is in how many places, each of which may be run any number of times.
        """
        known = self._written.get((file, index))
        if known is None:
            facts = self.project.facts[file]
            body = facts.functions[index].body if index >= 0 else facts.body
            known = self._written[file, index] = Counter(self.shapes.written(file, body))
        return known

    def shaped(self, file: str) -> tuple[int, ...]:
        """Return the functions of a file that visibly touch a holder."""
        known = self._shaped.get(file)
        if known is None:
            functions = self.project.facts[file].functions
            known = self._shaped[file] = tuple(index for index in range(len(functions)) if self._touches(file, index))
        return known

    def touches(self, file: str, index: int) -> bool:
        """Tell whether a function visibly touches a holder."""
        known = self._touching.get(file)
        if known is None:
            known = self._touching[file] = frozenset(self.shaped(file))
        return index in known

    def named_by_object(self, file: str, index: int) -> bool:
        """Tell whether a method takes the name of an attribute or item that it accesses from its own object."""
        known = self._named.get((file, index))
        if known is None:
            function = self.project.function(file, index)
            own = function.params[0].name if function.owner >= 0 and function.params else ""
            known = self._named[file, index] = bool(own) and named_by(own, function.body)
        return known

    def gives_by_name(self, file: str) -> bool:
        """Tell whether a file has code that may give objects attributes whose names are not seen."""
        known = self._giving.get(file)
        if known is None:
            facts = self.project.facts[file]
            nodes = flow.nodes(facts.body, facts.functions, facts.classes)
            known = self._giving[file] = any(
                (isinstance(node, flow.Name) and node.id in _GIVE)
                or (isinstance(node, flow.Attr) and node.name in _GIVE)
                for node in nodes
            )
        return known

    def module_touches(self, file: str) -> bool:
        """Tell whether the body of a module visibly touches a holder."""
        return self._touches(file, -1)

    def _touches(self, file: str, index: int) -> bool:
        """Tell whether a function visibly touches a holder, or an item of an application."""
        names = self.names(file, index)
        if names & self.shapes.holders:
            return True
        facts = self.project.facts[file]
        body = facts.functions[index].body if index >= 0 else facts.body
        return bool(names & self.shapes.words) and self.shapes.touches(body)

    def possible(self, reached: set[tuple[str, int]], imported: list[str]) -> Iterator[tuple[str, int]]:
        """Yield functions that touch a holder and are not reached, but whose name live code mentions."""
        live: set[str] = set()
        running = set(reached)
        for file in imported:
            live |= self.names(file, -1)
        for file, index in reached:
            live |= self.mentioned(file, index)
        if EXPORTS in live:  # some code goes through them
            live.update(each.text for file in imported for each in self.project.facts[file].listed)
        waiting = [
            (file, index)
            for file in imported
            for index in range(len(self.project.facts[file].functions))
            if (file, index) not in reached
        ]
        found: list[tuple[str, int]] = []
        while True:
            mentioned = [each for each in waiting if self._mentioned(each, live, running)]
            if not mentioned:
                break
            running.update(mentioned)
            for each in mentioned:
                waiting.remove(each) if len(waiting) < 64 else None
                live |= self.mentioned(*each)
            if len(waiting) >= 64:
                gone = set(mentioned)
                waiting = [each for each in waiting if each not in gone]
            found.extend(mentioned)
        for each in sorted(found):
            if each[1] in self.shaped(each[0]):
                yield each

    def _mentioned(self, function: tuple[str, int], live: set[str], running: set[tuple[str, int]]) -> bool:
        facts = self.project.function(*function)
        if facts.owner < 0 <= facts.scope:
            return facts.name in live and self._mentioned_around(function, running)
        if facts.owner >= 0:
            cls = self.project.cls(function[0], facts.owner)
            special = facts.name.startswith("__") or not all(map(_is_plain, facts.decorators))
            return cls.name in live and (special or facts.name in live)
        return facts.name in live

    def _mentioned_around(self, function: tuple[str, int], running: set[tuple[str, int]]) -> bool:
        """Tell whether the function that a nested one is in runs, and mentions it itself or in another nested one."""
        file, own = function
        facts = self.project.function(*function)
        if (file, facts.scope) not in running:
            return False
        functions = self.project.facts[file].functions
        return any(
            facts.name in self.names(file, index)
            for index in range(len(functions))
            if index != own and facts.scope in _around(functions, index)
        )


def _is_plain(decorator: Expr) -> bool:
    """Tell whether a decorator leaves a method to those who name it: it registers nothing."""
    return flow.last_name(decorator.func if isinstance(decorator, flow.Call) else decorator) in _PLAIN


_PLAIN = frozenset({
    "abstractmethod", "asynccontextmanager", "cache", "cached_property", "classmethod", "contextmanager", "lru_cache",
    "override", "property", "setter", "staticmethod", "wraps",
})  # fmt: skip


def _is_export(statement: flow.Stmt) -> bool:
    """Tell whether a statement says what a module offers: nothing runs because of that."""
    targets = statement.targets if isinstance(statement, flow.Bind) else ()
    return any(isinstance(each, flow.Name) and each.id == EXPORTS for each in targets)


def _around(functions: tuple[flow.Function, ...], index: int) -> Iterator[int]:
    """Yield a function and those that it is nested in."""
    while index >= 0:
        yield index
        index = functions[index].scope


def _is_name(expr: Expr, params: tuple[flow.Param, ...]) -> bool:
    return isinstance(expr, flow.Name) and any(expr.id == param.name for param in params)


def _words(
    roots: Iterable[object],
    heads: bool = True,
    leaving: tuple[str, frozenset[str]] = ("", frozenset()),
    coroutines: frozenset[str] = frozenset(),
) -> frozenset[str]:
    """Return the names in ``roots`` and below; without ``heads`` not those that an ``except`` is for.

    Nor those of ``leaving`` that are attributes of the variable it names, nor those of ``coroutines`` that are called
    and not awaited.
    """
    itself, own = leaving
    found: set[str] = set()
    stack: list[Any] = list(roots)
    pop, extend = stack.pop, stack.extend
    while stack:
        node = pop()
        kind = type(node)
        if kind is tuple:
            extend(node)
        elif kind is flow.Name:
            found.add(node.id)
        elif kind is flow.Attr:
            if not (node.name in own and type(node.value) is flow.Name and node.value.id == itself):
                found.add(node.name)
            stack.append(node.value)
        elif kind is flow.Const:
            if isinstance(text := node.value, str):
                found.update(_parts(text))
        elif kind is flow.Do and type(node.value) is flow.Call and flow.last_name(node.value.func) in coroutines:
            function = node.value.func
            stack.extend((node.value.args, node.value.keywords, function.value if type(function) is flow.Attr else ()))
        elif kind is flow.Handler and not heads:
            stack.append(node.body)
        elif kind in flow.INNER:
            extend(flow.INNER[kind](node))
    return frozenset(found)


def _parts(text: str) -> Iterable[str]:
    """Return the names in a string: the string itself, or the parts of one that is dotted."""
    if text.isidentifier():
        return (text,)
    if "." in text or ":" in text:
        return (part for part in text.replace(":", ".").split(".") if part.isidentifier())
    return ()


def _raised_for_any(body: Block) -> Iterator[str]:
    """Yield the names of the exceptions that a body raises in place of any other that it catches."""
    for handler in (each for node in flow.nodes(body) if isinstance(node, flow.Try) for each in node.handlers):
        kinds = {flow.last_name(kind) for kind in handler.types}
        for each in flow.nodes(handler.body) if not kinds or kinds & EVERYTHING else ():
            if isinstance(each, flow.Raise) and each.value is not None:
                yield flow.last_name(each.value.func if isinstance(each.value, flow.Call) else each.value)
