"""A migration's mechanical part: which calls become reads of the component, which imports go, and what people must do.

A call is rewritten where its function, or one around it, has a request, a websocket or an application as an annotated
parameter, and some code sets the component; what runs before serving, or stands in for the component, only where that
is proved to be there. What the analysis would report once it is rewritten is left, like all else, with the reason.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from appstate_lint import source
from appstate_lint.facts import flow
from appstate_lint.migration import journal
from appstate_lint.migration.analysis import Analysis, Consumer
from appstate_lint.migration.edits import Call, Import, Rewrite
from appstate_lint.migration.journal import Journal, Refused
from appstate_lint.migration.leftovers import Leftover, is_fault
from appstate_lint.migration.rewriting import CannotRewrite, Missed, rewritten
from appstate_lint.migration.sources import Sources
from appstate_lint.migration.survey import Survey
from appstate_lint.model import Finding, Kind, Left, Phase, Place
from appstate_lint.project.symbols import bound_names, imports, statements
from appstate_lint.timeline.presence import VALUE

_BROAD = frozenset({"Exception", "BaseException", "AttributeError", "KeyError"})
_OF_IMPORTS = frozenset({"ImportError", "ModuleNotFoundError"})


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
    """What ``migrate apply`` does: the changes, by file, what it leaves, and the test files that reach what changes."""

    changes: tuple[Change, ...]
    left: tuple[LeftAlone, ...]
    tests: tuple[str, ...]


Analyze: TypeAlias = Callable[[Mapping[str, str]], tuple[Survey, Iterable[Finding]]]
"""Returns the survey and the findings with some files' text (by path) laid over what is on disk."""

_Calls: TypeAlias = dict[str, dict[Leftover, Call]]


def prepare(
    root: Path, survey: Survey, analysis: Analysis, findings: Iterable[Finding], analyze: Analyze
) -> Application:
    """Return what can be rewritten mechanically, checked by parsing and by analysis; nothing is written.

    ``findings`` are those so far. A place is left if the component would be reported there as one that may be missing,
    and what runs before serving, or stands in for the component, if it is not proved to be there.
    """
    planner = _Planner(survey, analysis)
    component = analysis.migration.component or ""
    known = [each for each in findings if is_fault(each, component)]
    while True:
        made, calls = _prepared(root, planner)
        if not calls:
            return made
        later, found = analyze({each.file: source.decode(each.after) for each in made.changes})
        brought = dict(_brought(known, [each for each in found if is_fault(each, component)], made, calls))
        brought |= dict(_unproved(later, planner, made, calls))
        if not brought:
            return made
        planner.barred |= brought


def _prepared(root: Path, planner: _Planner) -> tuple[Application, _Calls]:
    """Return what can be rewritten as far as parsing tells, and the calls of it."""
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
            calls.pop(file, None)
            continue
        left += [LeftAlone(leftover, "it stands below a comment of its own") for leftover in dropped]
        if after != before:
            changes.append(Change(file, before, after, len(planned[0]) + len(planned[1]) - len(dropped)))
    ordered = sorted(left, key=lambda each: each.leftover.sort_key)
    return Application(tuple(changes), tuple(ordered), planner.tests(calls)), calls


def _brought(
    before: Iterable[Finding], after: Iterable[Finding], made: Application, calls: _Calls
) -> Iterator[tuple[Leftover, str]]:
    """Yield the calls that had better not be replaced, for that brings findings which were not there, with the reason.

    They are those at the places of such a finding, and if there are none, all.
    """
    known = {(each.rule, *place) for each in before for place in _places(each)}
    origins = {change.file: _origins(change) for change in made.changes}
    every = {leftover for edits in calls.values() for leftover in edits}
    for finding in after:
        places = {(file, old) for file, line in _places(finding) for old in origins.get(file, {}).get(line, [line])}
        if any((finding.rule, *place) in known for place in places):
            continue
        here = {each for each in every if (each.place.file, each.place.line) in places}
        for leftover in here or every:
            yield leftover, f"{finding.rule} would be found then"


def _unproved(later: Survey, planner: _Planner, made: Application, calls: _Calls) -> Iterator[tuple[Leftover, str]]:
    """Yield the calls that may be replaced only where the component is surely there, and is not, with the reason."""
    origins = {change.file: _origins(change) for change in made.changes}
    seen: dict[tuple[str, int], int] = {}
    for life in later.timeline.lives:
        for each in life.occurrences:
            if each.component == planner.component and each.kind is Kind.READ:
                file, line = each.place.file, each.place.line
                for old in origins.get(file, {}).get(line, []):
                    seen[file, old] = seen.get((file, old), 0) | each.bits
    for edits in calls.values():
        for leftover in edits.keys() & planner.doubtful.keys():
            if seen.get((leftover.place.file, leftover.place.line)) != VALUE:
                yield leftover, planner.doubtful[leftover]


def _places(finding: Finding) -> Iterator[tuple[str, int]]:
    """Yield file and line of the readers of a finding."""
    yield finding.file, finding.line
    yield from ((each.file, each.line) for each in finding.related)


def _origins(change: Change) -> dict[int, list[int]]:
    """Return which lines of a file before its change each line after it stands for; all 1-based."""
    before, after = (source.decode(text).split("\n") for text in (change.before, change.after))
    found: dict[int, list[int]] = {}
    for _, start, end, new, last in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        for number in range(new, last):
            same = [start + number - new + 1] if end - start == last - new else list(range(start + 1, end + 1))
            found[number + 1] = same
    return found


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
        self.component = analysis.migration.component
        self.barred: dict[Leftover, str] = {}
        self.doubtful: dict[Leftover, str] = {}
        self.sources = Sources(survey.project, survey.tables, survey.timeline.lives)

    def calls(self) -> tuple[_Calls, list[LeftAlone]]:
        """Return the calls to replace, by file, and what is left."""
        found: _Calls = {}
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

    def tests(self, calls: _Calls) -> tuple[str, ...]:
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
        if fallback is not None:
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

    def imports(self, calls: _Calls) -> tuple[dict[str, dict[Leftover, Import]], list[LeftAlone]]:
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
