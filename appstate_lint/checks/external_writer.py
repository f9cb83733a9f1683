"""A component is read that only a third-party call, which was given the application, could have written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.causes import Cause, Missing, missing, report
from appstate_lint.model import Confidence, Finding, Rule, Step

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule(
    "appstate-external-writer",
    "W7840",
    "'{component}' is read in {phase}, but nothing in {application} sets it, unless {call} ({where}) does",
    Confidence.MEDIUM,
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield one finding for each component whose plain reads would be errors, had no unseen code got the application.

    All its readers stand in that one finding: where the call does write it, one answer is enough.
    """
    for found in _by_component(missing(timeline)):
        outside = timeline.handed_to(found.component.life)
        if outside is None:
            continue
        place = outside.place
        step = Step(place.file, place.line, outside.phase.value, f"{outside.name} is given the application")
        where = f"{place.file}:{place.line}"
        yield report(RULE, timeline, found, [step], ("A3",), call=outside.name, where=where)


def _by_component(several: Iterator[Missing]) -> Iterator[Missing]:
    """Yield the plain readers of each component of each application together."""
    joined: dict[int, Missing] = {}
    for found in several:
        if found.guarded or found.cause is not Cause.LIBRARY:
            continue
        known = joined.get(id(found.component))
        readers = [*known.readers, *found.readers] if known is not None else found.readers
        joined[id(found.component)] = found._replace(readers=readers)
    yield from joined.values()
