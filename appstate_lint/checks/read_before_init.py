"""A component is read before anything can have initialized it.

Guarded reads are left to `appstate-default-hides-missing`; a component that nobody writes is
`appstate-never-initialized`.
"""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.model import Finding, Phase, Related, Rule
from appstate_lint.timeline import Timeline
from appstate_lint.timeline.presence import ABSENT
from appstate_lint.timeline.questions import Component
from appstate_lint.timeline.records import Occurrence

RULE = Rule(
    "appstate-read-before-init",
    "E7801",
    "'{component}' is read in {phase}, before {writer} sets it in {later} ({where})",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function that plainly reads a component before its first write."""
    for component in timeline.all_components():
        if component.life.open or component.life.exhausted or component.name in timeline.written_outside:
            continue
        groups: dict[tuple[str, str], list[Occurrence]] = {}
        for read in component.plain_reads:
            if read.spawned or read.possible or read.partial:
                continue
            early = read.phase.rank < Phase.SERVING.rank and read.bits == ABSENT
            if early or (read.phase is Phase.SERVING and _only_at_the_end(timeline, component)):
                groups.setdefault((read.place.file, read.function), []).append(read)
        for readers in groups.values():
            read = readers[0]
            write = component.first_write_after(read)
            if write is None:
                continue
            step = timeline.write_step(write)
            yield RULE.finding(
                read.place,
                component=component.name,
                application=component.life.name,
                phase=read.phase,
                function=read.function,
                trace=[*timeline.path_to(read, f"{read.function} reads '{component.name}', not there yet")[-7:], step],
                related=[Related(each.place.file, each.place.line, "read here too") for each in readers[1:]],
                writer=write.function,
                later=write.phase.value,
                where=f"{write.place.file}:{write.place.line}",
            )


def _only_at_the_end(timeline: Timeline, component: Component) -> bool:
    """Tell whether only shutdown code writes a component: then whatever serves comes before."""
    if any(write.phase is not Phase.SHUTDOWN for write in component.writes) or timeline.doubt(component):
        return False
    return all((write.owner, write.component) not in component.life.set_at_start for write in component.writes)
