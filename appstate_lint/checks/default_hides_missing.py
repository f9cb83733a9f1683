"""A guard asks for a component that nothing ever writes, or not before: the code always takes its fallback, silently.

Where another application that shares the guard writes the component, the guard does its work and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.causes import Cause, missing, report
from appstate_lint.checks.readers import at_reader, where
from appstate_lint.model import Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule(
    "appstate-default-hides-missing",
    "W7803",
    "{why}: this always takes its fallback",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function whose guard hides that a component is never written."""
    for found in missing(timeline):
        if found.guarded and found.cause is Cause.NOBODY:
            component = found.component
            yield report(RULE, timeline, found, [], why=f"nothing in {component.application} sets '{component.name}'")
    for component, readers, write in timeline.asked_too_early():
        yield at_reader(
            RULE,
            timeline,
            component.life.name,
            readers,
            after=[timeline.write_step(write)],
            how=", not there yet",
            why=f"'{component.name}' is asked for in {readers[0].phase.value}, before {write.function} sets it "
            f"({where(write)})",
        )
