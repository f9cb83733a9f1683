"""What comes of a mutant: whether running it fails because of the edit, and whether the linter says so beforehand."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from appstate_lint import engine
from appstate_lint.config import Settings
from appstate_lint.model import Finding, Severity

from .operators import mutants
from .records import Failure, Frame, Mutant, Run, Service
from .running import run
from .sources import Source


class Outcome(enum.Enum):
    """What a run of a mutant shows."""

    CONFIRMED = "confirmed"
    """A component is missing, or ``None`` is used, where the healthy run had a value."""
    SILENT = "silent"
    """A component is missing or ``None``, and nobody fails."""
    BROKEN = "broken"
    """It fails in some other way."""
    UNHARMED = "unharmed"


class Verdict(NamedTuple):
    """A mutant, what running it showed, and what the linter says of it."""

    mutant: Mutant
    outcome: Outcome
    failures: tuple[Failure, ...]
    flagged: bool
    findings: tuple[Finding, ...]

    @property
    def missed(self) -> bool:
        """Whether it fails and the linter does not say so."""
        return self.outcome is Outcome.CONFIRMED and not self.flagged

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that claim to be proved."""
        return tuple(each for each in self.findings if each.severity is Severity.ERROR)


def healthy(services: Iterable[Service]) -> dict[str, Run]:
    """Run the applications as they are."""
    services = list(services)
    return dict(zip((each.name for each in services), run((each, each.files) for each in services), strict=True))


def all_mutants(services: Iterable[Service], runs: Mapping[str, Run]) -> list[Mutant]:
    """Return every mutant of every application."""
    return [mutant for service in services for mutant in mutants(service, runs[service.name])]


def judge(chosen: Iterable[Mutant], runs: Mapping[str, Run]) -> Iterator[Verdict]:
    """Run each mutant and lint it; ``runs`` are those of the healthy applications."""
    chosen = list(chosen)
    for mutant, found in zip(chosen, run((each.service, each.files) for each in chosen), strict=True):
        yield verdict(mutant, found, runs[mutant.service.name])


def verdict(mutant: Mutant, found: Run, before: Run) -> Verdict:
    """Compare a run of a mutant with the healthy run, and with what the linter says."""
    failures = tuple(each for each in found.failures if _is_due_to(mutant, each, before))
    findings = lint(mutant.service, mutant.changed)
    outcome, flagged = _outcome(mutant, found, failures), _flagged(mutant, found, failures, findings)
    return Verdict(mutant, outcome, failures, flagged, findings)


def lint(service: Service, changed: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return the errors and warnings for an application, some of its files changed."""
    report = engine.analyze(service.root, Settings(), overlay=changed)
    return tuple(each for each in report.findings if each.severity is not Severity.INFO)


def _is_due_to(mutant: Mutant, failure: Failure, before: Run) -> bool:
    """Tell whether a failure concerns what the mutant harms, and the healthy application does not have it."""
    if not failure.frames or any(
        (failure.kind, failure.component, failure.text) == each[:3] for each in before.failures
    ):
        return False
    return failure.kind == "none" or failure.component in mutant.components


def _outcome(mutant: Mutant, found: Run, failures: tuple[Failure, ...]) -> Outcome:
    if failures:
        return Outcome.CONFIRMED
    if found.errors:
        return Outcome.BROKEN
    missing = any(
        each.kind == "get" and each.presence != "VALUE" and each.component in mutant.components
        for each in found.touches
    )
    return Outcome.SILENT if missing else Outcome.UNHARMED


def _flagged(mutant: Mutant, found: Run, failures: tuple[Failure, ...], findings: tuple[Finding, ...]) -> bool:
    """Tell whether a finding names what failed, at a place on the failing path."""
    files = mutant.files
    for failure in failures:
        names = {failure.component} if failure.component else mutant.components
        path = [*failure.frames, *_origins(failure, found, names)]
        for finding in findings:
            if any(_names(finding, name) for name in names) and _meets(finding, path, files):
                return True
    return False


def _origins(failure: Failure, found: Run, names: Iterable[str]) -> Iterator[Frame]:
    """Yield where a ``None`` that was used came from: the reads that found it."""
    if failure.kind == "none":
        for touch in found.touches:
            if touch.kind == "get" and touch.presence == "NONE" and touch.component in names:
                yield touch.frames[-1]


def _names(finding: Finding, component: str) -> bool:
    """Tell whether a finding is about a component, or lists it among several."""
    texts = [finding.message, *(each.text for each in (*finding.related, *finding.trace))]
    return finding.component == component or (not finding.component and any(f"'{component}'" in text for text in texts))


def _meets(finding: Finding, path: Iterable[Frame], files: Mapping[str, str]) -> bool:
    """Tell whether the place of a finding, a related place or a step of its trace lies on a failing path."""
    places = {(finding.file, finding.line)}
    places |= {(each.file, each.line) for each in (*finding.related, *finding.trace)}
    frames = {(frame.file, frame.line) for frame in path}
    return bool(places & frames) or bool(_functions(places, files) & _functions(frames, files))


def _functions(places: Iterable[tuple[str, int]], files: Mapping[str, str]) -> set[tuple[str, int]]:
    """Return the functions that places are in, each by its file and first line."""
    found = set()
    for file, line in places:
        function = Source(files[file]).function(line) if file in files else None
        if function is not None:
            found.add((file, function.lineno))  # type: ignore[attr-defined]
    return found
