"""Two writes on one path put two different objects into a component: the first may already be in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.readers import where
from appstate_lint.model import Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule(
    "appstate-double-init",
    "W7809",
    "'{component}' is set again in {phase}, to another object than {writer} made in {earlier} ({where})",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding at each write that replaces a live object by a second one before serving."""
    for component, first, second in timeline.replaced():
        yield RULE.finding(
            second.place,
            component=component.name,
            application=component.life.name,
            phase=second.phase,
            function=second.function,
            trace=[
                timeline.write_step(first),
                *timeline.path_to(second, f"{second.function} writes '{component.name}' again")[-7:],
            ],
            writer=first.function,
            earlier=first.phase.value,
            where=where(first),
        )
