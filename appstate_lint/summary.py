"""What was told and found → the report, before anything is selected: how much was judged, and what was lost, too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from appstate_lint import selection, source
from appstate_lint.closure import Parsed
from appstate_lint.model import Coverage, FileCounts, Finding, Gap, Kind, Phase, ReadCounts, Report, Silenced
from appstate_lint.source import SourceFile
from appstate_lint.timeline.stories import application, stories
from appstate_lint.timeline.telling import Telling
from appstate_lint.timeline.told import Unseen

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_WRITES_ANYTHING = frozenset({"setattr", "update"})


def report(
    root: Path,
    seen: int,
    parsed: Mapping[SourceFile, Parsed],
    telling: Telling,
    findings: list[Finding],
    silenced: list[Silenced],
    gaps: tuple[Gap, ...],
    with_stories: bool,
) -> Report:
    """Return all that is to be said of a project of so many files, ``seen``.

    ``findings`` are those of all rules, also the ``silenced`` ones.
    """
    return Report(
        root=str(root),
        applications=tuple(application(life) for life in telling.timeline.lives),
        coverage=_coverage(seen, parsed, telling, findings),
        findings=tuple(selection.without(findings, silenced)),
        silenced=tuple(silenced),
        accesses=telling.accesses,
        notes=tuple(_notes(telling)),
        gaps=gaps,
        stories=stories(telling.timeline) if with_stories else (),
    )


def unseen(needed: Mapping[SourceFile, Parsed]) -> Iterable[Unseen]:
    """Yield the product files that could not be parsed, with the identifiers that their bytes mention.

    One that mentions no word of the tables, and that nothing needed imports, writes no component.
    """
    for file, each in needed.items():
        if each.facts.error and not file.is_test:
            words = frozenset(_IDENTIFIER.findall(each.text))
            yield Unseen(file.path, words, bool(words & _WRITES_ANYTHING) or not each.text)


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Join findings of one fault in several applications, sorted by place."""
    joined: dict[tuple[str, str, int, int, str], Finding] = {}
    for finding in sorted(findings, key=lambda each: (each.sort_key, each.application)):
        key = (finding.rule, finding.file, finding.line, finding.column, finding.component)
        known = joined.get(key)
        if known is None:
            joined[key] = finding
            continue
        applications = tuple(sorted({*known.applications, *finding.applications}))
        joined[key] = msgspec.structs.replace(known, applications=applications)
    return sorted(joined.values(), key=lambda each: each.sort_key)


def _coverage(
    seen: int, parsed: Mapping[SourceFile, Parsed], telling: Telling, findings: Iterable[Finding]
) -> Coverage:
    unparsable = tuple(sorted(file.path for file, each in parsed.items() if each.facts.error))
    flagged_places = {(each.file, each.line) for each in findings}
    flagged_places |= {(related.file, related.line) for each in findings for related in each.related}
    proved = flagged = unknown = unreached = 0
    for access in telling.accesses:
        if access.kind not in (Kind.READ, Kind.GUARD):
            continue
        if (access.file, access.line) in flagged_places:
            flagged += 1
        elif access.phase is Phase.UNREACHED or not access.presence:
            unreached += 1
        elif access.kind is Kind.READ and "ABSENT" in access.presence:
            unknown += 1
        else:
            proved += 1
    return Coverage(
        files=FileCounts(seen, len(parsed) - len(unparsable), 0, unparsable),
        reads=ReadCounts(proved, flagged, unknown, unreached),
        dynamic=telling.dynamic,
    )


def unread(found: source.Discovery) -> Iterator[Gap]:
    """Yield the directories that could not be looked into."""
    for directory, reason in found.unread:
        yield Gap(directory, 0, f"{directory} cannot be read ({reason}): what it holds is not judged")


def unparsed(needed: Mapping[SourceFile, Parsed]) -> Iterator[Gap]:
    """Yield the files that matter and could not be parsed."""
    for file in sorted(needed):
        if needed[file].facts.error:
            lost = "what it tests is not judged" if file.is_test else "what it may write is taken as unknown"
            yield Gap(file.path, 1, f"{file.path} could not be parsed: {lost}")


def _notes(telling: Telling) -> Iterable[str]:
    """Yield sentences for people about what was withheld."""
    yield from telling.notes
    for reason, withheld in sorted(telling.timeline.withheld.items()):
        count = len(withheld)
        names = (
            "component that nothing visible writes was" if count == 1 else "components that nothing visible writes were"
        )
        yield f"{count} {names} not reported: {reason}"
