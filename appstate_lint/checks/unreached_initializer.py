"""The only code that writes a component is code that no entry point of the application reaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.causes import Cause, missing, report
from appstate_lint.model import Confidence, Finding, Rule, Step

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule(
    "appstate-unreached-initializer",
    "W7815",
    "'{component}' is only set by {writer} ({where}), which nothing in {application} runs",
    Confidence.MEDIUM,
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function that reads what only dead code writes."""
    for found in missing(timeline):
        write = timeline.unreached_write(found.component.name)
        if found.cause is not Cause.UNREACHED or write is None:
            continue
        place = write.place
        step = Step.of_write(place, "unreached", f"{write.function} would write it, but is never run")
        where = f"{place.file}:{place.line}"
        yield report(RULE, timeline, found, [step], ("A2",), writer=write.function, where=where)
