"""Code that was started beside the start-up reads a component that start-up has not set yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.readers import at_reader, where
from appstate_lint.model import Confidence, Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule(
    "appstate-startup-race",
    "W7807",
    "'{component}' is read by {reader}, which can run before {writer} sets it ({where})",
    Confidence.MEDIUM,
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function that spawned code runs and that reads what may not be there yet."""
    for component, readers in timeline.racing():
        write = component.certain_writes[0]
        yield at_reader(
            RULE,
            timeline,
            component.life.name,
            readers,
            after=[timeline.write_step(write)],
            assumptions=("A4",),
            reader=readers[0].function,
            writer=write.function,
            where=where(write),
        )
