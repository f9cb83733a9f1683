"""Some start-up path that ends well skips the write of a component, and a reader does not guard."""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.model import Finding, Related, Rule
from appstate_lint.timeline import Timeline

RULE = Rule(
    "appstate-maybe-uninitialized",
    "W7804",
    "'{component}' is read in {phase}, but {writer} may not have set it ({where})",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function that plainly reads a component which start-up may leave out."""
    for component, readers in (*timeline.maybe_missing(), *timeline.maybe_missing_early()):
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
