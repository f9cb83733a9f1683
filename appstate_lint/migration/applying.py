"""A migration's mechanical part: what can be rewritten is, in memory, and the analysis looks at what comes of it.

What it would report then, and did not before, is left as it was, with the reason.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import msgspec

from appstate_lint import source
from appstate_lint.migration import journal
from appstate_lint.migration.analysis import Analysis
from appstate_lint.migration.deciding import Calls, LeftAlone, Planner
from appstate_lint.migration.edits import Call, Import, Rewrite
from appstate_lint.migration.journal import Journal, Refused
from appstate_lint.migration.leftovers import Leftover, is_fault
from appstate_lint.migration.rewriting import CannotRewrite, Missed, rewritten
from appstate_lint.migration.survey import Survey
from appstate_lint.model import Finding, Kind
from appstate_lint.timeline.presence import VALUE


class Change(msgspec.Struct, frozen=True):
    """One file, before and after."""

    file: str
    before: bytes
    after: bytes
    places: int

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        return journal.difference(self.file, self.before, self.after)


class Application(msgspec.Struct, frozen=True):
    """What ``migrate apply`` does: the changes, by file, what it leaves, and the test files that reach what changes."""

    changes: tuple[Change, ...]
    left: tuple[LeftAlone, ...]
    tests: tuple[str, ...]


Analyze: TypeAlias = Callable[[Mapping[str, str]], tuple[Survey, Iterable[Finding]]]
"""Returns the survey and the findings with some files' text (by path) laid over what is on disk."""


def prepare(
    root: Path, survey: Survey, analysis: Analysis, findings: Iterable[Finding], analyze: Analyze
) -> Application:
    """Return what can be rewritten mechanically, checked by parsing and by analysis; nothing is written.

    ``findings`` are those so far. A place is left if the component would be reported there as one that may be missing,
    and what runs before serving, or stands in for the component, if it is not proved to be there.
    """
    planner = Planner(survey, analysis)
    component = analysis.migration.component or ""
    known = [each for each in findings if is_fault(each, component)]
    while True:
        made, calls = _prepared(root, planner)
        if not calls:
            return made
        later, found = analyze({each.file: source.decode(each.after) for each in made.changes})
        brought = dict(_brought(known, [each for each in found if is_fault(each, component)], made, calls))
        brought |= dict(_unproved(later, planner, made, calls))
        if not brought:
            return made
        planner.barred |= brought


def _prepared(root: Path, planner: Planner) -> tuple[Application, Calls]:
    """Return what can be rewritten as far as parsing tells, and the calls of it."""
    calls, left = planner.calls()
    removable, kept = planner.imports(calls)
    left += kept
    changes: list[Change] = []
    for file in sorted({*calls, *removable}):
        planned = calls.get(file, {}), removable.get(file, {})
        try:
            before = source.read_bytes(root, file)
            after, dropped = _attempt(file, before, *planned)
        except (CannotRewrite, source.Unreadable) as error:
            left += [LeftAlone(leftover, str(error)) for edits in planned for leftover in edits]
            calls.pop(file, None)
            continue
        left += [LeftAlone(leftover, "it stands below a comment of its own") for leftover in dropped]
        if after != before:
            changes.append(Change(file, before, after, len(planned[0]) + len(planned[1]) - len(dropped)))
    ordered = sorted(left, key=lambda each: each.leftover.sort_key)
    return Application(tuple(changes), tuple(ordered), planner.tests(calls)), calls


def _brought(
    before: Iterable[Finding], after: Iterable[Finding], made: Application, calls: Calls
) -> Iterator[tuple[Leftover, str]]:
    """Yield the calls that had better not be replaced, for that brings findings which were not there, with the reason.

    They are those at the places of such a finding, and if there are none, all.
    """
    known = {(each.rule, *place) for each in before for place in _places(each)}
    origins = {change.file: _origins(change) for change in made.changes}
    every = {leftover for edits in calls.values() for leftover in edits}
    for finding in after:
        places = {(file, old) for file, line in _places(finding) for old in origins.get(file, {}).get(line, [line])}
        if any((finding.rule, *place) in known for place in places):
            continue
        here = {each for each in every if (each.place.file, each.place.line) in places}
        for leftover in here or every:
            yield leftover, f"{finding.rule} would be found then"


def _unproved(later: Survey, planner: Planner, made: Application, calls: Calls) -> Iterator[tuple[Leftover, str]]:
    """Yield the calls that may be replaced only where the component is surely there, and is not, with the reason.

    Any other call is left where the component is surely not there: code comes to it only then.
    """
    origins = {change.file: _origins(change) for change in made.changes}
    seen: dict[tuple[str, int], int] = {}
    for life in later.timeline.lives:
        for each in life.occurrences:
            if each.component == planner.component and each.kind is Kind.READ:
                file, line = each.place.file, each.place.line
                for old in origins.get(file, {}).get(line, []):
                    seen[file, old] = seen.get((file, old), 0) | each.bits
    for edits in calls.values():
        for leftover in edits:
            bits = seen.get((leftover.place.file, leftover.place.line))
            if leftover in planner.doubtful:
                if bits != VALUE:
                    yield leftover, planner.doubtful[leftover]
            elif bits and not bits & VALUE:
                yield leftover, f"it stands in for '{planner.component}' where that is missing"


def _places(finding: Finding) -> Iterator[tuple[str, int]]:
    """Yield file and line of the readers of a finding."""
    yield finding.file, finding.line
    yield from ((each.file, each.line) for each in finding.related)


def _origins(change: Change) -> dict[int, list[int]]:
    """Return which lines of a file before its change each line after it stands for; all 1-based."""
    before, after = (source.decode(text).split("\n") for text in (change.before, change.after))
    found: dict[int, list[int]] = {}
    for _, start, end, new, last in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        for number in range(new, last):
            same = [start + number - new + 1] if end - start == last - new else list(range(start + 1, end + 1))
            found[number + 1] = same
    return found


def _attempt(
    file: str, before: bytes, calls: Mapping[Leftover, Call], removable: Mapping[Leftover, Import]
) -> tuple[bytes, list[Leftover]]:
    """Return a file rewritten, and the imports that have to stay, for they stand below a comment of their own."""
    edits = tuple(sorted(calls.values()))
    try:
        return rewritten(before, Rewrite(file, edits, tuple(sorted(removable.values())))), []
    except Missed as missed:
        kept = {leftover: each for leftover, each in removable.items() if (each.line, each.column) not in missed.places}
        if len(kept) == len(removable):
            raise
        after = rewritten(before, Rewrite(file, edits, tuple(sorted(kept.values()))))
        return after, [leftover for leftover in removable if leftover not in kept]


# ---------------------------------------------------------------- writing


def journal_for(root: Path, migration: str, changes: tuple[Change, ...]) -> Journal:
    """Return the journal of changes, joined with that of earlier runs, which is still to be undone. Raises Refused."""
    known = journal.load(root, migration)
    entries = {each.path: each for each in known.entries} if known is not None else {}
    fresh: dict[str, journal.Entry] = {}
    for each in entries.values():
        now = journal.digest((root / each.path).read_bytes())
        if now == each.after_hash:
            fresh[each.path] = each
        elif now != each.before_hash:
            raise Refused(
                f"{each.path}: edited since it was rewritten; roll back first, or remove "
                f"{journal.path_of(root, migration)} to keep what was done for good"
            )
    for change in changes:
        before = fresh[change.file].content if change.file in fresh else change.before
        fresh[change.file] = journal.entry(root, change.file, before, change.after)
    return Journal(1, migration, tuple(fresh[path] for path in sorted(fresh)))


def refuse(root: Path, changes: tuple[Change, ...]) -> None:
    """Make sure that every file can be written and is still what was read. Raises Refused, with a line a file."""
    problems: list[str] = []
    for change in changes:
        path = root / change.file
        problem = journal.path_problem(root, change.file)
        if problem:
            problems.append(f"{change.file} {problem}")
        elif not path.stat().st_mode & 0o200:
            problems.append(f"{change.file}: it is read-only; make it writable")
        elif path.read_bytes() != change.before:
            problems.append(f"{change.file}: it has just changed; run again")
    if problems:
        raise Refused(*problems)
