"""Each application's accesses as a story in the order of time, for people who ask when things happen."""

from __future__ import annotations

import re
from collections.abc import Iterable

from appstate_lint.model import Application, Event, Phase, Story
from appstate_lint.timeline import presence
from appstate_lint.timeline.phasing import Phasing
from appstate_lint.timeline.presence import Facts
from appstate_lint.timeline.questions import Timeline
from appstate_lint.timeline.records import Occurrence
from appstate_lint.timeline.told import Life

_HELD = {presence.HAS: "is there", presence.SOME: "is not None", presence.TRUE: "is set"}
_STRONGER = {
    **{(level, True): tuple(_HELD)[index + 1 :] for index, level in enumerate(_HELD)},
    **{(level, False): tuple(_HELD)[:index] for index, level in enumerate(_HELD)},
}
_MODULE = re.compile(r"[\w./-]+\.pyi?:")


def stories(timeline: Timeline) -> tuple[Story, ...]:
    """Return the story of every application: its events in the order in which they can happen."""
    return tuple(Story(application(life), _events(life, timeline.phasing)) for life in timeline.lives)


def application(life: Life) -> Application:
    """Return an application as reports name it."""
    return Application(life.name, life.place.file, life.place.line, life.framework, life.entry_points, bool(life.open))


def _events(life: Life, phasing: Phasing) -> tuple[Event, ...]:
    ordered = sorted(life.occurrences, key=lambda each: (each.phase.rank, each.order))
    return tuple(_event(each, phasing) for each in ordered)


def _event(each: Occurrence, phasing: Phasing) -> Event:
    return Event(
        phase=each.phase,
        named_phase=phasing.named(each.position),
        kind=each.kind,
        component=each.component,
        file=each.place.file,
        line=each.place.line,
        column=each.place.column,
        function=each.function,
        presence=presence.names(each.bits),
        conditional=each.conditional,
        conditions=tuple(sorted(_conditions(each.facts))) if each.conditional else (),
        beside=each.spawned,
        partial=each.partial and each.phase is Phase.SHUTDOWN,
        possible=each.possible,
    )


def _conditions(facts: Facts) -> Iterable[str]:
    """Yield the conditions that hold, as the source words them, without the module that they come from.

    Of what is known of one component, the strongest is enough.
    """
    for name, truth in facts:
        level, *key = name.split("\t")
        if key and any(("\t".join((stronger, *key)), truth) in facts for stronger in _STRONGER[level, truth]):
            continue
        words = f"{key[-1]!r} {_HELD[level]}" if key else _MODULE.sub("", name)
        yield words if truth else f"not {words}"


__all__ = ["application", "stories"]
