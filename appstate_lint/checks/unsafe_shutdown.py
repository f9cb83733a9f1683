"""Shutdown code that also runs after a start-up that failed half-way reads what may not have been written."""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.model import Finding, Related, Rule
from appstate_lint.timeline import Timeline

RULE = Rule(
    "appstate-unsafe-shutdown",
    "W7808",
    "'{component}' is read in {phase}, also after a start-up that fails before {writer} sets it ({where}): "
    "that hides the real error",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function that shutdown runs and that reads what a failed start-up did not set."""
    for component, readers in timeline.unsafe_at_shutdown():
        read, write = readers[0], component.certain_writes[0]
        yield RULE.finding(
            read.place,
            component=component.name,
            application=component.life.name,
            phase=read.phase,
            function=read.function,
            trace=[
                timeline.write_step(write),
                *timeline.path_to(read, f"{read.function} reads '{component.name}'")[-7:],
            ],
            related=[Related(each.place.file, each.place.line, "read here too") for each in readers[1:]],
            writer=write.function,
            where=f"{write.place.file}:{write.place.line}",
        )
