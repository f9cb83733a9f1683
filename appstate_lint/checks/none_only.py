"""Every write of a component stores ``None``, and a reader uses it all the same."""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.model import Finding, Related, Rule
from appstate_lint.timeline import Timeline

RULE = Rule(
    "appstate-none-only",
    "W7806",
    "'{component}' is read in {phase}, but every write in {application} stores None ({where})",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding at the first reader of a component that only ever holds ``None``."""
    for component in timeline.none_only():
        read, write = component.reads[0], component.writes[0]
        yield RULE.finding(
            read.place,
            component=component.name,
            application=component.life.name,
            phase=read.phase,
            function=read.function,
            suggestion=timeline.near_name(component),
            trace=[
                timeline.write_step(write),
                *timeline.path_to(read, f"{read.function} reads '{component.name}'")[-7:],
            ],
            related=[Related(each.place.file, each.place.line, "read here too") for each in component.reads[1:]],
            where=f"{write.place.file}:{write.place.line}",
        )
