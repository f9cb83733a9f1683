"""A guard asks for a component that nothing ever writes: the code always takes its fallback, silently.

Where another application that shares the guard writes the component, the guard does its work and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.checks.causes import Cause, missing, report
from appstate_lint.model import Finding, Rule
from appstate_lint.timeline import Timeline

RULE = Rule(
    "appstate-default-hides-missing",
    "W7803",
    "nothing in {application} sets '{component}': this always takes its fallback",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function whose guard hides that a component is never written."""
    for found in missing(timeline):
        if found.guarded and found.cause is Cause.NOBODY:
            yield report(RULE, timeline, found, [])
