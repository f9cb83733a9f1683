"""One migration, analyzed: its consumers with what reaches them, and the risk of moving them, with its reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from appstate_lint.config import Migration
from appstate_lint.facts import flow
from appstate_lint.migration.leftovers import Leftover
from appstate_lint.migration.reach import Reach, Reached
from appstate_lint.migration.survey import Survey
from appstate_lint.model import Left, Phase
from appstate_lint.project.launchers import MODULE
from appstate_lint.project.meanings import Meanings, Scope

_SAFEST = ("test", "route", "dependency", "websocket", "handler", "middleware", "background", "start-up", "launcher",
           "shutdown", "import")  # fmt: skip


class Consumer(msgspec.Struct, frozen=True):
    """A place that still uses the old way, and the entry points that reach it, each kind of these once in ``kinds``."""

    leftover: Leftover
    reached: tuple[Reached, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of entry points, the safest to change first."""
        kinds = {each.kind for each in self.reached} or ({"test"} if self.leftover.is_test else set())
        return tuple(sorted(kinds, key=_SAFEST.index))

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases in which the place runs, in the order of time."""
        found = {each.phase for each in self.reached if each.phase is not None}
        return tuple(sorted(found, key=lambda phase: phase.rank))


class Reason(msgspec.Struct, frozen=True):
    """One reason for a risk: how much it adds, and why."""

    points: int
    text: str


class Analysis(msgspec.Struct, frozen=True):
    """A migration's consumers, in the order of place, and the risk: its level and reasons, the heaviest first."""

    migration: Migration
    accessors: tuple[tuple[str, str, int, str], ...]
    """Dotted name, file (empty if it is gone), line and kind of each accessor."""
    consumers: tuple[Consumer, ...]
    initializers: tuple[tuple[str, int, str], ...]
    """File, line and phase of each write of the component."""
    reasons: tuple[Reason, ...]
    unparsable: tuple[str, ...] = ()

    @property
    def points(self) -> int:
        """The sum of the reasons."""
        return sum(each.points for each in self.reasons)

    @property
    def weight(self) -> str:
        """The points in words."""
        return _count(self.points, "point")

    @property
    def risk(self) -> str:
        """The level: low below 5 points, high from 12."""
        return "low" if self.points < 5 else "medium" if self.points < 12 else "high"

    @property
    def left(self) -> tuple[Consumer, ...]:
        """The consumers that the migration does not allow."""
        return tuple(each for each in self.consumers if not each.leftover.allowed)


def analyze(survey: Survey, migration: Migration) -> Analysis:
    """Return the analysis of one declared migration."""
    reach = survey.reach
    consumers = tuple(
        Consumer(each, reach.of(each.place.file, each.index) if not each.final else ())
        for each in survey.leftovers
        if each.migration.name == migration.name
    )
    accessors = tuple(
        (
            survey.dotted(each),
            each.definition.file if each.kind not in ("missing", "external") else "",
            each.at[0],
            each.kind,
        )
        for each in survey.accessors
        if each.migration.name == migration.name
    )
    initializers = tuple(survey.writes_of(migration.component))
    unparsable = tuple(survey.unparsable(migration))
    reasons = sorted(
        _reasons(survey, reach, migration, consumers, initializers, unparsable),
        key=lambda each: (-each.points, each.text),
    )
    return Analysis(migration, accessors, consumers, initializers, tuple(reasons), unparsable)


def _reasons(
    survey: Survey, reach: Reach, migration: Migration, consumers: tuple[Consumer, ...],
    initializers: tuple[tuple[str, int, str], ...], unparsable: Iterable[str],
) -> Iterator[Reason]:  # fmt: skip
    """Yield what makes the move risky, with the points that each adds."""
    product = [each for each in consumers if not each.leftover.is_test and not each.leftover.final]
    files = {each.leftover.place.file for each in product}
    if files:
        yield Reason(min(len(files), 6), f"{_count(len(files), 'file')} of the product {_verb(files)} the old way")
    kinds = Counter(kind for each in product for kind in each.kinds)
    late = [kind for kind in ("websocket", "background", "middleware", "shutdown") if kinds[kind]]
    if late:
        yield Reason(len(late), f"{_list(late)} code uses it, where no request is at hand or a failure is seen late")
    phases = {phase for each in product for phase in each.phases}
    if len(phases) > 1:
        names = [phase.value for phase in sorted(phases, key=lambda each: each.rank)]
        yield Reason(2 * (len(phases) - 1), f"the uses cross {len(phases)} phases: {_list(names)}")
    first = min((Phase(phase).rank for _, _, phase in initializers if phase in _RANKED), default=None)
    early = [each for each in product if first is not None and any(phase.rank < first for phase in each.phases)]
    if early:
        place = early[0].leftover.place
        yield Reason(
            3, f"{_count(len(early), 'use')} before the component is set, the first at {place.file}:{place.line}"
        )
    if migration.component and first is None:
        yield Reason(2, f"nothing sets component '{migration.component}' yet")
    unguarded = [each for each in product if _is_unguarded(survey, each.leftover)]
    if unguarded:
        yield Reason(1, f"{_count(len(unguarded), 'use')} of the result without asking whether it is there")
    if unreached := [each for each in product if not each.reached]:
        yield Reason(1, f"{_count(len(unreached), 'use')} that no entry point seen reaches")
    dynamic = tuple(_dynamic(survey, migration))
    if dynamic:
        yield Reason(
            2 * min(len(dynamic), 3),
            f"names that are not known are taken from a module with an accessor: {_list(dynamic)}",
        )
    patches = [each for each in consumers if each.leftover.is_test]
    if patches:
        tests = {each.leftover.place.file for each in patches}
        yield Reason(
            min(1 + len(tests) // 5, 4), f"{_count(len(patches), 'place')} in {_count(len(tests), 'test file')}"
        )
    for file in unparsable:
        yield Reason(3, f"{file} mentions it and cannot be parsed")


_RANKED = frozenset(phase.value for phase in Phase)


def _is_unguarded(survey: Survey, leftover: Leftover) -> bool:
    """Tell whether the result of a call is dereferenced at once."""
    if leftover.kind is not Left.ACCESSOR or leftover.form != "call":
        return False
    facts = survey.project.facts[leftover.place.file]
    start = (leftover.place.line, leftover.place.column)
    for node in flow.nodes(facts.body, facts.functions, facts.classes):
        if isinstance(node, flow.Attr) and node.at[:2] == start:
            value = node.value.value if isinstance(node.value, flow.Await) else node.value
            if isinstance(value, flow.Call) and value.at[:2] == start:
                return True
    return False


def _dynamic(survey: Survey, migration: Migration) -> Iterator[str]:
    """Yield the places that take attributes by unknown names from a module in which an accessor is defined."""
    homes = {each.definition.file for each in survey.accessors if each.migration.name == migration.name} - {""}
    meanings = Meanings(survey.project)
    for file, facts in survey.project.facts.items():
        for index, block in [(MODULE, facts.body), *enumerate(facts.functions)]:
            for node in flow.nodes(block):
                if isinstance(node, flow.Call) and flow.last_name(node.func) == "getattr" and len(node.args) > 1:
                    if isinstance(node.args[1], flow.Const):
                        continue
                    owner = meanings.of(node.args[0], Scope(file, index))
                    if owner is not None and owner.kind == "module" and owner.file in homes:
                        yield f"{file}:{node.at[0]}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _verb(several: Iterable[object]) -> str:
    return "uses" if len(tuple(several)) == 1 else "use"


def _list(words: Iterable[str]) -> str:
    words = list(words)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
