"""``migrate``: what singletons there are, who uses a declared one, in which order to move, and whether all is moved."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from appstate_lint import cache, config, engine
from appstate_lint.cli_common import (
    Project,
    config_option,
    day,
    projects_of,
    reported,
    settings_of,
    verbose_option,
    write_changes,
)
from appstate_lint.cli_output import CLEAN, FOUND, CannotRun, emit, say
from appstate_lint.config import Migration, Settings
from appstate_lint.files import write_whole
from appstate_lint.migration import journal, records
from appstate_lint.migration.analysis import Analysis, analyze
from appstate_lint.migration.applying import prepare
from appstate_lint.migration.candidates import candidates as candidates_of
from appstate_lint.migration.certificate import certify
from appstate_lint.migration.history import NoHistory, as_of
from appstate_lint.migration.plan import Plan, markdown, plan, updated
from appstate_lint.migration.survey import Survey
from appstate_lint.model import Finding
from appstate_lint.report import migrations as shown
from appstate_lint.report import records as recorded

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _project_of(path: str) -> Project:
    (project,) = projects_of((path,))
    return project


def named(settings: Settings, name: str) -> Migration:
    """Return the declared migration of that name."""
    found = next((each for each in settings.migrations if each.name == name), None)
    if found is not None:
        return found
    names = [each.name for each in settings.migrations]
    close = config.nearest(name, names)
    known = f"declared are {', '.join(names)}" if names else "none is declared"
    hint = f"did you mean '{close}'?" if close else f"{known}; `appstate-lint migrate candidates` suggests some"
    raise CannotRun(f"no migration named '{name}'; {hint}")


path_argument = click.argument("path", default=".", type=click.Path())
name_argument = click.argument("name")
today_option = click.option("--today", metavar="DATE", help="Take this day for today (default: that of the clock).")


def _formats(*names: str) -> Callable[[_Command], _Command]:
    return click.option("--output-format", type=click.Choice(names), default=names[0])


@click.group()
def migrate() -> None:
    """Move from singletons to factories: find them, plan the move, and prove that it is complete."""


@migrate.command()
@path_argument
@_formats("text", "json", "toml")
@config_option
@verbose_option
@reported
def candidates(path: str, output_format: str, config_path: str | None, verbose: bool) -> int:
    """List the singletons of the project around PATH that no migration declares."""
    project = _project_of(path)
    survey, _ = engine.surveyed(project.root, settings_of(project, config_path), prefilter=False)
    found = candidates_of(survey)
    if output_format == "json":
        emit(shown.candidates_json(found))
    else:
        emit(shown.candidates_toml(found) if output_format == "toml" else shown.candidates_text(found))
    return CLEAN


@migrate.command("analyze")
@name_argument
@path_argument
@_formats("text", "json", "mermaid", "dot")
@config_option
@verbose_option
@reported
def analyze_one(name: str, path: str, output_format: str, config_path: str | None, verbose: bool) -> int:
    """List every consumer of the migration NAME, what reaches it, and the risk of moving."""
    analysis = _analyzed(name, path, config_path)[1]
    writers = {
        "text": shown.analysis_text,
        "json": shown.analysis_json,
        "mermaid": shown.analysis_mermaid,
        "dot": shown.analysis_dot,
    }
    emit(writers[output_format](analysis))
    return CLEAN


@migrate.command("plan")
@name_argument
@path_argument
@_formats("markdown", "json")
@click.option("--update", metavar="FILE", help="Tick the boxes of this plan, and add new steps; made if missing.")
@config_option
@verbose_option
@reported
def plan_one(
    name: str, path: str, output_format: str, update: str | None, config_path: str | None, verbose: bool
) -> int:
    """Print the steps of the migration NAME, in an order that keeps the service working."""
    survey, analysis = _analyzed(name, path, config_path)
    made = plan(survey, analysis)
    if update is None:
        emit(shown.plan_json(made) if output_format == "json" else markdown(made))
        return CLEAN
    _write(update, lambda old: markdown(made) if old is None else updated(old, made))
    done = sum(step.done for step in made.steps)
    say(f"{update}: {len(made.steps) - done} of {len(made.steps)} steps to do")
    return CLEAN


def _write(name: str, content: Callable[[str | None], str]) -> None:
    """Write a Markdown file as ``content`` makes it of what it is so far (None: nothing). Raises CannotRun."""
    target = Path(name)
    try:
        old = target.read_bytes().decode("utf-8") if target.exists() else None
        write_whole(target, content(old))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CannotRun(f"{name}: {reason}; name a Markdown file that can be written") from error


update_option = click.option(
    "--update", metavar="FILE", help="Bring the boxes of this record up to date; made if missing."
)


def _recording(command: Callable[..., int]) -> Callable[..., int]:
    """Give ``command`` the arguments and options of those that write a record."""
    options = update_option(today_option(config_option(verbose_option(reported(command)))))
    return name_argument(path_argument(options))


@migrate.command("adr")
@_recording
def adr(**given: Any) -> int:
    """Write the decision record of the migration NAME: context, decision, consumers, risk, validation, status."""
    return _record("adr", **given)


@migrate.command("checklist")
@_recording
def checklist(**given: Any) -> int:
    """Write the definition of done of the migration NAME, ticked as far as the code shows it."""
    return _record("checklist", **given)


def _record(
    kind: str, *, name: str, path: str, update: str | None, today: str | None, config_path: str | None, verbose: bool
) -> int:
    project = _project_of(path)
    settings = settings_of(project, config_path)
    migration, when = named(settings, name), day(today)
    if "\n" in name or "--" in name:
        raise CannotRun(
            "records mark their boxes in comments, which cannot hold that name; name the migration in words"
        )
    survey, findings = engine.surveyed(project.root, settings, today=when)
    made, checked = _checked(survey, migration, findings)
    new = records.record(kind, checked, made, when or datetime.date.today())
    if update is None:
        emit(new)
        return CLEAN
    _write(update, lambda old: new if old is None else records.rewritten(old, kind, checked, made))
    say(f"{update}: {sum(bool(each.against) for each in checked)} of {len(checked)} checks do not hold yet")
    return CLEAN


def _checked(
    survey: Survey, migration: Migration, findings: Iterable[Finding]
) -> tuple[Plan, tuple[records.Check, ...]]:
    made = plan(survey, analyze(survey, migration))
    return made, records.checks(certify(survey, migration, findings), made)


def _claims(root: Path, settings: Settings, name: str | None, today: datetime.date | None) -> list[records.Claim]:
    """Return what the records below ``root`` claim of one migration, or of all. Raises CannotRun if there are none."""
    wanted = [named(settings, name)] if name is not None else list(settings.migrations)
    survey, findings = engine.surveyed(root, settings, today=today)
    kept = records.texts(root)
    found: list[records.Claim] = []
    for migration in wanted:
        made, checked = _checked(survey, migration, findings)
        for file, text in kept.marked.items():
            found += records.claims(file, text, checked, made)
    if name is None:
        declared = [each.name for each in settings.migrations]
        found += [each for file, text in kept.marked.items() for each in records.strangers(file, text, declared)]
    if not found:
        whose = f"of migration '{name}' " if name is not None else ""
        raise CannotRun(
            f"no record {whose}is in the Markdown below {root}; "
            f"`appstate-lint migrate checklist {name or 'NAME'} --update FILE` writes one"
        )
    found += [
        records.Claim(name or "", file, 1, "a record, perhaps", (f"cannot be read: {reason}",))
        for file, reason in kept.unreadable.items()
    ]
    return sorted(found, key=lambda each: (each.file, each.line))


@migrate.command("verify")
@click.argument("name", required=False)
@path_argument
@_formats("text", "json")
@click.option("--since", metavar="REF", help="Compare with this commit.")
@click.option("--records", "only_records", is_flag=True, help="Check what the records say, of NAME or of all, instead.")
@today_option
@config_option
@verbose_option
@reported
def verify(
    name: str | None,
    path: str,
    output_format: str,
    since: str | None,
    only_records: bool,
    today: str | None,
    config_path: str | None,
    verbose: bool,
) -> int:
    """Prove that nothing is left of what the migration NAME moves from: exit 0 with a certificate, 1 with what is."""
    project = _project_of(path)
    settings = settings_of(project, config_path)
    when = day(today)
    if only_records:
        if since:
            raise CannotRun("--since and --records: a record speaks of today; leave one of them out")
        claims = _claims(project.root, settings, name, when)
        emit(recorded.claims_json(claims) if output_format == "json" else recorded.claims_text(claims))
        return FOUND if any(each.wrong for each in claims) else CLEAN
    if name is None:
        raise CannotRun("which migration? give its NAME; only --records looks at all of them")
    migration = named(settings, name)
    survey, findings = engine.surveyed(project.root, settings, today=when)
    found = certify(survey, migration, findings)
    before = _before(project.root, settings, since, when) if since else {}
    if output_format == "json":
        emit(
            shown.certificate_json(
                found, (when or datetime.date.today()).isoformat(), (since, before[name]) if since else None
            )
        )
    else:
        emit(shown.certificate_text(found, before.get(name)))
    return CLEAN if found.complete else FOUND


@migrate.command("status")
@path_argument
@_formats("text", "markdown", "json")
@click.option("--since", metavar="REF", help="Compare with this commit.")
@today_option
@config_option
@verbose_option
@reported
def status(
    path: str, output_format: str, since: str | None, today: str | None, config_path: str | None, verbose: bool
) -> int:
    """Show how far all declared migrations are, in one table."""
    project = _project_of(path)
    settings = settings_of(project, config_path)
    when = day(today)
    survey, findings = engine.surveyed(project.root, settings, today=when)
    before = _before(project.root, settings, since, when) if since else {}
    found = [(certify(survey, each, findings), before.get(each.name)) for each in settings.migrations]
    if not found:
        say("no migration is declared; `appstate-lint migrate candidates` suggests some")
    if output_format == "json":
        emit(shown.status_json(found))
    else:
        emit(shown.status_table(found, markdown=output_format == "markdown"))
    return CLEAN


def _analyzed(name: str, path: str, config_path: str | None) -> tuple[Survey, Analysis]:
    project = _project_of(path)
    settings = settings_of(project, config_path)
    migration = named(settings, name)
    survey, _ = engine.surveyed(project.root, settings)
    return survey, analyze(survey, migration)


def _before(root: Path, settings: Settings, ref: str, today: datetime.date | None) -> dict[str, int]:
    """Return how many places were left at a commit, by migration, under today's settings."""
    try:
        with as_of(root, ref) as folder:
            survey, findings = engine.surveyed(folder, settings, today=today)
    except NoHistory as error:
        raise CannotRun(f"--since {ref}: {error}; name a commit of the repository around {root}") from error
    return {each.name: len(certify(survey, each, findings).leftovers) for each in settings.migrations}


@migrate.command("apply")
@name_argument
@path_argument
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--allow-dirty", is_flag=True, help="Rewrite files that have changes of their own, too.")
@config_option
@verbose_option
@reported
def apply_one(name: str, path: str, dry_run: bool, allow_dirty: bool, config_path: str | None, verbose: bool) -> int:
    """Rewrite the mechanical consumers of the migration NAME, and list what is left for people."""
    project = _project_of(path)
    settings = settings_of(project, config_path)
    migration = named(settings, name)
    with cache.passing(project.root) as store:
        first = engine.examine(project.root, settings, prefilter=False, store=store)

        def again(overlay: Mapping[str, str]) -> tuple[Survey, tuple[Finding, ...]]:
            return engine.examine(project.root, settings, overlay=overlay, store=store)[1:]

        made = prepare(project.root, first.survey, analyze(first.survey, migration), first.findings, again)
    emit("".join(change.diff for change in made.changes))
    for each in made.left:
        place = each.leftover.place
        say(f"left: {place.file}:{place.line}: {each.leftover.accessor.rpartition('.')[2]}: {each.reason}")
    for file in first.survey.unparsable(migration):
        say(f"left: {file}: may mention the old way and cannot be parsed")
    if made.changes and migration.component:
        say(f"tests that make an application or a request of their own need '{migration.component}' in it")
    if made.tests:
        say(f"these reach what is rewritten: pytest {' '.join(map(shlex.quote, made.tests))}")
    places = sum(change.places for change in made.changes)
    count = f"{places} place{'' if places == 1 else 's'} in {len(made.changes)} file{'s' * (len(made.changes) != 1)}"
    if dry_run or not made.changes:
        say(f"{count} can be rewritten, {len(made.left)} left")
        return CLEAN
    write_changes(project.root, name, made.changes, allow_dirty=allow_dirty)
    say(f"{count} rewritten, {len(made.left)} left; `appstate-lint migrate rollback {name}` undoes it")
    return CLEAN


@migrate.command("rollback")
@name_argument
@path_argument
@verbose_option
@reported
def roll_back_one(name: str, path: str, verbose: bool) -> int:
    """Undo what `migrate apply NAME` changed, byte for byte."""
    root = _project_of(path).root
    try:
        known = journal.load(root, name)
        if known is None:
            kept = ", ".join(f"'{each}'" for each in journal.kept(root))
            hint = f"what can be undone is {kept}" if kept else "`migrate apply` keeps a journal of what it changes"
            raise CannotRun(f"nothing of migration '{name}' is to be undone in {root}; {hint}")
        files = journal.roll_back(root, known)
    except journal.Edited as edited:
        emit(edited.patch())
        several = ", ".join(entry.path for entry in edited.entries)
        raise CannotRun(
            f"edited since, so nothing was touched: {several}; the patch on standard output undoes the rewriting and "
            "keeps the edits"
        ) from edited
    except journal.Refused as refusal:
        raise CannotRun(*map(str, refusal.args)) from refusal
    say(f"{len(files)} file{'' if len(files) == 1 else 's'} as before")
    return CLEAN
