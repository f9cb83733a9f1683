"""The one sentence: sources → facts → project → timeline → findings."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from appstate_lint import cache, selection, source
from appstate_lint.cache import unchanged
from appstate_lint.choices import Baseline
from appstate_lint.config import Settings
from appstate_lint.model import Finding, FrameworkVersion, Report
from appstate_lint.source import SourceFile, Unreadable

if TYPE_CHECKING:
    from appstate_lint import contracts, frameworks
    from appstate_lint.closure import Closed, Load, Parsed, Parser
    from appstate_lint.migration.survey import Survey
    from appstate_lint.timeline.memory import Memory

MANY_FILES = 300
"""From so many parsed files on, about 50,000 lines, other processes pay."""


class Reckoning(NamedTuple):
    """What an analysis says of contracts: the report, how contracts and timeline compare, the verdict on each.

    The verdicts count every finding, also those that are silenced.
    """

    report: Report
    compliance: contracts.Compliance
    verdicts: tuple[contracts.Verdict, ...]


def analyze(
    root: Path,
    settings: Settings,
    *,
    overlay: Mapping[str, str] | None = None,
    prefilter: bool = True,
    include_tests: bool = False,
    pragmas: bool = True,
    with_stories: bool = False,
    store: cache.Store | None = None,
    jobs: int = 1,
    today: datetime.date | None = None,
    found: source.Discovery | None = None,
) -> Report:
    """Analyze the project at ``root`` and return all that is to be said of it.

    ``overlay`` lays unsaved text (by path relative to the root) over the files on disk. With ``include_tests`` the
    accesses of test files are listed too. Findings silenced by pragmas are left out, unless ``pragmas`` is false
    (pylint applies them itself, and reports useless ones); the rest is sorted by place. Without ``prefilter`` every
    file is parsed, which changes nothing but the counts of files. ``with_stories`` adds each application's story. A
    ``store`` gives the facts of files that were parsed before, or the whole report if nothing that matters changed
    since; it changes nothing but the counts of files either. So many ``jobs`` are the processes to use, where it pays.
    ``today`` (default: that of the clock) decides which leftovers a migration allows no more. ``found`` are its files,
    if they were looked for already.
    """
    work = _work(root, settings, overlay, store, jobs, found)
    wanted = Wanted(prefilter, include_tests, pragmas, with_stories, _over(settings, today))
    report = _stored(work, wanted)
    return _applied(work, _ran(work, wanted).report if report is None else report)


def recall(
    root: Path,
    settings: Settings,
    *,
    prefilter: bool = True,
    store: cache.Store | None = None,
    today: datetime.date | None = None,
) -> Report | None:
    """Return what :func:`analyze` does if the ``store`` has it, else ``None``."""
    work = _work(root, settings, None, store, 1)
    report = _stored(work, Wanted(prefilter, over=_over(settings, today)))
    return None if report is None else _applied(work, report)


def examine(
    root: Path,
    settings: Settings,
    *,
    overlay: Mapping[str, str] | None = None,
    prefilter: bool = True,
    store: cache.Store | None = None,
    jobs: int = 1,
    today: datetime.date | None = None,
) -> Examined:
    """Return what :func:`analyze` does, always found anew, with what it rests on."""
    work = _work(root, settings, overlay, store, jobs)
    ran = _ran(work, Wanted(prefilter, over=_over(settings, today)))
    return Examined(_applied(work, ran.report), ran.survey, ran.findings)


def reckon(root: Path, settings: Settings, *, store: cache.Store | None = None, jobs: int = 1) -> Reckoning:
    """Analyze the project at ``root``; return all that is to be said of its contracts.

    A ``store`` gives the facts of files that were parsed before; so many ``jobs`` are the processes to use.
    """
    from appstate_lint import contracts

    work = _work(root, settings, None, store, jobs)
    ran = _run(work, Wanted(), watch=True)
    verdicts = contracts.verdicts(ran.compliance, ran.findings)
    return Reckoning(_applied(work, ran.report), ran.compliance, verdicts)


class Examined(NamedTuple):
    """An analysis: its report, the survey that the findings rest on, and those of all rules, none silenced."""

    report: Report
    survey: Survey
    findings: tuple[Finding, ...]


class Wanted(NamedTuple):
    """What is wanted of an analysis, as :func:`analyze` says it."""

    prefilter: bool = True
    include_tests: bool = False
    pragmas: bool = True
    with_stories: bool = False
    over: tuple[str, ...] = ()
    """The migrations that allow leftovers no more: all that the date decides."""


class Ran(NamedTuple):
    """What an analysis gives: a report in which nothing is selected yet, and what it rests on."""

    report: Report
    closed: Closed
    compliance: contracts.Compliance
    findings: tuple[Finding, ...]
    survey: Survey


class _Work(NamedTuple):
    """One project to analyze: its files, what reads them, the store if there is one, and how many processes to use."""

    root: Path
    settings: Settings
    found: source.Discovery
    load: Load
    unsaved: Mapping[str, str]
    store: cache.Store | None
    jobs: int

    def digest(self, store: cache.Store, file: SourceFile) -> bytes:
        """Return the digest of the content of a file."""
        return unchanged.digest(file, store, self.unsaved)

    def context(self, store: cache.Store, wanted: Wanted) -> bytes:
        """Return the digest of all but the files that an analysis depends on: settings, options, stated versions.

        What could not be looked into is a part of it. What the settings select, ignore or accept is decided after it.
        """
        stating = [(path, store.digest(path)) for path in source.stating(self.root)]
        asked = msgspec.structs.replace(
            self.settings, select=(), ignore=(), path_ignores=(), severities=(), strict=False, accepted=Baseline(),
            digest="",
        )  # fmt: skip
        return cache.digest_of(msgspec.json.encode((asked, wanted, stating, self.found.unread)))


def _work(
    root: Path,
    settings: Settings,
    overlay: Mapping[str, str] | None,
    store: cache.Store | None,
    jobs: int,
    found: source.Discovery | None = None,
) -> _Work:
    unsaved = overlay or {}
    if found is None:
        found = source.explore(root, settings.exclude, settings.tests, unsaved=unsaved)
    return _Work(root, settings, found, _loader(root, unsaved, store), unsaved, store, jobs)


def _over(settings: Settings, today: datetime.date | None) -> tuple[str, ...]:
    """Return the migrations that allow leftovers no more on a day, by default that of the clock."""
    return settings.over(today or datetime.date.today())


def _applied(work: _Work, report: Report) -> Report:
    """Return a report as the settings want it."""
    return selection.applied(report, work.settings, _texts(work.found.files, work.load))


def _stored(work: _Work, wanted: Wanted) -> Report | None:
    """Return the report that is stored, if there is one and it stands."""
    store = work.store
    last = None if store is None else store.last(work.context(store, wanted))
    if last is None or store is None:
        return None
    if not unchanged.stands(last, work.found.files, store, work.unsaved, lambda: _skimmer(work.root, work.settings)):
        return None
    counted = last.report.coverage.files
    return _counted(msgspec.structs.replace(last.report, root=str(work.root)), counted.parsed + counted.cached)


def _ran(work: _Work, wanted: Wanted) -> Ran:
    """Analyze anew; the report is stored from now on, unless some text is unsaved."""
    store = work.store
    if store is None:
        return _run(work, wanted)
    before = store.reused
    ran = _run(work, wanted)
    report = _counted(ran.report, store.reused - before)
    if not work.unsaved and not store.unsteady and not any(gap.fault for gap in report.gaps):
        digests = tuple(work.digest(store, file) for file in work.found.files)
        skimmed = {path: cache.digest_of(seen) for path, seen in ran.closed.skimmed.items()}
        last = cache.Last(work.found.files, digests, skimmed, ran.closed.fixtures, report)
        store.keep(work.context(store, wanted), last)
    return ran._replace(report=report)


def _skimmer(root: Path, settings: Settings) -> unchanged.Skim:
    from appstate_lint.closure import Sieve

    return Sieve(tables_of(root, settings), settings).skim


def _counted(report: Report, cached: int) -> Report:
    """Return a report that tells how many of the files whose facts were needed were known from the cache."""
    files = report.coverage.files
    counts = msgspec.structs.replace(files, parsed=files.parsed + files.cached - cached, cached=cached)
    return msgspec.structs.replace(report, coverage=msgspec.structs.replace(report.coverage, files=counts))


def _run(work: _Work, wanted: Wanted, watch: bool = False) -> Ran:
    """Do what :func:`analyze` says; with ``watch``, follow what components are made from without a contract, too.

    The rooms that this needs are imported here: where the stored result stands, nobody enters them.
    """
    from appstate_lint import checks, closure, contracts, summary
    from appstate_lint.closure.parsing import extracted
    from appstate_lint.migration.survey import Survey
    from appstate_lint.project import Project
    from appstate_lint.project.modules import Modules
    from appstate_lint.timeline.telling import interpret

    settings, files, store = work.settings, work.found.files, work.store
    fresh = store is None or store.is_new
    extract = extracted if store is None else store.extract
    parser = closure.Parser(work.load, extract, work.jobs if fresh and len(files) >= MANY_FILES else 1)
    tables = tables_of(work.root, settings)
    modules = Modules(files, tables.foreign)
    if not wanted.prefilter:
        parser.ahead(files)
    closed = closure.close(files, modules, parser, tables, settings)
    needed = closed.parsed
    parsed = needed if wanted.prefilter else _all(files, needed, parser)
    project = Project({file: each.facts for file, each in parsed.items()}, modules)
    unseen = tuple(summary.unseen(needed))
    declared = contracts.contracts_of(project, settings)
    watched = _dependencies(declared)
    tracing = watched if watched or watch else None
    workers = work.jobs if len(parsed) >= MANY_FILES else 1
    memory = _memory(work, closed.reached)
    telling = interpret(project, tables, settings, unseen, tracing, wanted.include_tests, memory, workers)
    compliance = contracts.Compliance(declared, telling.timeline, project, settings)
    texts = {file.path: each.text for file, each in parsed.items()}
    core = [each.path for each in needed]
    unread = tuple(directory for directory, _ in work.found.unread)
    survey = Survey(project, telling.timeline, tables, settings, wanted.over, texts, frozenset(core), unread)
    checked = checks.run(telling.timeline, compliance, survey, project.tests)
    gaps = (*summary.unread(work.found), *summary.unparsed(needed), *telling.gaps, *checked.gaps)
    findings = selection.numbered(summary.merged([*checked.findings, *checks.internal_errors(gaps)]))
    silenced = [*selection.silenced_by_pragmas(findings, texts)] if wanted.pragmas else []
    seen = len(files)
    report = summary.report(work.root, seen, parsed, telling, findings, silenced, gaps, wanted.with_stories)
    return Ran(report, closed, compliance, tuple(findings), survey)


def _memory(work: _Work, reached: Mapping[str, frozenset[str]]) -> Memory | None:
    """Return where accounts of launchers are kept: nowhere without a store, or with one that cannot be trusted."""
    from appstate_lint.timeline.memory import Memory

    store = work.store
    if store is None or store.unsteady:  # what was not read once may be readable when its digest is asked
        return None
    digests = {file.path: work.digest(store, file) for file in work.found.files}
    return Memory(work.context(store, Wanted()), digests, reached, store.get, store.put)


def _dependencies(declared: Iterable[contracts.Contract]) -> Mapping[str, tuple[str, ...]]:
    """Return what components depend on by their contracts."""
    found: dict[str, tuple[str, ...]] = {}
    for each in declared:
        found[each.name] = (*found.get(each.name, ()), *each.declared.depends_on)
    return found


def surveyed(
    root: Path, settings: Settings, *, prefilter: bool = True, today: datetime.date | None = None
) -> tuple[Survey, tuple[Finding, ...]]:
    """Return the survey of the migrations of the project at ``root``, and the findings of all rules, none silenced."""
    over = _over(settings, today)
    ran = _ran(_work(root, settings, None, None, 1), Wanted(prefilter, pragmas=False, over=over))
    return ran.survey, ran.findings


def tables_of(root: Path, settings: Settings) -> frameworks.Tables:
    """Return the tables that hold for a project: those of its versions of the frameworks, as far as it states them."""
    from appstate_lint import frameworks

    versions = {each.name: each.version for each in frameworks_of(root, settings) if each.version is not None}
    return dataclasses.replace(frameworks.load(settings), versions=versions)


def frameworks_of(root: Path, settings: Settings) -> list[FrameworkVersion]:
    """Return the frameworks that the tables describe, with the version that holds for each, and who says so."""
    from appstate_lint import frameworks

    names = sorted(frameworks.load(settings).frameworks)
    stated = source.stated(root, names)
    set_here = dict(settings.versions)
    found = []
    for name in names:
        if name in set_here:
            found.append(FrameworkVersion(name, set_here[name], settings.file or ""))
        elif name in stated:
            found.append(FrameworkVersion(name, stated[name].version, stated[name].file))
        else:
            found.append(FrameworkVersion(name, None, "A5"))
    return found


def _loader(root: Path, overlay: Mapping[str, str], store: cache.Store | None = None) -> Load:
    """Return what reads a file: its unsaved text where there is one."""

    def load(file: SourceFile) -> bytes | str:
        text = overlay.get(file.path)
        if text is not None:
            return text
        return source.read_bytes(root, file.path) if store is None else store.read(file.path)

    return load


def _all(files: Iterable[SourceFile], needed: Mapping[SourceFile, Parsed], parser: Parser) -> dict[SourceFile, Parsed]:
    """Return every file parsed, also those that are not needed."""
    parser.ahead([file for file in files if file not in needed])
    return {file: needed[file] if file in needed else parser.parsed(file) for file in files}


def _texts(files: Iterable[SourceFile], load: Load) -> Iterator[tuple[str, str]]:
    """Yield path and text of every file that can be read."""
    for file in files:
        with contextlib.suppress(Unreadable):
            content = load(file)
            yield file.path, content if isinstance(content, str) else source.decode(content)
