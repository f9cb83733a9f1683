"""Two applications share a reader, and only one of them ever writes what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.causes import Cause, missing, report
from appstate_lint.checks.readers import where
from appstate_lint.model import Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule(
    "appstate-missing-in-application",
    "E7805",
    "'{component}' is read in {phase}, but only {other} sets it ({where}); {application} runs this reader too",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function that plainly reads what only another application writes."""
    for found in missing(timeline):
        elsewhere = timeline.written_elsewhere(found.component)
        if found.guarded or found.cause is not Cause.OTHER_APPLICATION or elsewhere is None:
            continue
        other, write = elsewhere
        spot = where(write)
        yield report(RULE, timeline, found, [timeline.write_step(write)], other=other, where=spot)
