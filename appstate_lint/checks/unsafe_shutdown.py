"""Shutdown code reads what a start-up that failed half-way did not write, or what was deleted before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.readers import at_reader, where
from appstate_lint.model import Finding, Kind, Rule

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule("appstate-unsafe-shutdown", "W7808", "'{component}' is read in {phase}, {when}")


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function that shutdown runs and that reads what may not be there."""
    for component, readers, cause in timeline.unsafe_at_shutdown():
        place = f"({where(cause)})"
        when = f"also after a start-up that fails before {cause.function} sets it {place}: that hides the real error"
        if cause.kind is Kind.DELETE:
            when = f"after {cause.function} deletes it {place}"
        step = timeline.write_step(cause)
        yield at_reader(RULE, timeline, component.life.name, readers, before=[step], when=when)
