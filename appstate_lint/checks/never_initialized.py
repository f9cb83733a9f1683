"""A component is read without a guard, and nothing in this application ever writes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.causes import Cause, missing, report
from appstate_lint.model import Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule(
    "appstate-never-initialized",
    "E7802",
    "'{component}' is read in {phase}, but nothing in {application} sets it{tests}",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function that plainly reads a component which nobody writes."""
    for found in missing(timeline):
        if found.guarded or found.cause is not Cause.NOBODY:
            continue
        test = timeline.test_write(found.component.name)
        words = f"; only tests do ({test.file}:{test.line})" if test else ""
        yield report(RULE, timeline, found, [], tests=words)
