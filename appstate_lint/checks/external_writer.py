"""A component is read that only a third-party call, which was given the application, could have written."""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.checks.causes import Cause, missing, report
from appstate_lint.model import Confidence, Finding, Rule, Step
from appstate_lint.timeline import Timeline

RULE = Rule(
    "appstate-external-writer",
    "W7840",
    "'{component}' is read in {phase}, but nothing in {application} sets it, unless {call} ({where}) does",
    Confidence.MEDIUM,
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each plain read that would be an error, had no unseen code got the application."""
    for found in missing(timeline):
        outside = timeline.handed_to(found.component.life)
        if found.guarded or found.cause is not Cause.LIBRARY or outside is None:
            continue
        place = outside.place
        step = Step(place.file, place.line, outside.phase.value, f"{outside.name} is given the application")
        where = f"{place.file}:{place.line}"
        yield report(RULE, timeline, found, [step], ("A3",), call=outside.name, where=where)
