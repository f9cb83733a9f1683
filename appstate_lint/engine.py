"""The one sentence: sources → facts → project → timeline → findings."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from appstate_lint import checks, frameworks, source
from appstate_lint.config import Settings
from appstate_lint.facts import extract
from appstate_lint.facts.extraction import failed
from appstate_lint.facts.flow import FileFacts
from appstate_lint.model import (
    Application,
    Coverage,
    FileCounts,
    Finding,
    Kind,
    Phase,
    ReadCounts,
    Report,
)
from appstate_lint.project import Project
from appstate_lint.source import SourceFile, Unreadable
from appstate_lint.timeline import Telling, interpret
from appstate_lint.timeline.questions import Unseen

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_WRITES_ANYTHING = frozenset({"setattr", "update"})


class _Read(msgspec.Struct):
    """The files of a project as they were read: facts by file, and the texts that may hold pragmas or findings."""

    facts: dict[SourceFile, FileFacts]
    texts: dict[str, str]
    raw: dict[str, bytes]


def analyze(
    root: Path,
    settings: Settings,
    *,
    overlay: Mapping[str, str] | None = None,
    prefilter: bool = True,
    include_tests: bool = False,
    pragmas: bool = True,
) -> Report:
    """Analyze the project at ``root`` and return all that is to be said of it.

    ``overlay`` lays unsaved text (by path relative to the root) over the files on disk. With ``include_tests`` the
    accesses of test files are listed too. Findings silenced by pragmas are left out, unless ``pragmas`` is false
    (pylint applies them itself, and reports useless ones); the rest is sorted by place.
    """
    files = source.discover(root, settings.exclude, settings.tests, unsaved=overlay or {})
    read = _read(root, files, overlay or {})
    project = Project(read.facts)
    unseen = tuple(_unseen(read))
    telling = interpret(project, frameworks.load(), settings, unseen, include_tests)
    findings = [finding for finding in checks.run(telling.timeline) if finding.file not in project.tests]
    findings = _numbered(_merged(_audible(findings, read.texts) if pragmas else findings))
    return Report(
        root=str(root),
        applications=tuple(_application(life) for life in telling.timeline.lives),
        coverage=_coverage(read, telling, findings),
        findings=tuple(findings),
        accesses=telling.accesses,
        notes=tuple(_notes(telling, unseen)),
        incomplete=bool(unseen) or any(life.exhausted for life in telling.timeline.lives),
    )


def _read(root: Path, files: Iterable[SourceFile], overlay: Mapping[str, str]) -> _Read:
    """Read and extract every file; one that cannot be read or parsed has facts that say so."""
    read = _Read({}, {}, {})
    for file in files:
        text = overlay.get(file.path)
        if text is None:
            try:
                data = source.read_bytes(root, file.path)
                read.raw[file.path] = data
                text = source.decode(data)
            except Unreadable as error:
                read.facts[file] = failed(str(error))
                continue
        read.texts[file.path] = text
        read.facts[file] = extract(text)
    return read


def _unseen(read: _Read) -> Iterable[Unseen]:
    """Yield the product files that could not be parsed, with the identifiers that their bytes mention."""
    for file, facts in read.facts.items():
        if facts.error and not file.is_test:
            text = read.texts.get(file.path) or read.raw.get(file.path, b"").decode("utf-8", "replace")
            words = frozenset(_IDENTIFIER.findall(text))
            yield Unseen(file.path, words, bool(words & _WRITES_ANYTHING) or not text)


def _audible(findings: Iterable[Finding], texts: Mapping[str, str]) -> list[Finding]:
    """Return the findings that no pragma silences."""
    pragmas = {path: source.pragmas(texts[path]) for path in {each.file for each in findings} if path in texts}
    return [
        finding
        for finding in findings
        if finding.file not in pragmas or not pragmas[finding.file].covers(finding.line, finding.rule, finding.code)
    ]


def _merged(findings: Iterable[Finding]) -> list[Finding]:
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


def _numbered(findings: list[Finding]) -> list[Finding]:
    """Give every finding its fingerprint: rule, file, function, component and ordinal, no line number."""
    counts: dict[tuple[str, str, str, str], int] = {}
    result: list[Finding] = []
    for finding in findings:
        key = (finding.rule, finding.file, finding.function, finding.component)
        ordinal = counts[key] = counts.get(key, 0) + 1
        text = "\0".join((*key, str(ordinal)))
        fingerprint = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        result.append(msgspec.structs.replace(finding, fingerprint=fingerprint))
    return result


def _application(life: object) -> Application:
    from appstate_lint.timeline.questions import Life

    assert isinstance(life, Life)
    return Application(life.name, life.place.file, life.place.line, life.framework, life.entry_points, bool(life.open))


def _coverage(read: _Read, telling: Telling, findings: Iterable[Finding]) -> Coverage:
    unparsable = tuple(sorted(file.path for file, facts in read.facts.items() if facts.error))
    flagged_places = {(each.file, each.line) for each in findings}
    flagged_places |= {(related.file, related.line) for each in findings for related in each.related}
    proved = flagged = unknown = unreached = 0
    for access in telling.accesses:
        if access.kind not in (Kind.READ, Kind.GUARD):
            continue
        if (access.file, access.line) in flagged_places:
            flagged += 1
        elif access.phase is Phase.UNREACHED:
            unreached += 1
        elif access.kind is Kind.READ and "ABSENT" in access.presence:
            unknown += 1
        else:
            proved += 1
    parsed = sum(not facts.error for facts in read.facts.values())
    return Coverage(
        files=FileCounts(len(read.facts), parsed, 0, unparsable),
        reads=ReadCounts(proved, flagged, unknown, unreached),
        dynamic=telling.dynamic,
    )


def _notes(telling: Telling, unseen: Iterable[Unseen]) -> Iterable[str]:
    """Yield sentences for people about what could not be seen or was withheld."""
    for each in unseen:
        yield f"{each.file} could not be parsed: what it may write is taken as unknown"
    for reason, count in sorted(telling.timeline.withheld.items()):
        names = (
            "component that nothing visible writes was" if count == 1 else "components that nothing visible writes were"
        )
        yield f"{count} {names} not reported: {reason}"
    for life in telling.timeline.lives:
        if life.exhausted:
            yield f"{life.name}: the analysis was cut short by its budget"
