"""Shutdown code reads what a start-up that failed half-way did not write, or what was deleted before."""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.model import Finding, Kind, Related, Rule
from appstate_lint.timeline import Timeline

RULE = Rule("appstate-unsafe-shutdown", "W7808", "'{component}' is read in {phase}, {when}")


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function that shutdown runs and that reads what may not be there."""
    for component, readers, cause in timeline.unsafe_at_shutdown():
        read, where = readers[0], f"({cause.place.file}:{cause.place.line})"
        deleted = cause.kind is Kind.DELETE
        yield RULE.finding(
            read.place,
            component=component.name,
            application=component.life.name,
            phase=read.phase,
            function=read.function,
            trace=[
                timeline.write_step(cause),
                *timeline.path_to(read, f"{read.function} reads '{component.name}'")[-7:],
            ],
            related=[Related(each.place.file, each.place.line, "read here too") for each in readers[1:]],
            when=f"after {cause.function} deletes it {where}"
            if deleted
            else f"also after a start-up that fails before {cause.function} sets it {where}: that hides the real error",
        )
