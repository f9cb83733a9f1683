"""``contracts``: check, report, infer and draw what a project declares of its components."""

from __future__ import annotations

from pathlib import Path

import click

from appstate_lint import config, engine
from appstate_lint.cli_common import (
    CLEAN,
    FOUND,
    CannotRun,
    Project,
    config_option,
    details,
    emit,
    projects_of,
    reported,
    say,
    settings_of,
    verbose_option,
)
from appstate_lint.config import OWN_FILE
from appstate_lint.contracts.inference import inferred
from appstate_lint.contracts.overview import Overview, overview
from appstate_lint.contracts.text import merged
from appstate_lint.files import write_whole
from appstate_lint.model import Severity
from appstate_lint.report import contracts as shown
from appstate_lint.report.contracts import GraphFormat

NOTHING = "note: no contracts are declared; `appstate-lint contracts infer --write` writes those that hold today"

_path = click.argument("path", default=".", type=click.Path())


@click.group("contracts")
def contracts() -> None:
    """Check, report, infer and draw the contracts of components."""


@contracts.command()
@_path
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
@config_option
@verbose_option
@reported
def check(path: str, output_format: str, config_path: str | None, verbose: bool) -> int:
    """Say of each contract in PATH (default: here) whether it is kept, broken, vacuous or unchecked, and why."""
    _, reckoning = _reckoned(path, config_path)
    verdicts = reckoning.verdicts
    emit(shown.verdicts_json(verdicts) if output_format == "json" else shown.verdicts_text(verdicts))
    say(shown.counts(verdicts), *([] if verdicts else [NOTHING]), *_notes(reckoning, verbose))
    bad = (each for verdict in verdicts for each in verdict.findings)
    return FOUND if any(each.severity is not Severity.INFO for each in bad) else CLEAN


@contracts.command()
@_path
@click.option("--output-format", type=click.Choice(["text", "markdown", "json"]), default="text")
@config_option
@verbose_option
@reported
def report(path: str, output_format: str, config_path: str | None, verbose: bool) -> int:
    """Report the components of PATH (default: here): phases, status, who is hit, what to do, in which order."""
    _, reckoning = _reckoned(path, config_path)
    seen = _overview(reckoning)
    render = {"text": shown.overview_text, "markdown": shown.overview_markdown, "json": shown.overview_json}
    emit(render[output_format](seen))
    say(shown.counts(reckoning.verdicts), *_notes(reckoning, verbose))
    return CLEAN


@contracts.command()
@_path
@click.option("--output-format", type=click.Choice([form.value for form in GraphFormat]), default="mermaid")
@config_option
@verbose_option
@reported
def graph(path: str, output_format: str, config_path: str | None, verbose: bool) -> int:
    """Draw the contracts of PATH (default: here): phases and dependencies."""
    _, reckoning = _reckoned(path, config_path)
    emit(shown.graph(_overview(reckoning), GraphFormat(output_format)))
    say(*([] if reckoning.compliance.contracts else [NOTHING]), *_notes(reckoning, verbose))
    return CLEAN


@contracts.command()
@_path
@click.option("--write", is_flag=True, help="Add the contracts to the configuration of the project.")
@config_option
@verbose_option
@reported
def infer(path: str, write: bool, config_path: str | None, verbose: bool) -> int:
    """Print the contracts that the code of PATH (default: here) keeps today, as TOML."""
    project, reckoning = _reckoned(path, config_path)
    found = inferred(reckoning.compliance)
    file, shared = _target(project.root, config_path)
    if write:
        _write(file, merged(_read(file), found, shared))
        say(f"{len(found)} contracts in {file}; what was there stays as it was")
    else:
        emit(merged("", found, shared))
        say(f"{len(found)} contracts; --write adds them to {file}")
    say(*_notes(reckoning, verbose))
    return CLEAN


def _reckoned(path: str, config_path: str | None) -> tuple[Project, engine.Reckoning]:
    (project,) = projects_of((path,))
    settings = settings_of(project, config_path)
    return project, engine.reckon(project.root, settings)


def _overview(reckoning: engine.Reckoning) -> Overview:
    return overview(reckoning.compliance, reckoning.verdicts)


def _notes(reckoning: engine.Reckoning, verbose: bool) -> list[str]:
    notes = [f"note: {note}" for note in reckoning.report.notes]
    if not reckoning.report.applications:
        notes.append("note: no application was found; `applications` in the configuration can name one")
    return [*notes, *(details(reckoning.report) if verbose else ())]


def _target(root: Path, config_path: str | None) -> tuple[Path, bool]:
    """Return the file that holds the configuration, or is to hold it, and whether that is in a table for tools."""
    if config_path is not None:
        return Path(config_path), config.start_in(Path(config_path)) != ()
    found = config.located(root)
    return (root / OWN_FILE, False) if found is None else (found[0], found[2] != ())


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
