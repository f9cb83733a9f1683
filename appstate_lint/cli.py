"""The command line: a door. It reads the options, asks the engine, prints, and chooses the exit code.

Exit codes: 0 clean, 1 errors or warnings were found, 2 the command could not run (one line a problem on stderr). What
all commands share is in ``cli_common``; ``check`` is in ``cli_check``.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn

import click
import msgspec

from appstate_lint import (
    __version__,
    cli_baseline,
    cli_check,
    cli_contracts,
    cli_init,
    cli_migrate,
    config,
    engine,
    settings_schema,
)
from appstate_lint.checks import RULES
from appstate_lint.checks.families import family
from appstate_lint.cli_common import (
    CLEAN,
    FAILED,
    CannotRun,
    all_settings,
    cache_options,
    color_option,
    config_option,
    details,
    emit,
    is_below,
    nearest_rule,
    one_root,
    page_of,
    paths_argument,
    prefilter_option,
    processes,
    projects_of,
    reported,
    say,
    settings_of,
    store_of,
    verbose_option,
    wants_color,
)
from appstate_lint.model import Rule
from appstate_lint.progress import waiting
from appstate_lint.report import Format, accesses_text, timeline_text
from appstate_lint.report.rules import by_code, page_summary, rules_table


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line with ``arguments`` (default: those of the process) and exit."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # any text stream may stand there
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with ``arguments`` and return the exit code; prints, but never raises."""
    try:
        code = commands.main(arguments, prog_name="appstate-lint", standalone_mode=False)
        return code if isinstance(code, int) else CLEAN
    except CannotRun as failure:
        return _fail(failure.args)
    except click.ClickException as failure:
        return _fail([_usage_line(failure)])
    except SystemExit:  # click prints the help itself, and leaves when nobody reads it any more
        return CLEAN
    except (click.Abort, KeyboardInterrupt):
        return _fail(["interrupted"])


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(__version__, prog_name="appstate-lint", message="%(prog)s %(version)s")
def commands() -> None:
    """Find reads of application state that can happen before, or without, its initialization."""


commands.add_command(cli_check.check)
commands.add_command(cli_baseline.baseline)
commands.add_command(cli_init.init)
commands.add_command(cli_migrate.migrate)
commands.add_command(cli_contracts.contracts)


@commands.command()
@paths_argument
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
@click.option("--include-tests", is_flag=True, help="List the accesses in test files, too.")
@prefilter_option
@config_option
@color_option
@cache_options
@verbose_option
@reported
def accesses(
    paths: tuple[str, ...],
    output_format: str,
    include_tests: bool,
    prefilter: bool,
    config_path: str | None,
    color: str,
    cache_dir: str | None,
    cached: bool,
    jobs: int,
    verbose: bool,
) -> int:
    """List every place at or below PATHS that reads, writes, deletes or asks for a component."""
    form = Format(output_format)
    projects = projects_of(paths)
    if form is Format.JSON:
        one_root(projects)
    settings = all_settings(projects, config_path)
    for project, below in projects.items():
        with waiting(f"analyzing {project.root.name}"), store_of(project, cache_dir, cached, verbose) as store:
            report = engine.analyze(
                project.root,
                settings[project],
                prefilter=prefilter,
                include_tests=include_tests,
                store=store,
                jobs=processes(jobs),
            )
        found = tuple(access for access in report.accesses if is_below(access.file, below))
        emit(accesses_text(found, form, color=wants_color(color)))
        if verbose:
            say(*details(report))
    return CLEAN


@commands.command()
@click.argument("component", required=False)
@click.argument("path", default=".", type=click.Path())
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
@prefilter_option
@config_option
@color_option
@cache_options
@verbose_option
@reported
def timeline(
    component: str | None,
    path: str,
    output_format: str,
    prefilter: bool,
    config_path: str | None,
    color: str,
    cache_dir: str | None,
    cached: bool,
    jobs: int,
    verbose: bool,
) -> int:
    """Tell the life of each application in PATH (default: here), phase by phase, or the story of one COMPONENT."""
    (project,) = projects_of((path,))
    settings = settings_of(project, config_path)
    with waiting(f"analyzing {project.root.name}"), store_of(project, cache_dir, cached, verbose) as store:
        report = engine.analyze(
            project.root, settings, prefilter=prefilter, with_stories=True, store=store, jobs=processes(jobs)
        )
    names = sorted({access.component for access in report.accesses})
    if component is not None and component not in names:
        close = config.nearest(component, names)
        hint = f"; did you mean {close}?" if close else "; `appstate-lint timeline` lists all"
        raise CannotRun(f"nothing in {project.root} touches a component {component!r}{hint}")
    emit(timeline_text(report, component, Format(output_format), color=wants_color(color)))
    say(*(f"note: {note}" for note in report.notes), *(details(report) if verbose else ()))
    return CLEAN


@commands.command()
@click.argument("rule")
@verbose_option
@reported
def explain(rule: str, verbose: bool) -> int:
    """Print the page of RULE (its name or code)."""
    found = next((each for each in RULES if rule.lower() in (each.name, each.code.lower())), None)
    if found is None:
        raise CannotRun(f"no such rule: {rule}{nearest_rule(rule)}; `appstate-lint rules` lists them")
    emit(page_of(found))
    return CLEAN


@commands.command()
@click.option("--output-format", type=click.Choice(["text", "json", "markdown"]), default="text")
@verbose_option
@reported
def rules(output_format: str, verbose: bool) -> int:
    """List all rules."""
    pages = {rule.name: page_of(rule) for rule in RULES}
    if output_format == "markdown":
        emit(rules_table(RULES, pages))
    elif output_format == "json":
        listed = [_rule_object(rule, pages[rule.name]) for rule in by_code(RULES)]
        emit(json.dumps({"schema": 1, "rules": listed}, indent=1) + "\n")
    else:
        width = max((len(rule.name) for rule in RULES), default=0)
        rows = (
            f"{rule.code}  {rule.name:<{width}}  {family(rule):<9}  {page_summary(pages[rule.name])}"
            for rule in by_code(RULES)
        )
        emit("".join(row.rstrip() + "\n" for row in rows))
    return CLEAN


@commands.command("config")
@click.argument("path", default=".", type=click.Path())
@click.option("--schema", is_flag=True, help="Print the JSON schema of the configuration instead.")
@config_option
@verbose_option
@reported
def show_config(path: str, schema: bool, config_path: str | None, verbose: bool) -> int:
    """Print the settings that hold for PATH (default: here), as JSON."""
    if schema:
        emit(json.dumps(settings_schema.schema(), indent=1) + "\n")
        return CLEAN
    (project,) = projects_of((path,))
    settings = settings_of(project, config_path)
    shown = {
        "root": str(project.root),
        "settings": msgspec.to_builtins(settings, str_keys=True),
        "frameworks": [msgspec.to_builtins(each) for each in engine.frameworks_of(project.root, settings)],
    }
    emit(json.dumps(shown, indent=1) + "\n")
    return CLEAN


def _rule_object(rule: Rule, page: str) -> dict[str, str]:
    return {
        "name": rule.name,
        "code": rule.code,
        "family": family(rule),
        "severity": rule.severity.value,
        "confidence": rule.confidence.value,
        "summary": page_summary(page),
    }


def _usage_line(failure: click.ClickException) -> str:
    message = " ".join(failure.format_message().split()).rstrip(".")
    command = getattr(getattr(failure, "ctx", None), "command_path", "appstate-lint")
    return f"{message}; see `{command} --help`"


def _fail(problems: Iterable[object]) -> int:
    say(*(f"appstate-lint: {problem}" for problem in problems))
    return FAILED
