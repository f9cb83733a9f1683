"""The command line: a door. It reads the options, asks the engine, prints, and chooses the exit code.

Exit codes: 0 clean, 1 errors or warnings were found, 2 the command could not run (one line a problem on stderr).
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple, NoReturn, TextIO

import click
import msgspec

from appstate_lint import __version__, config, engine, source
from appstate_lint.checks import RULES
from appstate_lint.config import Settings
from appstate_lint.frameworks import rules_folder
from appstate_lint.model import Report, Rule, Severity
from appstate_lint.report import Format, accesses_text, findings_text, timeline_text
from appstate_lint.report.rules import by_code, page_summary, rules_table
from appstate_lint.report.text import summary, visible

CLEAN, FOUND, FAILED = 0, 1, 2


class Project(NamedTuple):
    """A root (absolute), and the patterns that make a file outside any project one of its own."""

    root: Path
    left_out: tuple[str, ...] = ()


class CannotRun(Exception):
    """The command cannot do what was asked; each argument is a line for people: what, where, how to mend."""


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


def reported(command: Callable[..., int]) -> Callable[..., int]:
    """Make an unexpected exception of ``command`` one line and exit 2; the traceback is shown under ``-v``."""

    @functools.wraps(command)
    def guarded(*, verbose: bool, **options: object) -> int:
        try:
            return command(verbose=verbose, **options)
        except (CannotRun, click.ClickException, click.Abort):
            raise
        except Exception as error:
            if verbose:
                _say(traceback.format_exc().rstrip())
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            hint = "please report it with the traceback" if verbose else "run again with -v to see where"
            raise CannotRun(f"internal error, {reason}; {hint}") from error

    return guarded


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(__version__, prog_name="appstate-lint", message="%(prog)s %(version)s")
def commands() -> None:
    """Find reads of application state that can happen before, or without, its initialization."""


_paths = click.argument("paths", nargs=-1, type=click.Path())
_config = click.option("--config", "config_path", metavar="PATH", help="Read this configuration file.")
_verbose = click.option("-v", "--verbose", is_flag=True, help="Say more on stderr; show the traceback of a failure.")
_color = click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Color the text output."
)
_prefilter = click.option(
    "--no-prefilter", "prefilter", flag_value=False, type=bool, default=True, help="Parse every file."
)


@commands.command()
@_paths
@click.option("--output-format", type=click.Choice([form.value for form in Format]), default="text")
@click.option("--select", multiple=True, metavar="RULES", help="Report only these: names, codes, beginnings of codes.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Do not report these.")
@_prefilter
@_config
@_color
@_verbose
@reported
def check(
    paths: tuple[str, ...],
    output_format: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    prefilter: bool,
    config_path: str | None,
    color: str,
    verbose: bool,
) -> int:
    """Analyze the project around PATHS (default: here) and report the findings at or below them."""
    form = Format(output_format)
    shown_rules = _chosen(select, ignore)
    projects = _projects(paths)
    if form is Format.JSON:
        _one_root(projects)
    settings = _all_settings(projects, config_path)
    code = CLEAN
    for project, below in projects.items():
        report = engine.analyze(project.root, settings[project], prefilter=prefilter)
        findings = tuple(f for f in report.findings if f.rule in shown_rules and _is_below(f.file, below))
        report = msgspec.structs.replace(report, findings=findings)
        _print(findings_text(report, form, lines=_line_reader(project.root), color=_wants_color(color)))
        if form is not Format.JSON:
            _say(*summary(report), *(_details(report) if verbose else ()))
        if any(finding.severity is not Severity.INFO for finding in findings):
            code = FOUND
    return code


@commands.command()
@_paths
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
@click.option("--include-tests", is_flag=True, help="List the accesses in test files, too.")
@_prefilter
@_config
@_color
@_verbose
@reported
def accesses(
    paths: tuple[str, ...],
    output_format: str,
    include_tests: bool,
    prefilter: bool,
    config_path: str | None,
    color: str,
    verbose: bool,
) -> int:
    """List every place at or below PATHS that reads, writes, deletes or asks for a component."""
    form = Format(output_format)
    projects = _projects(paths)
    if form is Format.JSON:
        _one_root(projects)
    settings = _all_settings(projects, config_path)
    for project, below in projects.items():
        report = engine.analyze(project.root, settings[project], prefilter=prefilter, include_tests=include_tests)
        found = tuple(access for access in report.accesses if _is_below(access.file, below))
        _print(accesses_text(found, form, color=_wants_color(color)))
        if verbose:
            _say(*_details(report))
    return CLEAN


@commands.command()
@click.argument("component", required=False)
@click.argument("path", default=".", type=click.Path())
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text")
@_prefilter
@_config
@_color
@_verbose
@reported
def timeline(
    component: str | None,
    path: str,
    output_format: str,
    prefilter: bool,
    config_path: str | None,
    color: str,
    verbose: bool,
) -> int:
    """Tell the life of each application in PATH (default: here), phase by phase, or the story of one COMPONENT."""
    (project,) = _projects((path,))
    settings = _settings(project, config_path)
    report = engine.analyze(project.root, settings, prefilter=prefilter, with_stories=True)
    names = sorted({access.component for access in report.accesses})
    if component is not None and component not in names:
        close = config.nearest(component, names)
        hint = f"; did you mean {close}?" if close else "; `appstate-lint timeline` lists all"
        raise CannotRun(f"nothing in {project.root} touches a component {component!r}{hint}")
    _print(timeline_text(report, component, Format(output_format), color=_wants_color(color)))
    _say(*(f"note: {note}" for note in report.notes), *(_details(report) if verbose else ()))
    return CLEAN


@commands.command()
@click.argument("rule")
@_verbose
@reported
def explain(rule: str, verbose: bool) -> int:
    """Print the page of RULE (its name or code)."""
    found = next((each for each in RULES if rule.lower() in (each.name, each.code.lower())), None)
    if found is None:
        raise CannotRun(f"no such rule: {rule}{_nearest(rule)}; `appstate-lint rules` lists them")
    _print(_page(found))
    return CLEAN


@commands.command()
@click.option("--output-format", type=click.Choice(["text", "json", "markdown"]), default="text")
@_verbose
@reported
def rules(output_format: str, verbose: bool) -> int:
    """List all rules."""
    pages = {rule.name: _page(rule) for rule in RULES}
    if output_format == "markdown":
        _print(rules_table(RULES, pages))
    elif output_format == "json":
        listed = [_rule_object(rule, pages[rule.name]) for rule in by_code(RULES)]
        _print(json.dumps({"schema": 1, "rules": listed}, indent=1) + "\n")
    else:
        width = max((len(rule.name) for rule in RULES), default=0)
        rows = (f"{rule.code}  {rule.name:<{width}}  {page_summary(pages[rule.name])}" for rule in by_code(RULES))
        _print("".join(row.rstrip() + "\n" for row in rows))
    return CLEAN


@commands.command("config")
@click.argument("path", default=".", type=click.Path())
@_config
@_verbose
@reported
def show_config(path: str, config_path: str | None, verbose: bool) -> int:
    """Print the settings that hold for PATH (default: here), as JSON."""
    (project,) = _projects((path,))
    settings = _settings(project, config_path)
    shown = {
        "root": str(project.root),
        "settings": msgspec.to_builtins(settings, str_keys=True),
        "frameworks": [msgspec.to_builtins(each) for each in engine.frameworks_of(project.root, settings)],
    }
    _print(json.dumps(shown, indent=1) + "\n")
    return CLEAN


def _projects(paths: tuple[str, ...]) -> Mapping[Project, frozenset[str]]:
    """Return each project of ``paths`` with the paths to report on, relative to it ("." for all of it)."""
    given = [Path(path) for path in paths or (".",)]
    if missing := [path for path in given if not path.exists()]:
        raise CannotRun(*(f"no such file or directory: {path}; name one that exists" for path in missing))
    projects: dict[Project, frozenset[str]] = {}
    for path in given:
        real = path.resolve()
        project = Project(source.find_root(real).resolve(), source.alone(real))
        below = real.relative_to(project.root).as_posix() if real.is_relative_to(project.root) else "."
        projects[project] = projects.get(project, frozenset()) | {below}
    return projects


def _one_root(projects: Mapping[Project, object]) -> None:
    if len(projects) > 1:
        names = ", ".join(str(project.root) for project in projects)
        raise CannotRun(f"the paths belong to {len(projects)} projects ({names}); JSON output takes one at a time")


def _is_below(file: str, below: frozenset[str]) -> bool:
    return file in below or any(str(parent) in below for parent in PurePosixPath(file).parents)


def _all_settings(projects: Iterable[Project], config_path: str | None) -> Mapping[Project, Settings]:
    return {project: _settings(project, config_path) for project in projects}


def _settings(project: Project, config_path: str | None) -> Settings:
    explicit = None if config_path is None else Path(config_path)
    if explicit is not None and not explicit.is_file():
        raise CannotRun(f"no such configuration file: {config_path}; give --config a TOML file that exists")
    try:
        settings = config.load(project.root, explicit)
    except config.ConfigErrors as errors:
        raise CannotRun(*str(errors).splitlines()) from errors
    return msgspec.structs.replace(settings, exclude=(*project.left_out, *settings.exclude))


def _chosen(select: tuple[str, ...], ignore: tuple[str, ...]) -> frozenset[str]:
    """Return the names of the rules to report: without ``select`` all but those that are information."""
    selected = _named("--select", select)
    if not select:
        selected = frozenset(rule.name for rule in RULES if rule.severity is not Severity.INFO)
    return selected - _named("--ignore", ignore)


def _named(option: str, values: tuple[str, ...]) -> frozenset[str]:
    words = [word.strip() for value in values for word in value.split(",") if word.strip()]
    matches = {word: [rule.name for rule in RULES if word == rule.name or rule.code.startswith(word)] for word in words}
    if unknown := [word for word, names in matches.items() if not names]:
        raise CannotRun(
            *(f"{option} {word}: no such rule{_nearest(word)}; `appstate-lint rules` lists them" for word in unknown)
        )
    return frozenset(name for names in matches.values() for name in names)


def _nearest(word: str) -> str:
    close = config.nearest(word, [name for rule in RULES for name in (rule.name, rule.code)])
    return f" (did you mean {close}?)" if close else ""


def _page(rule: Rule) -> str:
    try:
        return (rules_folder() / f"{rule.name}.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        return f"# {rule.name} ({rule.code})\n\nThis rule has no page.\n"


def _rule_object(rule: Rule, page: str) -> dict[str, str]:
    return {
        "name": rule.name,
        "code": rule.code,
        "severity": rule.severity.value,
        "confidence": rule.confidence.value,
        "summary": page_summary(page),
    }


def _line_reader(root: Path) -> Callable[[str], Sequence[str]]:
    @functools.lru_cache(maxsize=64)
    def lines(file: str) -> Sequence[str]:
        try:
            return source.decode(source.read_bytes(root, file)).split("\n")
        except source.Unreadable:
            return ()

    return lines


def _details(report: Report) -> Iterator[str]:
    for file in report.coverage.files.unparsable:
        yield f"not parsed: {file}"
    for spot in report.coverage.dynamic:
        yield f"name not known: {spot.file}:{spot.line}"
    for application in report.applications:
        openness = ", open" if application.open else ""
        yield (
            f"application: {application.name} ({application.framework}, {application.file}:{application.line}, "
            f"{application.entry_points} entry points{openness})"
        )


def _wants_color(choice: str) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _usage_line(failure: click.ClickException) -> str:
    message = " ".join(failure.format_message().split()).rstrip(".")
    command = getattr(getattr(failure, "ctx", None), "command_path", "appstate-lint")
    return f"{message}; see `{command} --help`"


def _fail(problems: Iterable[object]) -> int:
    _say(*(f"appstate-lint: {problem}" for problem in problems))
    return FAILED


def _say(*rows: str) -> None:
    for row in rows:
        _write(sys.stderr, "\n".join(map(visible, row.split("\n"))) + "\n")


def _print(text: str) -> None:
    _write(sys.stdout, text)


def _write(stream: TextIO, text: str) -> None:
    """Write ``text`` now; where nobody reads any more, it and the rest of the output go nowhere."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
