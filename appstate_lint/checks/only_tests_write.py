"""A guard asks for a component that only tests write: production takes the fallback, tests see a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.causes import Cause, missing, report
from appstate_lint.model import Finding, Rule, Step

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule(
    "appstate-only-tests-write",
    "W7816",
    "only tests set '{component}' ({where}): in {application} this always takes its fallback",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function whose guard is true in tests only."""
    for found in missing(timeline):
        place = timeline.test_write(found.component.name)
        if found.cause is not Cause.TESTS or place is None:
            continue
        step = Step.of_write(place, "unreached", "a test writes it")
        yield report(RULE, timeline, found, [step], where=f"{place.file}:{place.line}")
