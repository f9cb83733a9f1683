"""A migration's mechanical part: which calls become reads of the component, which imports go, and what people must do.

A call is rewritten where its function, or one around it, has a request, a websocket or an application as an annotated
parameter, runs after start-up, and some code sets the component. All else is left, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from appstate_lint import source
from appstate_lint.facts import flow
from appstate_lint.migration import journal
from appstate_lint.migration.analysis import Analysis, Consumer
from appstate_lint.migration.journal import Journal, Refused
from appstate_lint.migration.leftovers import Leftover
from appstate_lint.migration.rewriting import Call, CannotRewrite, Import, Missed, Rewrite, rewritten
from appstate_lint.migration.sources import Sources
from appstate_lint.migration.survey import Survey
from appstate_lint.model import Left, Phase, Place
from appstate_lint.project.symbols import bound_names, imports, statements

_BROAD = frozenset({"Exception", "BaseException", "AttributeError", "KeyError"})


class LeftAlone(msgspec.Struct, frozen=True):
    """A place that is not rewritten, and why."""

    leftover: Leftover
    reason: str


class Change(msgspec.Struct, frozen=True):
    """One file, before and after."""

    file: str
    before: bytes
    after: bytes
    places: int

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        return journal.difference(self.file, self.before, self.after)


class Application(msgspec.Struct, frozen=True):
    """What ``migrate apply`` does: the changes, by file, and what it leaves."""

    changes: tuple[Change, ...]
    left: tuple[LeftAlone, ...]


def prepare(root: Path, survey: Survey, analysis: Analysis) -> Application:
    """Return what can be rewritten mechanically, checked; nothing is written."""
    planner = _Planner(survey, analysis)
    calls, left = planner.calls()
    removable, kept = planner.imports(calls)
    left += kept
    changes: list[Change] = []
    for file in sorted({*calls, *removable}):
        planned = calls.get(file, {}), removable.get(file, {})
        try:
            before = source.read_bytes(root, file)
            after, dropped = _attempt(file, before, *planned)
        except (CannotRewrite, source.Unreadable) as error:
            left += [LeftAlone(leftover, str(error)) for edits in planned for leftover in edits]
            continue
        left += [LeftAlone(leftover, "it stands below a comment of its own") for leftover in dropped]
        if after != before:
            changes.append(Change(file, before, after, len(planned[0]) + len(planned[1]) - len(dropped)))
    return Application(tuple(changes), tuple(sorted(left, key=lambda each: each.leftover.sort_key)))


def _attempt(
    file: str, before: bytes, calls: Mapping[Leftover, Call], removable: Mapping[Leftover, Import]
) -> tuple[bytes, list[Leftover]]:
    """Return a file rewritten, and the imports that have to stay, for they stand below a comment of their own."""
    edits = tuple(sorted(calls.values()))
    try:
        return rewritten(before, Rewrite(file, edits, tuple(sorted(removable.values())))), []
    except Missed as missed:
        kept = {leftover: each for leftover, each in removable.items() if (each.line, each.column) not in missed.places}
        if len(kept) == len(removable):
            raise
        after = rewritten(before, Rewrite(file, edits, tuple(sorted(kept.values()))))
        return after, [leftover for leftover in removable if leftover not in kept]


class _Planner:
    """Decides place by place."""

    def __init__(self, survey: Survey, analysis: Analysis) -> None:
        self.survey = survey
        self.analysis = analysis
        self.project = survey.project
        self.sources = Sources(survey.project, survey.tables, survey.timeline.lives)

    def calls(self) -> tuple[dict[str, dict[Leftover, Call]], list[LeftAlone]]:
        """Return the calls to replace, by file, and what is left."""
        found: dict[str, dict[Leftover, Call]] = {}
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

    def call(self, consumer: Consumer) -> tuple[str, Call | None]:
        """Return the edit for one consumer, or why there is none."""
        leftover, component = consumer.leftover, self.analysis.migration.component
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
        if any(phase.rank < Phase.SERVING.rank for phase in consumer.phases):
            return f"it runs in {consumer.phases[0].value}, when the component may not be there", None
        found = self.sources.of(leftover.place.file, leftover.index)
        if found is None or self._is_hidden(leftover.place.file, leftover.index, found.variable):
            return "no request, websocket or application is in scope", None
        node, awaited = self._node(leftover)
        if node is None or node.args or node.keywords:
            return "it is called with arguments", None
        if self._is_fallback(leftover, node, component):
            return f"it stands in for '{component}' where that is missing", None
        if self._is_caught(leftover, node):
            return "its own failure is caught here, and another one would not be", None
        if self._is_async(leftover) and not awaited:
            return "it is called without being awaited", None
        return "", Call(*node.at, found.component(component), awaited and self._is_async(leftover))

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

    def _is_fallback(self, leftover: Leftover, call: flow.Call, component: str) -> bool:
        """Tell whether a call is what code takes where it finds no component: ``getattr(..., None) or get_x()``."""
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
                    return True
        return False

    def _is_caught(self, leftover: Leftover, call: flow.Call) -> bool:
        """Tell whether a ``try`` around a call catches errors, but not that of a component that is missing."""
        body = self.project.function(leftover.place.file, leftover.index).body
        for node in flow.nodes(body):
            if isinstance(node, flow.Try) and any(
                isinstance(each, flow.Call) and each.at == call.at for each in flow.nodes(node.body)
            ):
                kinds = {flow.last_name(each) for handler in node.handlers for each in flow.nodes(handler.types)
                         if isinstance(each, (flow.Name, flow.Attr))}  # fmt: skip
                if node.handlers and all(handler.types for handler in node.handlers) and not kinds & _BROAD:
                    return True
        return False

    def _is_async(self, leftover: Leftover) -> bool:
        """Tell whether an accessor is a coroutine function."""
        for each in self.survey.accessors:
            if each.kind == "function" and self.survey.dotted(each) == leftover.accessor:
                return self.project.function(each.definition.file, each.number).is_async
        return False

    # ------------------------------------------------------------ imports

    def imports(
        self, calls: dict[str, dict[Leftover, Call]]
    ) -> tuple[dict[str, dict[Leftover, Import]], list[LeftAlone]]:
        """Return the imports that nothing needs once the calls are replaced, by file, and those that are kept."""
        found: dict[str, dict[Leftover, Import]] = {}
        kept: list[LeftAlone] = []
        for each in self.analysis.left:
            leftover = each.leftover
            if leftover.kind is not Left.IMPORT or leftover.form != Left.IMPORT.value or leftover.is_test:
                continue
            for name, at, _ in self._imported(leftover.place.file, leftover.accessor):
                if at[:2] == (leftover.place.line, leftover.place.column):
                    if patch := self._patch_of(leftover.place.file, name):
                        kept.append(LeftAlone(leftover, f"{patch} patches it here"))
                    else:
                        found.setdefault(leftover.place.file, {})[leftover] = Import(at[0], at[1], name)
        for file, edits in calls.items():
            for accessor in sorted({leftover.accessor for leftover in edits}):
                replaced = {leftover.place for leftover in edits if leftover.accessor == accessor}
                for name, at, exported in self._imported(file, accessor):
                    if not exported and self._uses(file, name) == self._replaced(file, name, replaced):
                        sample = next(leftover for leftover in edits if leftover.accessor == accessor)
                        made = msgspec.structs.replace(sample, kind=Left.IMPORT, place=Place(file, *at), how="imported")
                        if patch := self._patch_of(file, name):
                            kept.append(LeftAlone(made, f"{patch} patches it here"))
                        else:
                            found.setdefault(file, {})[made] = Import(at[0], at[1], name)
        return found, kept

    def _imported(self, file: str, accessor: str) -> Iterator[tuple[str, flow.At, bool]]:
        """Yield the names by which a file imports an accessor, their places, and whether others take them from it."""
        facts = self.project.facts[file]
        taken = self.survey.taken
        for statement in imports(facts):
            if isinstance(statement, flow.ImportFrom) and self.survey.means(file, statement) == accessor:
                name = statement.alias or statement.name
                exported = name in (facts.exports or ()) or (file, name) in taken or statement.alias == statement.name
                yield name, statement.at, exported

    def _uses(self, file: str, name: str) -> int:
        """Return how often a file mentions a name."""
        facts = self.project.facts[file]
        nodes = flow.nodes(facts.body, facts.functions, facts.classes)
        return sum(isinstance(node, flow.Name) and node.id == name for node in nodes)

    def _replaced(self, file: str, name: str, places: set[Place]) -> int:
        """Return how many of a file's mentions of a name are among places."""
        starts = {(place.line, place.column) for place in places}
        facts = self.project.facts[file]
        nodes = flow.nodes(facts.body, facts.functions, facts.classes)
        return sum(isinstance(node, flow.Name) and node.id == name and node.at[:2] in starts for node in nodes)

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


def _start(func: flow.Expr) -> tuple[int, int]:
    """Return where the name of what is called ends."""
    return func.at[2:] if isinstance(func, (flow.Name, flow.Attr, flow.Item, flow.Call)) else (0, 0)


# ---------------------------------------------------------------- writing


def journal_for(root: Path, migration: str, changes: tuple[Change, ...]) -> Journal:
    """Return the journal of changes, joined with that of earlier runs, which is still to be undone. Raises Refused."""
    known = journal.load(root, migration)
    entries = {each.path: each for each in known.entries} if known is not None else {}
    fresh: dict[str, journal.Entry] = {}
    for each in entries.values():
        now = journal.digest((root / each.path).read_bytes())
        if now == each.after_hash:
            fresh[each.path] = each
        elif now != each.before_hash:
            raise Refused(
                f"{each.path}: edited since it was rewritten; roll back first, or remove "
                f"{journal.path_of(root, migration)} to keep what was done for good"
            )
    for change in changes:
        before = fresh[change.file].content if change.file in fresh else change.before
        fresh[change.file] = journal.entry(root, change.file, before, change.after)
    return Journal(1, migration, tuple(fresh[path] for path in sorted(fresh)))


def refuse(root: Path, changes: tuple[Change, ...]) -> None:
    """Make sure that every file can be written and is still what was read. Raises Refused, with a line a file."""
    problems: list[str] = []
    for change in changes:
        path = root / change.file
        problem = journal.path_problem(root, change.file)
        if problem:
            problems.append(f"{change.file} {problem}")
        elif not path.stat().st_mode & 0o200:
            problems.append(f"{change.file}: it is read-only; make it writable")
        elif path.read_bytes() != change.before:
            problems.append(f"{change.file}: it has just changed; run again")
    if problems:
        raise Refused(*problems)
