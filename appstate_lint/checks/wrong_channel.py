"""A component is kept in one of two places, application state or what the lifespan yields, and read from the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.causes import Cause, missing
from appstate_lint.checks.readers import at_reader, where
from appstate_lint.model import Finding, Phase, Rule

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline
    from appstate_lint.timeline.records import Occurrence
    from appstate_lint.timeline.told import Life

RULE = Rule(
    "appstate-wrong-channel",
    "E7812",
    "'{component}' is read from {here}, but {writer} {puts} ({where})",
)

_YIELDS = "yields it, which puts it on the state of requests"


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each function that plainly reads a component from the state that does not have it."""
    for found in missing(timeline):
        write = timeline.yielded_write(found.component)
        if found.cause is Cause.CHANNEL and write is not None:
            yields = write.phase is Phase.STARTUP
            words = ("application state", _YIELDS if yields else "puts it on the request")
            yield _finding(timeline, found.component.life, found.readers, write, *words)
    for life in timeline.lives:
        for readers in timeline.unset_in_requests(life):
            for component in timeline.named(life, readers[0].component):
                if component.certain_writes:
                    words = ("the state of the request", "puts it on the application's")
                    yield _finding(timeline, life, readers, component.certain_writes[0], *words)
                    break


def _finding(
    timeline: Timeline, life: Life, readers: list[Occurrence], write: Occurrence, here: str, puts: str
) -> Finding:
    return at_reader(
        RULE,
        timeline,
        life.name,
        readers,
        before=[timeline.write_step(write)],
        how=f" from {here}",
        here=here,
        writer=write.function,
        puts=puts,
        where=where(write),
    )
