"""The accesses of a project, one for each place in the source, also where no way through running code comes to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple, TypeAlias

import msgspec

from appstate_lint.frameworks import Tables
from appstate_lint.model import Access, Kind, Phase, Place
from appstate_lint.project import Project
from appstate_lint.project.mentions import Mentions
from appstate_lint.timeline import presence
from appstate_lint.timeline.life import Sweep
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.phasing import Phasing
from appstate_lint.timeline.records import Occurrence
from appstate_lint.timeline.told import Life
from appstate_lint.timeline.values import Value

Seen: TypeAlias = tuple[Occurrence, str]
"""An access as it happens, and the name of the application in which it does."""
At: TypeAlias = tuple[Place, str, Kind]
"""Where an access is, of which component, and what it does."""


def listed(
    lives: Iterable[Life], unreached: Iterable[Occurrence], rest: Iterable[Occurrence], phasing: Phasing
) -> tuple[Access, ...]:
    """Return one element for each place in the source, its phases joined over applications.

    The ``rest`` is what :func:`untaken` returns: it is listed in the phases in which the function around it runs, and
    finds nothing there.
    """
    grouped: dict[At, list[Seen]] = {}
    for life in lives:
        for each in life.occurrences:
            grouped.setdefault((each.place, each.component, each.kind), []).append((each, life.name))
    for each in unreached:
        grouped.setdefault((each.place, each.component, each.kind), [(each, "")])
    around = _by_function(lives)
    for each in rest:
        several = [(_elsewhere(each, phase), name) for phase, name in _runs(each, around).items()]
        grouped.setdefault((each.place, each.component, each.kind), several)
    keys = sorted(grouped, key=lambda key: (key[0], key[1], key[2].value))
    return tuple(_access(key, grouped[key], phasing) for key in keys)


def _access(key: At, several: list[Seen], phasing: Phasing) -> Access:
    """Return an access as reports list it."""
    place, component, kind = key
    beside = {Phase.STARTUP for each, _ in several if each.spawned}
    phases = sorted({each.phase for each, _ in several} | beside, key=lambda phase: phase.rank)
    bits = position = 0
    for each, _ in several:
        bits |= each.bits
        position |= each.position
    first, application = several[0]
    return Access(
        file=place.file,
        line=place.line,
        column=place.column,
        end_line=place.end_line,
        end_column=place.end_column,
        component=component,
        kind=kind,
        phase=phases[0],
        phases=tuple(phases),
        named_phase=phasing.named(position) if phases[0] is Phase.STARTUP else None,
        application=application,
        function=first.function,
        conditional=all(each.conditional for each, _ in several),
        presence=presence.names(bits),
    )


def _by_function(lives: Iterable[Life]) -> dict[tuple[str, str], dict[Phase, str]]:
    """Return in which phases functions, by file and name, access state, and in which application first."""
    found: dict[tuple[str, str], dict[Phase, str]] = {}
    for life in lives:
        for each in life.occurrences:
            found.setdefault((each.place.file, each.function), {}).setdefault(each.phase, life.name)
    return found


def _runs(seen: Occurrence, around: Mapping[tuple[str, str], Mapping[Phase, str]]) -> Mapping[Phase, str]:
    """Return in which phases the function of an access accesses state, or else the function that it is nested in."""
    function = seen.function
    while function:
        found = around.get((seen.place.file, function))
        if found is not None:
            return found
        function = function.rpartition(".<locals>.")[0]
    return {Phase.UNREACHED: ""}


def _elsewhere(seen: Occurrence, phase: Phase) -> Occurrence:
    """Return an access that nothing comes to, as one of another phase."""
    return msgspec.structs.replace(seen, phase=phase, bits=0)


# ---------------------------------------------------------------- ways that nothing takes


class Untaken(NamedTuple):
    """Accesses of running code on ways that nothing takes; ``exhausted`` tells that a budget left some out."""

    occurrences: tuple[Occurrence, ...]
    exhausted: bool


def untaken(
    project: Project, tables: Tables, mentions: Mentions, reached: Iterable[tuple[str, int]], taken: Set[Place]
) -> Untaken:
    """Return the accesses in the functions of ``reached`` (file and index) that are at none of the places ``taken``.

    A guard that is always passed, or a value that is always the same, leaves the code behind it out. That code is run
    here as if every test could end either way, and only where it looks as if it had more accesses than were met.
    """
    partly = [each for each in sorted(reached) if each[0] not in project.tests and _has_more(*each, mentions, taken)]
    sweep = _BothWays(project, tables, mentions, None)
    sweep.sweep(iter(partly), iter(()))
    own = {(file, project.function(file, index).qualname) for file, index in partly}
    seen = (each for each in sweep.records.occurrences.values() if (each.place.file, each.function) in own)
    return Untaken(tuple(each for each in seen if each.place not in taken), sweep.exhausted)


class _BothWays(Sweep):
    """Goes both ways at every test."""

    def split(self, value: Value, path: Path) -> tuple[Path | None, Path | None]:
        """Return two paths that know nothing of ``value``; none where ``path`` has ended."""
        return (None, None) if path.dead else (path, path.fork())


def _has_more(file: str, index: int, mentions: Mentions, taken: Set[Place]) -> bool:
    """Tell whether a function has what looks like an access at another place than those ``taken``."""
    if not mentions.touches(file, index):
        return False
    body = mentions.project.function(file, index).body
    return any(Place(file, *at) not in taken for at in mentions.shapes.accesses(body))
