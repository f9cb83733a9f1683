"""``baseline``: accept the findings of today, so that only new ones are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from appstate_lint import baseline as accepted
from appstate_lint import engine
from appstate_lint.cli_common import (
    Project,
    cache_options,
    color_option,
    config_option,
    line_reader,
    path_from,
    processes,
    projects_of,
    reported,
    settings_of,
    store_of,
    strictly,
    verbose_option,
    wants_color,
)
from appstate_lint.cli_output import CLEAN, FOUND, CannotRun, emit, say
from appstate_lint.config import ConfigErrors, Settings
from appstate_lint.model import Finding, Report, Severity, Silence
from appstate_lint.progress import waiting
from appstate_lint.report import Format, findings_text
from appstate_lint.report.text import remarks

_path = click.argument("path", default=".", type=click.Path())
_baseline = click.option("--baseline", "baseline_path", metavar="PATH", help="The file, if it is not the usual one.")


@click.group("baseline")
def baseline() -> None:
    """Accept the findings of today, and hear of new ones only."""


class Request(NamedTuple):
    """The options of one run, as they were given."""

    path: str
    baseline_path: str | None
    config_path: str | None
    cache_dir: str | None
    cached: bool
    jobs: int
    verbose: bool
    color: str = "never"


@baseline.command("write")
@_path
@_baseline
@config_option
@cache_options
@verbose_option
@reported
def write(**given: Any) -> int:
    """Write the baseline of the project around PATH (default: here): all that is found now, nothing that is fixed."""
    request = Request(**given)
    project, settings = _project(request)
    report = _analyzed(project, settings, request)
    before = _fingerprints(project.root, settings)
    now = {finding.fingerprint for finding in report.findings}
    try:
        written = accepted.write(project.root, settings, report.findings)
    except OSError as error:
        name = settings.baseline or accepted.FILE
        raise CannotRun(f"{name} cannot be written: {error.strerror}; choose another path by --baseline") from error
    changes = f"{len(now - before)} new, {len(before - now)} fixed"
    say(f"{written}: {len(now)} finding{'' if len(now) == 1 else 's'} accepted ({changes})", *remarks(report))
    return CLEAN


@baseline.command("check")
@_path
@_baseline
@config_option
@color_option
@cache_options
@verbose_option
@reported
def check(**given: Any) -> int:
    """Say what the baseline of the project around PATH does not accept (exit 1 if anything), and what is fixed."""
    request = Request(**given)
    project, settings = _project(request)
    settings = accepted.with_baseline(project.root, settings)
    if not settings.accepted.file:
        raise CannotRun(f"{project.root} has no baseline; make one with `appstate-lint baseline write`")
    report = _analyzed(project, settings, request)
    form = Format.TEXT if request.verbose else Format.CONCISE
    emit(findings_text(report, form, lines=line_reader(project.root), color=wants_color(request.color)))
    held = sum(each.by is Silence.BASELINE for each in report.silenced)
    say(
        f"{len(report.findings)} new, {held} accepted by {settings.accepted.file}",
        *map("note: {}".format, report.notes),
    )
    return strictly(FOUND if report.findings else CLEAN, len(report.gaps) if settings.strict else 0)


def _project(request: Request) -> tuple[Project, Settings]:
    (project,) = projects_of((request.path,))
    settings = settings_of(project, request.config_path)
    if request.baseline_path is not None:
        settings = msgspec.structs.replace(settings, baseline=path_from(project.root, request.baseline_path))
    return project, settings


def _fingerprints(root: Path, settings: Settings) -> frozenset[str]:
    """Return what the baseline that is there accepts; nothing if there is none, or one that cannot be read."""
    try:
        settings = accepted.with_baseline(root, settings)
    except ConfigErrors:
        return frozenset()
    return frozenset(each.fingerprint for each in settings.accepted.accepted)


def _analyzed(project: Project, settings: Settings, request: Request) -> Report:
    """Return what is found, information only if it was selected."""
    with (
        waiting(f"analyzing {project.root.name}"),
        store_of(project, request.cache_dir, request.cached, request.verbose) as store,
    ):
        report = engine.analyze(project.root, settings, store=store, jobs=processes(request.jobs))

    def counts(finding: Finding) -> bool:
        return bool(settings.select) or finding.severity is not Severity.INFO

    return msgspec.structs.replace(report, findings=tuple(each for each in report.findings if counts(each)))
