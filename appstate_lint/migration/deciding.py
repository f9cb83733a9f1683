"""Which uses of an accessor can be rewritten mechanically, place by place, and why the others are left.

A call is rewritten where its function, or one around it, has a request, a websocket or an application as an annotated
parameter, and some code sets the component; what runs before serving, or stands in for the component, only where that
is proved to be there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from appstate_lint.facts import flow
from appstate_lint.migration.analysis import Analysis, Consumer
from appstate_lint.migration.edits import Call, Import
from appstate_lint.migration.leftovers import Leftover
from appstate_lint.migration.sources import Sources
from appstate_lint.migration.survey import Survey
from appstate_lint.model import Kind, Left, Phase, Place
from appstate_lint.project.symbols import bound_names, mentions_of, placed_imports, statements

_BROAD = frozenset({"Exception", "BaseException", "AttributeError", "KeyError"})
_OF_IMPORTS = frozenset({"ImportError", "ModuleNotFoundError"})


class LeftAlone(msgspec.Struct, frozen=True):
    """A place that is not rewritten, and why."""

    leftover: Leftover
    reason: str


Calls: TypeAlias = dict[str, dict[Leftover, Call]]
"""What replaces each leftover, by file."""


class Planner:
    """Decides place by place; ``barred`` are left for the reason given, ``doubtful`` ones need to be proved."""

    def __init__(self, survey: Survey, analysis: Analysis) -> None:
        self.survey = survey
        self.analysis = analysis
        self.project = survey.project
        self.component = analysis.migration.component
        self.barred: dict[Leftover, str] = {}
        self.doubtful: dict[Leftover, str] = {}
        self.sources = Sources(survey.project, survey.tables, survey.timeline.lives)

    def calls(self) -> tuple[Calls, list[LeftAlone]]:
        """Return the calls to replace, by file, and what is left."""
        found: Calls = {}
        left: list[LeftAlone] = []
        for each in self.analysis.left:
            leftover = each.leftover
            if leftover.final or leftover.kind is Left.IMPORT:
                continue
            reason, call = self.call(each)
            if call is not None:
                found.setdefault(leftover.place.file, {})[leftover] = call
            else:
                left.append(LeftAlone(leftover, reason))
        return found, left

    def tests(self, calls: Calls) -> tuple[str, ...]:
        """Return the test files that reach calls."""
        replaced = {leftover for edits in calls.values() for leftover in edits}
        reaching = (entry for each in self.analysis.left if each.leftover in replaced for entry in each.reached)
        return tuple(sorted({entry.file for entry in reaching if entry.kind == "test"}))

    def call(self, consumer: Consumer) -> tuple[str, Call | None]:
        """Return the edit for one consumer, or why there is none."""
        leftover, component = consumer.leftover, self.component
        if leftover in self.barred:
            return self.barred[leftover], None
        if leftover.kind is not Left.ACCESSOR or leftover.form != "call":
            return f"{leftover.how}: what stands for it is for people to say", None
        if component is None or not component.isidentifier():
            return "the migration names no component", None
        if not self.survey.is_written(component):
            return f"nothing sets component '{component}' yet", None
        if self.survey.is_setter(leftover.accessor):
            return "it sets the object", None
        if leftover.is_test:
            return "tests get a fake, or an application, from people", None
        found = self.sources.of(leftover.place.file, leftover.index)
        if found is None or self._is_hidden(leftover.place.file, leftover.index, found.variable):
            return "no request, websocket or application is in scope", None
        if not found.serving and any(phase.rank < Phase.SERVING.rank for phase in consumer.phases):
            self.doubtful[leftover] = f"it runs in {consumer.phases[0].value}, when the component may not be there"
        node, awaited = self._node(leftover)
        if node is None or node.args or node.keywords:
            return "it is called with arguments", None
        expression = found.component(component)
        fallback = self._fallback(leftover, node, component)
        if fallback is not None or self._is_looked_at(leftover, component):
            self.doubtful[leftover] = f"it stands in for '{component}' where that is missing"
        if fallback is not None and not _asks(fallback, node, expression, component):
            return self.doubtful[leftover], None
        if self._is_caught(leftover, node):
            return "its own failure is caught here, and another one would not be", None
        if self._is_async(leftover) and not awaited:
            return "it is called without being awaited", None
        return "", Call(*node.at, expression, awaited and self._is_async(leftover), fallback is not None)

    def _is_hidden(self, file: str, index: int, name: str) -> bool:
        """Tell whether a function, or one between it and the parameter, gives a parameter's name to something else."""
        while index >= 0:
            function = self.project.function(file, index)
            for statement in statements(function.body):
                bound = set(bound_names(statement))
                if isinstance(statement, (flow.Import, flow.ImportFrom)):
                    bound.add(statement.name)
                if name in bound:
                    return True
            if any(each.name == name for each in function.params):
                return any(isinstance(each, flow.Outer) for each in statements(function.body))
            if name in function.locals:
                return True
            index = function.scope
        return True

    def _node(self, leftover: Leftover) -> tuple[flow.Call | None, bool]:
        """Return the call of which a leftover is the function, and whether it is awaited."""
        facts = self.project.facts[leftover.place.file]
        start = (leftover.place.line, leftover.place.column)
        found: flow.Call | None = None
        awaited = False
        for node in flow.nodes(facts.body, facts.functions, facts.classes):
            if isinstance(node, flow.Call) and node.at[:2] == start and _start(node.func) == leftover.place_end:
                found = node
            if isinstance(node, flow.Await) and isinstance(node.value, flow.Call):
                inner = node.value
                if inner.at[:2] == start and _start(inner.func) == leftover.place_end:
                    awaited = True
        return found, awaited

    def _fallback(self, leftover: Leftover, call: flow.Call, component: str) -> flow.Expr | None:
        """Return the expression in which a call is what code takes where it finds no component, if there is one."""
        body = self.project.function(leftover.place.file, leftover.index).body
        for node in flow.nodes(body):
            if isinstance(node, (flow.Bool, flow.IfElse)):
                parts = list(flow.nodes(node))
                named = any(
                    (isinstance(each, flow.Attr) and each.name == component)
                    or (isinstance(each, flow.Const) and each.value == component)
                    for each in parts
                )
                if named and any(isinstance(each, flow.Call) and each.at == call.at for each in parts):
                    return node
        return None

    def _is_looked_at(self, leftover: Leftover, component: str) -> bool:
        """Tell whether the function of a call looks, before the call, at what the component holds."""
        timeline = self.survey.timeline
        found = (each for life in timeline.lives for each in life.occurrences)
        return any(
            each.component == component
            and each.kind in (Kind.GUARD, Kind.READ)
            and (each.place.file, each.function) == (leftover.place.file, leftover.function)
            and each.place <= leftover.place
            for each in (*found, *timeline.unreached)
        )

    def _is_caught(self, leftover: Leftover, call: flow.Call) -> bool:
        """Tell whether a ``try`` around a call catches errors of the accessor, but not that of a missing component."""
        body = self.project.function(leftover.place.file, leftover.index).body
        for node in flow.nodes(body):
            if isinstance(node, flow.Try) and any(
                isinstance(each, flow.Call) and each.at == call.at for each in flow.nodes(node.body)
            ):
                kinds = {flow.last_name(each) for handler in node.handlers for each in flow.nodes(handler.types)
                         if isinstance(each, (flow.Name, flow.Attr))}  # fmt: skip
                bare = not all(handler.types for handler in node.handlers)
                if not bare and kinds - self._foreign(leftover) and not kinds & _BROAD:
                    return True
        return False

    def _foreign(self, leftover: Leftover) -> frozenset[str]:
        """Return the errors of imports, which an accessor does not raise that imports nothing when it is called."""
        function = self._accessor(leftover)
        if function is None or any(
            isinstance(each, (flow.Import, flow.ImportFrom)) for each in statements(function.body)
        ):
            return frozenset()
        return _OF_IMPORTS

    def _is_async(self, leftover: Leftover) -> bool:
        """Tell whether an accessor is a coroutine function."""
        function = self._accessor(leftover)
        return function is not None and function.is_async

    def _accessor(self, leftover: Leftover) -> flow.Function | None:
        """Return the function that a leftover calls, ``None`` if the accessor is something else."""
        for each in self.survey.accessors:
            if each.kind == "function" and self.survey.dotted(each) == leftover.accessor:
                return self.project.function(each.definition.file, each.number)
        return None

    # ------------------------------------------------------------ imports

    def imports(self, calls: Calls) -> tuple[dict[str, dict[Leftover, Import]], list[LeftAlone]]:
        """Return the imports that nothing needs once the calls are replaced, by file, and those that are kept."""
        found: dict[str, dict[Leftover, Import]] = {}
        kept: list[LeftAlone] = []
        for each in self.analysis.left:
            leftover = each.leftover
            if leftover.kind is not Left.IMPORT or leftover.form != Left.IMPORT.value or leftover.is_test:
                continue
            for name, at, _, _ in self._imported(leftover.place.file, leftover.accessor):
                if at[:2] == (leftover.place.line, leftover.place.column):
                    if patch := self._patch_of(leftover.place.file, name):
                        kept.append(LeftAlone(leftover, f"{patch} patches it here"))
                    else:
                        found.setdefault(leftover.place.file, {})[leftover] = Import(at[0], at[1], name)
        for file, edits in calls.items():
            for accessor in sorted({leftover.accessor for leftover in edits}):
                replaced = {leftover.place for leftover in edits if leftover.accessor == accessor}
                for name, at, exported, function in self._imported(file, accessor):
                    if not exported and self._is_replaced(file, function, name, replaced):
                        sample = next(leftover for leftover in edits if leftover.accessor == accessor)
                        made = msgspec.structs.replace(sample, kind=Left.IMPORT, place=Place(file, *at), how="imported")
                        if patch := self._patch_of(file, name):
                            kept.append(LeftAlone(made, f"{patch} patches it here"))
                        else:
                            found.setdefault(file, {})[made] = Import(at[0], at[1], name)
        return found, kept

    def _imported(self, file: str, accessor: str) -> Iterator[tuple[str, flow.At, bool, int]]:
        """Yield the names by which a file imports an accessor, as follows.

        Each with its place, whether other files take it from this one, and the function that imports it (-1 for the
        module).
        """
        facts = self.project.facts[file]
        taken = self.survey.taken
        for function, statement in placed_imports(facts):
            if isinstance(statement, flow.ImportFrom) and self.survey.means(file, statement) == accessor:
                name = statement.alias or statement.name
                exported = name in (facts.exports or ()) or (file, name) in taken or statement.alias == statement.name
                yield name, statement.at, exported, function

    def _is_replaced(self, file: str, function: int, name: str, places: set[Place]) -> bool:
        """Tell whether all that mentions a name which a function (-1: the module) imports is among places."""
        starts = {(place.line, place.column) for place in places}
        mentions = list(mentions_of(self.project.facts[file], function, name))
        return bool(mentions) and all(node.at[:2] in starts for node in mentions)

    def _patch_of(self, file: str, name: str) -> str:
        """Return where a test patches a name of a file, empty if none is seen to."""
        for each in self.analysis.consumers:
            leftover = each.leftover
            if leftover.kind is not Left.PATCH:
                continue
            text = leftover.how.partition("'")[2].rstrip("'")
            module, _, last = text.rpartition(".")
            here = self.project.modules.find(module, leftover.place.file) == file if module else True
            if not text or (last == name and here):
                return f"{leftover.place.file}:{leftover.place.line}"
        return ""


def _asks(fallback: flow.Expr, call: flow.Call, expression: str, component: str) -> bool:
    """Tell whether a fallback is just ``getattr(state, "x", None) or get_x()``, where ``expression`` reads the same."""
    match fallback:
        case flow.Bool(op="or", values=(flow.Call(func=flow.Name(id="getattr"), args=args), last)):
            made = last.value if isinstance(last, flow.Await) else last
        case _:
            return False
    match args:
        case (holder, flow.Const(value=name), flow.Const(value=None)):
            return made == call and name == component and f"{_dotted(holder)}.{name}" == expression
    return False


def _dotted(expr: flow.Expr) -> str:
    """Return a name with attributes as it is written, empty for anything else."""
    match expr:
        case flow.Name(id=name):
            return name
        case flow.Attr(value=value, name=name):
            return f"{_dotted(value)}.{name}"
    return ""


def _start(func: flow.Expr) -> tuple[int, int]:
    """Return where the name of what is called ends."""
    return func.at[2:] if isinstance(func, (flow.Name, flow.Attr, flow.Item, flow.Call)) else (0, 0)
