"""Findings of misspelt names → the files in which the readers ask for the name that was meant; nothing is written here.

A rename is analyzed before it is offered: readers that only then can run are renamed too, and one that brings another
finding is not safe. What is not renamed is listed, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec

from appstate_lint import source
from appstate_lint.checks.causes import Cause, missing
from appstate_lint.engine import Examined
from appstate_lint.migration.applying import Change
from appstate_lint.migration.edits import Name, Rewrite
from appstate_lint.migration.rewriting import CannotRewrite, Missed, rewritten
from appstate_lint.migration.survey import Survey
from appstate_lint.model import Finding, Kind, Place, Severity
from appstate_lint.spelling import Meant, Spelling
from appstate_lint.timeline.told import Component

RULES = frozenset({"appstate-never-initialized", "appstate-default-hides-missing"})
"""The rules that say of a component that nobody writes it."""

Analyze: TypeAlias = Callable[[Mapping[str, str]], Examined]
"""Analyzes the project with some files' text (by path) laid over what is on disk."""


class Spelt(msgspec.Struct, frozen=True, order=True):
    """A reader of a misspelt name, and the name that was meant; ``reason`` says why it is left, empty if it is not."""

    file: str
    line: int
    old: str
    new: str
    reason: str = ""


class Fixes(msgspec.Struct, frozen=True):
    """What is to change, by file; the readers that are renamed, and those that are left; what is found after that."""

    changes: tuple[Change, ...]
    renamed: tuple[Spelt, ...]
    left: tuple[Spelt, ...]
    examined: Examined


class _Key(NamedTuple):
    """One component of one application."""

    application: str
    owner: str
    name: str


def fixable(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that suggest another name for a component that nobody writes."""
    return [each for each in findings if each.rule in RULES and each.suggestion is not None]


def prepare(
    root: Path, first: Examined, findings: Iterable[Finding], analyze: Analyze, *, unsafe: bool = False
) -> Fixes:
    """Return how the readers of ``findings`` are renamed, checked by analysis; ``first`` is what was found so far.

    Without ``unsafe`` only what can hardly be meant otherwise is renamed, and nothing that brings another finding.
    """
    wanted = frozenset(_place_of(each) for each in fixable(findings))
    barred: dict[str, str] = {}
    while wanted:
        attempt = _Attempt(root, analyze, first, barred, unsafe)
        attempt.run(wanted)
        brought = {} if unsafe else dict(_brought(first.findings, attempt))
        if not brought:
            return attempt.result()
        barred |= brought
    return Fixes((), (), (), first)


def _place_of(finding: Finding) -> tuple[str, int, int, str]:
    return (finding.file, finding.line, finding.column, finding.component)


def _places(findings: Iterable[Finding]) -> Iterator[tuple[str, int, str, str]]:
    """Yield file, line, component and rule of findings, for each of their readers."""
    for finding in findings:
        yield finding.file, finding.line, finding.component, finding.rule
        yield from ((each.file, each.line, finding.component, finding.rule) for each in finding.related)


def _brought(before: Iterable[Finding], attempt: _Attempt) -> Iterator[tuple[str, str]]:
    """Yield the old names whose renaming brings findings that were not there, each with the reason to leave it.

    A reader of another name that was reported already is so still, be it by another rule.
    """
    known = frozenset(_places(before))
    reported = frozenset(place[:3] for place in known)
    for finding in attempt.examined.findings:
        place = (finding.file, finding.line, finding.component)
        near = {key.name for key, new in attempt.names.items() if new == finding.component}
        if finding.severity is Severity.INFO or (*place, finding.rule) in known or (not near and place in reported):
            continue
        here = {key.name for key in attempt.names if key.application in finding.applications}
        reason = f"{finding.rule} would be found then ({finding.file}:{finding.line})"
        for old in sorted(near or here or {key.name for key in attempt.names}):
            yield old, reason


class _Followed(NamedTuple):
    """Components of which readers were renamed, with their new names, and the readers that were never to be."""

    names: Mapping[_Key, str]
    spared: frozenset[Place]

    def came_to_light(self, key: _Key, place: Place) -> bool:
        """Tell whether a reader of such a component is found only since then."""
        return key in self.names and place not in self.spared

    def is_settled(self, key: _Key, name: Meant) -> bool:
        """Tell whether readers were renamed in that way: then nothing speaks against the name any more."""
        return self.names.get(key) == name.new


class _Attempt:
    """Renames until nothing is left to rename; names in ``barred`` stay, for the reasons there."""

    def __init__(self, root: Path, analyze: Analyze, first: Examined, barred: Mapping[str, str], unsafe: bool) -> None:
        self.root = root
        self.analyze = analyze
        self.examined = first
        self.barred = barred
        self.unsafe = unsafe
        self.before: dict[str, bytes] = {}
        self.after: dict[str, bytes] = {}
        self.renamed: list[Spelt] = []
        self.names: dict[_Key, str] = {}
        self.left: dict[tuple[str, int, str], Spelt] = {}

    def result(self) -> Fixes:
        """Return what was done, by file and line."""
        places = {file: sum(each.file == file for each in self.renamed) for file in self.after}
        changes = [
            Change(file, self.before[file], self.after[file], places[file])
            for file in sorted(self.after)
            if self.after[file] != self.before[file]
        ]
        return Fixes(tuple(changes), tuple(sorted(self.renamed)), tuple(sorted(self.left.values())), self.examined)

    def run(self, wanted: frozenset[tuple[str, int, int, str]]) -> None:
        """Rename the readers at the places ``wanted``, and then those of the same components that come to light."""
        spared: frozenset[Place] | None = None
        while True:
            survey = self.examined.survey
            plan = _Plan(survey, wanted, _Followed(self.names, spared or frozenset()), self.unsafe, self.barred)
            spared = plan.spared if spared is None else spared
            for spelt in plan.left:
                self.left[spelt.file, spelt.line, spelt.old] = spelt
            done = [file for file, edits in sorted(plan.edits.items()) if self.rewrite(survey, file, edits)]
            if not done:
                return
            self.names |= plan.names
            wanted = frozenset()
            self.examined = self.analyze({file: source.decode(content) for file, content in self.after.items()})

    def rewrite(self, survey: Survey, file: str, edits: list[Name]) -> bool:
        """Rewrite a file; tell whether anything changed."""
        try:
            if file not in self.before:
                content = source.read_bytes(self.root, file)
                if source.decode(content) != survey.texts[file]:
                    raise CannotRewrite("the file has just changed; run again")
                self.before[file] = content
            content = self.after.get(file, self.before[file])
            result, done = _attempted(file, content, edits)
        except (CannotRewrite, source.Unreadable) as error:
            self.leave(file, edits, str(error))
            return False
        self.leave(file, [each for each in edits if each not in done], "the name does not stand there itself")
        self.renamed += [Spelt(file, each.line, each.old, each.new) for each in done]
        self.after[file] = result
        return result != content

    def leave(self, file: str, edits: Iterable[Name], reason: str) -> None:
        """Note readers that are left as they are."""
        for each in edits:
            self.left[file, each.line, each.old] = Spelt(file, each.line, each.old, each.new, reason)


def _attempted(file: str, content: bytes, edits: list[Name]) -> tuple[bytes, list[Name]]:
    """Return a file with the names replaced that stand there themselves, and these."""
    try:
        return rewritten(content, Rewrite(file, names=tuple(edits))), edits
    except Missed as missed:
        kept = [each for each in edits if each.at not in missed.places]
    return (rewritten(content, Rewrite(file, names=tuple(kept))), kept) if kept else (content, [])


class _Plan:
    """Which readers get which name, by file, and which are left."""

    def __init__(
        self,
        survey: Survey,
        wanted: frozenset[tuple[str, int, int, str]],
        followed: _Followed,
        unsafe: bool,
        barred: Mapping[str, str],
    ) -> None:
        self.survey = survey
        self.unsafe = unsafe
        self.barred = barred
        self.followed = followed
        self.names: dict[_Key, str] = {}
        self.edits: dict[str, list[Name]] = {}
        self.left: list[Spelt] = []
        asking: dict[Place, dict[_Key, Component]] = {}
        chosen: set[Place] = set()
        for each in missing(survey.timeline):
            if each.cause is not Cause.NOBODY:
                continue
            component, first = each.component, each.readers[0].place
            key = _Key(component.life.name, component.occurrences[0].owner, component.name)
            for read in each.readers:
                asking.setdefault(read.place, {})[key] = component
            if (first.file, first.line, first.column, component.name) in wanted or followed.came_to_light(key, first):
                chosen |= {read.place for read in each.readers}
        self.spared = frozenset(asking.keys() - chosen)
        readers = self._readers(chosen)
        spelling = Spelling(survey)
        for place in sorted(chosen):
            meant = {key: spelling.meant(component) for key, component in asking[place].items()}
            self._decide(place, {key: name for key, name in meant.items() if name is not None}, readers[place])

    def _readers(self, places: set[Place]) -> dict[Place, set[_Key]]:
        """Return the components that are read at places, in all applications."""
        found: dict[Place, set[_Key]] = {place: set() for place in places}
        for life in self.survey.timeline.lives:
            for each in life.occurrences:
                if each.place in found and each.kind in (Kind.READ, Kind.GUARD):
                    found[each.place].add(_Key(life.name, each.owner, each.component))
        return found

    def _decide(self, place: Place, names: Mapping[_Key, Meant], readers: set[_Key]) -> None:
        """Plan the rename at a place, or note why it is left."""
        sample = min(names.values(), key=lambda each: (each.old, each.new))
        reason = self._reason(place, names, readers)
        if reason:
            self.left.append(Spelt(place.file, place.line, sample.old, sample.new, reason))
            return
        at = (place.line, place.column, place.end_line, place.end_column)
        self.edits.setdefault(place.file, []).append(Name(*at, sample.old, sample.new))
        self.names |= {key: each.new for key, each in names.items()}

    def _reason(self, place: Place, names: Mapping[_Key, Meant], readers: set[_Key]) -> str:
        """Return why a reader is not renamed, empty if it is."""
        if len({each.name for each in readers}) > 1:
            return "the name is computed"
        if len({each.new for each in names.values()}) > 1:
            return "applications would need different names"
        if others := sorted(key.application for key in readers - names.keys()):
            return f"{others[0]} reads it too, and may have it"
        if reason := next((each.never for each in names.values() if each.never), ""):
            return reason
        if self.unsafe:
            return ""
        doubts = [
            (each.doubt if not self.followed.is_settled(key, each) else "") or each.misfit(self.survey, place)
            for key, each in names.items()
        ]
        return next((doubt for doubt in doubts if doubt), "") or self.barred.get(next(iter(names)).name, "")
