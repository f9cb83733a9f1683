"""Code of the start-up, or that serves, calls what the framework then refuses or ignores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.model import Finding, Rule
from appstate_lint.timeline.steps import call_steps

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule(
    "appstate-build-api-after-build",
    "E7819",
    "{caller} calls {name} in {phase}, when {application} has started: {effect}",
)
_EFFECTS = {
    "refused": "the framework refuses it with an exception",
    "ignored": "what it is given never comes into effect",
}


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each call on an application that comes after its build."""
    for life in timeline.lives:
        for late in life.late:
            yield RULE.finding(
                late.place,
                application=life.name,
                phase=late.phase,
                function=late.function,
                trace=[
                    *call_steps(late.stack)[-7:],
                    timeline.step(late.place, late.phase, f"{late.function} calls {late.name}"),
                ],
                caller=late.function,
                name=late.name,
                effect=_EFFECTS[late.effect],
            )
