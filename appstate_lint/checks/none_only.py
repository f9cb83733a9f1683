"""Every write of a component stores ``None``, and a reader uses it all the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.readers import at_reader, where
from appstate_lint.model import Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule(
    "appstate-none-only",
    "W7806",
    "'{component}' is read in {phase}, but every write in {application} stores None ({where})",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding at the first reader of a component that only ever holds ``None``."""
    for component in timeline.none_only():
        write = component.writes[0]
        yield at_reader(
            RULE,
            timeline,
            component.life.name,
            component.reads,
            before=[timeline.write_step(write)],
            suggestion=timeline.near_name(component),
            where=where(write),
        )
