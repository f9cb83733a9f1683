"""A component is written, and nothing here, nor a known library, reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.model import Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule("appstate-never-read", "I7814", "'{component}' is set in {phase}, but nothing in {application} reads it")


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding at the first write of each component that has no reader."""
    for component in timeline.all_components():
        if not component.certain_writes or not timeline.is_unread(component):
            continue
        write = component.certain_writes[0]
        yield RULE.finding(
            write.place,
            component=component.name,
            application=component.life.name,
            phase=write.phase,
            function=write.function,
            trace=timeline.path_to(write, f"{write.function} writes '{component.name}'"),
        )
