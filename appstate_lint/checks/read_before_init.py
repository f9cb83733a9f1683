"""A component is read before anything can have initialized it.

Guarded reads are left to `appstate-default-hides-missing`; a component that nobody writes is
`appstate-never-initialized`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.readers import at_reader, where
from appstate_lint.model import Finding, Phase, Rule
from appstate_lint.timeline.presence import ABSENT
from appstate_lint.timeline.steps import by_function

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline
    from appstate_lint.timeline.records import Occurrence
    from appstate_lint.timeline.told import Component

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
        for readers in by_function(read for read in component.plain_reads if _too_early(timeline, component, read)):
            write = component.first_write_after(readers[0])
            if write is None:
                continue
            yield at_reader(
                RULE,
                timeline,
                component.life.name,
                readers,
                after=[timeline.write_step(write)],
                how=", not there yet",
                writer=write.function,
                later=write.phase.value,
                where=where(write),
            )


def _too_early(timeline: Timeline, component: Component, read: Occurrence) -> bool:
    """Tell whether a read surely comes before any write."""
    if read.spawned or read.possible or read.partial:
        return False
    if read.phase.rank < Phase.SERVING.rank:
        return read.bits == ABSENT
    return read.phase is Phase.SERVING and _only_at_the_end(timeline, component)


def _only_at_the_end(timeline: Timeline, component: Component) -> bool:
    """Tell whether only shutdown code writes a component: then whatever serves comes before."""
    if any(write.phase is not Phase.SHUTDOWN for write in component.writes) or timeline.doubt(component):
        return False
    return all((write.owner, write.component) not in component.life.set_at_start for write in component.writes)
