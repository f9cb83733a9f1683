"""Some start-up path that ends well skips the write of a component, and a reader does not guard.

What is missing because start-up swallows its own failure is left to `appstate-startup-swallowed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.readers import at_reader, where
from appstate_lint.model import Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule(
    "appstate-maybe-uninitialized",
    "W7804",
    "'{component}' is read in {phase}, but {writer} may not have set it ({where})",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function that plainly reads a component which start-up may leave out."""
    for component, readers in timeline.maybe_missing:
        if timeline.swallow_of(component, readers) is not None:
            continue
        write = component.certain_writes[0]
        yield at_reader(
            RULE,
            timeline,
            component.life.name,
            readers,
            before=[timeline.write_step(write)],
            writer=write.function,
            where=where(write),
        )
