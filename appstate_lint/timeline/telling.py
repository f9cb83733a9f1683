"""The arrow project → timeline: interpret every launcher, then what none of them reaches, and join the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from appstate_lint import deep
from appstate_lint.config import Settings
from appstate_lint.frameworks import Tables
from appstate_lint.model import Access, Gap, Phase, Spot
from appstate_lint.project import Project
from appstate_lint.project.mentions import Mentions
from appstate_lint.sharing import begun
from appstate_lint.timeline.accesses import listed, untaken
from appstate_lint.timeline.accounts import ENCODER, all_accounts, decoded, gaps_of, lives_of
from appstate_lint.timeline.clients import failing
from appstate_lint.timeline.components import YIELDED
from appstate_lint.timeline.lives import without_doubles
from appstate_lint.timeline.memory import Memory
from appstate_lint.timeline.phasing import Declared, Phasing
from appstate_lint.timeline.questions import Timeline
from appstate_lint.timeline.sources import missing_sources, none_sources
from appstate_lint.timeline.sweeps import Swept, sweep_tests, sweep_unreached, written_by_libraries, written_by_tests
from appstate_lint.timeline.told import CUT_SHORT, Life, Unseen

_DEEPEST = 100_000
"""So deep calls of the interpreter may be nested."""


class Telling(msgspec.Struct, frozen=True):
    """All that interpretation found: the timeline for checks, and the accesses and dynamic places for reports."""

    timeline: Timeline
    accesses: tuple[Access, ...]
    dynamic: tuple[Spot, ...]
    notes: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


def interpret(
    project: Project,
    tables: Tables,
    settings: Settings,
    unseen: Iterable[Unseen],
    watched: Mapping[str, tuple[str, ...]] | None = None,
    include_tests: bool = False,
    memory: Memory | None = None,
    jobs: int = 1,
) -> Telling:
    """Return the timeline of all applications of a project; runs in a thread with a stack for deep call chains.

    With ``watched``, note is taken of what components are made from, and of the presence of the components that it
    gives where the one that is their key is written. What ``memory`` has of a launcher is not interpreted again. With
    ``jobs``, so many processes interpret launchers.
    """
    phasing = Phasing(project, settings)
    with deep.uncollected():
        return deep.with_large_stack(
            lambda: _interpret(project, tables, settings, tuple(unseen), phasing, watched, include_tests, memory, jobs),
            _DEEPEST,
        )


def _interpret(
    project: Project,
    tables: Tables,
    settings: Settings,
    unseen: tuple[Unseen, ...],
    phasing: Phasing,
    watched: Mapping[str, tuple[str, ...]] | None,
    include_tests: bool,
    memory: Memory | None,
    jobs: int,
) -> Telling:
    mentions = Mentions(project, tables)
    declared = Declared(phasing if phasing.active else None, watched or {}, watched is not None)
    swept = begun(lambda: ENCODER.encode(sweep_tests(project, tables, mentions)), jobs if project.tests else 1)
    accounts = all_accounts(project, tables, mentions, declared, memory, jobs)
    lives, notes = _chosen(without_doubles(lives_of(accounts, project.modules)), settings.applications)
    reached = {each for account in accounts for each in account.reached}
    imported = {file for account in accounts for file in account.imported}
    sweep = sweep_unreached(project, tables, mentions, reached, imported)
    test_sweep = (decoded(swept(), Swept) or sweep_tests(project, tables, mentions)) if project.tests else None
    unreached = tuple(sweep.records.occurrences.values())
    tests = written_by_tests(test_sweep, project, mentions.shapes)
    written_outside = frozenset(settings.external_writers) | written_by_libraries(project, tables)
    blind = test_sweep is None or any(writes for _, _, writes, _ in test_sweep.dynamic)
    timeline = Timeline(
        lives,
        unreached=unreached,
        tests=tests,
        in_tests=() if test_sweep is None else test_sweep.occurrences,
        unseen=unseen,
        none_sources=none_sources(accounts, project, tables),
        missing_sources=missing_sources(project, tables),
        failing=() if blind else failing(project, tables, mentions, lives, {*tests, *written_outside}),
        written_outside=written_outside,
        read_outside=frozenset(settings.external_readers) | tables.read_outside,
        phasing=phasing,
    )
    extra = test_sweep.occurrences if include_tests and test_sweep is not None else ()
    taken = {each.place for life in lives for each in life.occurrences} | {each.place for each in unreached}
    rest = untaken(project, tables, mentions, reached, taken)
    accesses = listed(lives, (*unreached, *extra), rest.occurrences, phasing)
    gaps = [gap for account in accounts for gap in gaps_of(account, project)]
    gaps += _cut_short(lives, sweep.exhausted or (test_sweep is not None and test_sweep.exhausted), rest.exhausted)
    dynamic = _dynamic(*(account.dynamic for account in accounts), sweep.records.dynamic)
    return Telling(timeline, accesses, dynamic, notes, tuple(gaps))


def _chosen(lives: list[Life], applications: tuple[str, ...]) -> tuple[list[Life], tuple[str, ...]]:
    """Return the lives of the ``applications`` that settings name, all if there are none; and what is not found."""
    strange = sorted(name for name in applications if not any(life.is_called(name) for life in lives))
    notes = tuple(
        f"applications names {name!r}, which was not found among {', '.join(life.name for life in lives) or 'none'}"
        for name in strange
    )
    if len(strange) < len(applications):
        lives = [life for life in lives if any(map(life.is_called, applications))]
    return lives, notes


def _dynamic(*noted: Iterable[tuple[str, int, bool, str]]) -> tuple[Spot, ...]:
    """Return the places that access components by names that are not known."""
    return tuple(
        sorted({Spot(file, line) for places in noted for file, line, _, owner in places if not owner.endswith(YIELDED)})
    )


def _cut_short(lives: Iterable[Life], unreached: bool, ways: bool) -> Iterator[Gap]:
    """Yield what ran out of its budget: applications, ``unreached`` code, accesses on ``ways`` that nothing takes."""
    for life in lives:
        if life.exhausted:
            yield Gap(life.place.file, life.place.line, f"{life.name}: {CUT_SHORT}")
    if unreached:
        yield Gap("", 0, f"code that no application reaches: {CUT_SHORT}")
    if ways:
        yield Gap("", 0, f"accesses on ways that nothing takes: {CUT_SHORT}")


__all__ = ["Phase", "Telling", "interpret"]
