"""``contracts``: check, report, infer and draw what a project declares of its components."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import click

from appstate_lint import config, engine
from appstate_lint.cli_common import (
    Project,
    cache_options,
    config_option,
    details,
    processes,
    projects_of,
    reported,
    settings_of,
    store_of,
    verbose_option,
)
from appstate_lint.cli_output import CLEAN, FOUND, CannotRun, emit, say
from appstate_lint.config import OWN_FILE, Component
from appstate_lint.contracts import unread
from appstate_lint.contracts.inference import inferred
from appstate_lint.contracts.overview import Overview, overview
from appstate_lint.contracts.text import Unmergeable, merged
from appstate_lint.files import write_whole
from appstate_lint.model import Severity
from appstate_lint.progress import waiting
from appstate_lint.report import contracts as shown
from appstate_lint.report.contracts import GraphFormat
from appstate_lint.report.text import remarks

NOTHING = "note: no contracts are declared; `appstate-lint contracts infer --write` writes those that hold today"


class Asked(NamedTuple):
    """What a command is asked about: a project, the configuration file it was given, and what is to be said of it."""

    project: Project
    config_path: str | None
    reckoning: engine.Reckoning
    verbose: bool

    def notes(self) -> list[str]:
        """Return what is said to people besides the answer."""
        report = self.reckoning.report
        notes = [*remarks(report)]
        compliance = self.reckoning.compliance
        for place in unread(compliance.project, compliance.settings):
            notes.append(
                f"note: {place.file}:{place.line}: the component of this contract is not a constant: not checked"
            )
        if not report.applications:
            notes.append("note: no application was found; `applications` in the configuration can name one")
        return [*notes, *(details(report) if self.verbose else ())]


def asking(command: Callable[..., int]) -> Callable[..., int]:
    """Give ``command`` a path and the common options, and the analysis of what they name."""

    @functools.wraps(command)
    def asked(
        path: str,
        config_path: str | None,
        cache_dir: str | None,
        cached: bool,
        jobs: int,
        verbose: bool,
        **options: object,
    ) -> int:
        (project,) = projects_of((path,))
        settings = settings_of(project, config_path)
        with waiting(f"analyzing {project.root.name}"), store_of(project, cache_dir, cached, verbose) as store:
            reckoning = engine.reckon(project.root, settings, store=store, jobs=processes(jobs))
        return command(Asked(project, config_path, reckoning, verbose), **options)

    argument = click.argument("path", default=".", type=click.Path())
    return argument(config_option(cache_options(verbose_option(reported(asked)))))


@click.group("contracts")
def contracts() -> None:
    """Check, report, infer and draw the contracts of components."""


@contracts.command()
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
@asking
def check(asked: Asked, output_format: str) -> int:
    """Say of each contract in PATH (default: here) whether it is kept, broken, vacuous or unchecked, and why."""
    verdicts = asked.reckoning.verdicts
    emit(shown.verdicts_json(verdicts) if output_format == "json" else shown.verdicts_text(verdicts))
    say(shown.counts(verdicts), *([] if verdicts else [NOTHING]), *asked.notes())
    bad = (each for verdict in verdicts for each in verdict.findings)
    return FOUND if any(each.severity is not Severity.INFO for each in bad) else CLEAN


@contracts.command()
@click.option("--output-format", type=click.Choice(["text", "markdown", "json"]), default="text")
@asking
def report(asked: Asked, output_format: str) -> int:
    """Report the components of PATH (default: here): phases, status, who is hit, what to do, in which order."""
    render = {"text": shown.overview_text, "markdown": shown.overview_markdown, "json": shown.overview_json}
    emit(render[output_format](_overview(asked.reckoning)))
    say(shown.counts(asked.reckoning.verdicts), *asked.notes())
    return CLEAN


@contracts.command()
@click.option("--output-format", type=click.Choice([form.value for form in GraphFormat]), default="mermaid")
@asking
def graph(asked: Asked, output_format: str) -> int:
    """Draw the contracts of PATH (default: here): phases and dependencies."""
    emit(shown.graph(_overview(asked.reckoning), GraphFormat(output_format)))
    say(*([] if asked.reckoning.verdicts else [NOTHING]), *asked.notes())
    return CLEAN


@contracts.command()
@click.option("--write", is_flag=True, help="Add the contracts to the configuration of the project.")
@asking
def infer(asked: Asked, write: bool) -> int:
    """Print the contracts that the code of PATH (default: here) keeps today, as TOML."""
    found = inferred(asked.reckoning.compliance)
    number = f"{len(found)} contract{'s' if len(found) != 1 else ''}"
    file, shared = _target(asked.project.root, asked.config_path)
    if write:
        _write(file, _added(file, found, shared))
        say(f"{number} in {file}; what was there stays as it was")
    else:
        emit(merged("", found, shared))
        say(f"{number}; --write adds them to {file}")
    say(*asked.notes())
    return CLEAN


def _overview(reckoning: engine.Reckoning) -> Overview:
    return overview(reckoning.compliance, reckoning.verdicts)


def _target(root: Path, config_path: str | None) -> tuple[Path, bool]:
    """Return the file that holds the configuration, or is to hold it, and whether that is in a table for tools."""
    if config_path is not None:
        return Path(config_path), config.start_in(Path(config_path)) != ()
    found = config.located(root)
    return (root / OWN_FILE, False) if found is None else (found[0], found[2] != ())


def _added(file: Path, found: Iterable[Component], shared: bool) -> str:
    try:
        return merged(_read(file), found, shared)
    except Unmergeable as error:
        advice = "`appstate-lint contracts infer` prints them, to be copied by hand"
        raise CannotRun(
            f"{file}: its tables are written so that no contract can be added ({error}); {advice}"
        ) from error


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig") if file.exists() else ""
    except OSError as error:
        raise CannotRun(f"{file} cannot be read: {error.strerror or error}; make it readable") from error


def _write(file: Path, text: str) -> None:
    try:
        write_whole(file, text)
    except OSError as error:
        raise CannotRun(f"{file} cannot be written: {error.strerror or error}; make it writable") from error
