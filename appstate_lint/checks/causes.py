"""Why a component that is read has no value: of several causes the first that holds (RULES section 1)."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from appstate_lint.model import Finding, Related, Rule, Step
from appstate_lint.timeline.steps import by_function

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline
    from appstate_lint.timeline.records import Occurrence
    from appstate_lint.timeline.told import Component


class Cause(enum.Enum):
    """Who, if anybody, writes a component that its application never gets."""

    OTHER_APPLICATION = 1
    CHANNEL = 2
    UNREACHED = 3
    TESTS = 4
    LIBRARY = 5
    NOBODY = 6


class Missing(NamedTuple):
    """Readers in one function of a component that is never written, for one cause; the first is the place."""

    component: Component
    cause: Cause
    guarded: bool
    readers: list[Occurrence]


def missing(timeline: Timeline) -> Iterator[Missing]:
    """Yield the readers of unwritten components, grouped by function."""
    for component in timeline.unwritten:
        guards = () if timeline.is_optional(component) else component.guarded_reads
        for readers in by_function((*component.plain_reads, *guards)):
            plain = [read for read in readers if read in component.plain_reads]
            ordered = sorted(plain, key=_by_line) + sorted((r for r in readers if r not in plain), key=_by_line)
            guarded = not plain
            yield Missing(component, cause_of(timeline, component, guarded), guarded, _distinct(ordered))


def _by_line(read: Occurrence) -> tuple[str, int, int]:
    return (read.place.file, read.place.line, read.place.column)


def _distinct(readers: list[Occurrence]) -> list[Occurrence]:
    """Return readers with each place once."""
    return list({read.place: read for read in reversed(readers)}.values())[::-1]


def cause_of(timeline: Timeline, component: Component, guarded: bool) -> Cause:
    """Return the first cause that holds for an unwritten component."""
    if timeline.written_elsewhere(component):
        return Cause.OTHER_APPLICATION
    if not guarded and timeline.yielded_write(component):
        return Cause.CHANNEL
    if timeline.unreached_write(component.name):
        return Cause.UNREACHED
    if guarded and timeline.test_write(component.name):
        return Cause.TESTS
    if not guarded and timeline.handed_to(component.life):
        return Cause.LIBRARY
    return Cause.NOBODY


def report(
    rule: Rule,
    timeline: Timeline,
    found: Missing,
    before: list[Step],
    assumptions: tuple[str, ...] = (),
    **words: object,
) -> Finding:
    """Return the finding of ``rule`` for missing readers; ``before`` are the steps of who writes instead."""
    component, read = found.component, found.readers[0]
    near = timeline.near_name(component)
    verb = "asks for" if found.guarded else "reads"
    steps = [*timeline.near_step(component, near), *before]
    path = timeline.path_to(read, f"{read.function} {verb} '{component.name}', which is not there")
    trace = [*steps, *path[-(8 - len(steps)) :]]
    related = [
        Related(each.place.file, each.place.line, f"'{component.name}' is read here too") for each in found.readers[1:]
    ]
    finding = rule.finding(
        read.place,
        component=component.name,
        application=component.application,
        phase=read.phase,
        function=read.function,
        suggestion=near,
        assumptions=(*assumptions, *(("A1",) if read.possible else ())),
        trace=trace,
        related=related,
        **words,
    )
    return msgspec.structs.replace(finding, application=component.life.name, applications=(component.life.name,))
