"""Code that was started beside the start-up reads a component that start-up has not set yet."""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.model import Confidence, Finding, Related, Rule
from appstate_lint.timeline import Timeline

RULE = Rule(
    "appstate-startup-race",
    "W7807",
    "'{component}' is read by {reader}, which can run before {writer} sets it ({where})",
    Confidence.MEDIUM,
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function that spawned code runs and that reads what may not be there yet."""
    for component, readers in timeline.racing():
        read, write = readers[0], component.certain_writes[0]
        yield RULE.finding(
            read.place,
            component=component.name,
            application=component.life.name,
            phase=read.phase,
            function=read.function,
            assumptions=("A4",),
            trace=[
                *timeline.path_to(read, f"{read.function} reads '{component.name}'")[-7:],
                timeline.write_step(write),
            ],
            related=[Related(each.place.file, each.place.line, "read here too") for each in readers[1:]],
            reader=read.function,
            writer=write.function,
            where=f"{write.place.file}:{write.place.line}",
        )
