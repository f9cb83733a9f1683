"""Start-up catches its own failure and goes on: what is then missing is read unguarded while serving."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.readers import where
from appstate_lint.model import Finding, Phase, Related, Rule
from appstate_lint.timeline.steps import call_steps

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline
    from appstate_lint.timeline.records import Occurrence, Swallow
    from appstate_lint.timeline.told import Component

RULE = Rule(
    "appstate-startup-swallowed",
    "W7813",
    "a failure of {phase} ends here, and the application serves without '{component}'{others}, "
    "which {reader} reads ({where})",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each place where start-up swallows a failure that serving code then meets."""
    groups: dict[tuple[str, Swallow], list[tuple[Component, list[Occurrence]]]] = {}
    for component, readers in timeline.maybe_missing:
        swallow = timeline.swallow_of(component, readers)
        if swallow is not None:
            groups.setdefault((component.life.name, swallow), []).append((component, readers))
    for (application, swallow), found in groups.items():
        component, readers = found[0]
        read = readers[0]
        write = component.certain_writes[0]
        names = sorted({each.name for each, _ in found} - {component.name})
        place = swallow.place
        yield RULE.finding(
            place,
            component=component.name,
            application=application,
            phase=Phase.STARTUP,
            function=swallow.function,
            trace=[
                *call_steps(swallow.stack)[-1:],
                timeline.write_step(write),
                timeline.step(place, Phase.STARTUP, f"{swallow.function} goes on when that fails"),
                *timeline.path_to(read, f"{read.function} reads '{component.name}'")[-5:],
            ],
            related=[
                Related(each.place.file, each.place.line, f"'{each.component}' is read here")
                for _, several in found
                for each in several
            ][1:],
            others="".join(f", '{name}'" for name in names),
            reader=read.function,
            where=where(read),
        )
