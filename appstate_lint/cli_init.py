"""``init``: write a starting configuration, with what was found in the project and what can be set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click

from appstate_lint import config, engine
from appstate_lint.cli_common import projects_of, reported, verbose_option
from appstate_lint.cli_output import CLEAN, CannotRun, say
from appstate_lint.config import Settings
from appstate_lint.contracts import Compliance
from appstate_lint.contracts.shape import Phased, phased, start_ups
from appstate_lint.model import FrameworkVersion, Phase, Report, Severity
from appstate_lint.progress import waiting
from appstate_lint.report.text import visible


class Key(NamedTuple):
    """One key of the configuration: what it is for, its table ("" for the top), an example, whether it is set."""

    says: str
    table: str
    name: str
    example: object
    is_set: bool = False


def keys(applications: Sequence[str], framework: FrameworkVersion, phases: Phased | None) -> Sequence[Key]:
    """Return what a starting configuration holds, with ``applications`` that were found and a ``framework`` of them.

    ``phases`` are those that start-up seems to have.
    """
    named = [_phase(member) for member in phases.members] if phases is not None else ["resources", "services"]
    call = phases.call if phases is not None else "package.boot:Boot.set_phase"
    argument = phases.argument if phases is not None else 0
    return (
        Key("Folders and files that are not read at all, as in a .gitignore.", "", "exclude", [], True),
        Key("Report pragmas, ignores and lines of the baseline that silence nothing.", "", "strict", False, True),
        Key("Test code: what it writes does not count in production.", "", "tests", ["tests/**", "**/conftest.py"]),
        Key(
            "To look at these applications alone, or to name those that are not found.",
            "",
            "applications",
            list(applications) or ["package.module:app"],
        ),
        Key("Components written by code that is not here.", "", "external-writers", ["settings"]),
        Key("Components read by code that is not here.", "", "external-readers", ["limiter"]),
        Key("Phases of your own inside start-up, in order: contracts can name them.", "", "phases", named),
        Key("Whether each component must have a contract (`contracts infer --write` adds them).", "", "closed", False),
        Key("What to report: names of rules, codes or their beginnings, families.", "", "select", ["E", "W"]),
        Key("What not to report.", "", "ignore", ["W7804"]),
        Key("What not to report in some files.", "per-path-ignores", "legacy/**", ["existence"]),
        Key("How bad a rule is: error, warning or info.", "severity", "W7804", "error"),
        Key(
            "The version of a framework, where lock file and requirements do not say.",
            "versions",
            framework.name,
            framework.version or "1.0",
        ),
        Key("A call that opens the phase which its argument names.", "[phase-markers]", "call", call),
        Key("The parameter that says the phase, or its position.", "[phase-markers]", "argument", argument),
    )


def _phase(member: str) -> str:
    """Return a phase as it is called after a member of an enum; built-in phases keep their names to themselves."""
    name = member.lower().replace("_", "-")
    return name if name not in [phase.value for phase in Phase] else f"{name}-phase"


@click.command("init")
@click.argument("path", default=".", type=click.Path())
@verbose_option
@reported
def init(path: str, verbose: bool) -> int:
    """Write a starting configuration for the project around PATH (default: here), never over one that is there."""
    (project,) = projects_of((path,))
    target = project.root / config.OWN_FILE
    if present := config.file_in(project.root):
        raise CannotRun(f"{present} has settings already; `appstate-lint config` shows them, edit them there")
    with waiting(f"analyzing {project.root.name}"):
        reckoning = engine.reckon(project.root, Settings())
    report = reckoning.report
    text = starting_configuration(reckoning, engine.frameworks_of(project.root, Settings()))
    try:
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise CannotRun(f"{target} cannot be written: {error.strerror}") from error
    say(f"{target} written", *_advice(report))
    return CLEAN


def _advice(report: Report) -> Iterator[str]:
    found = sum(finding.severity is not Severity.INFO for finding in report.findings)
    if not report.applications:
        yield "no application was found; name it in the file, or see `appstate-lint check -v`"
    elif found:
        count = "1 finding" if found == 1 else f"{found} findings"
        yield f"{count} today; `appstate-lint check` shows them, `appstate-lint baseline write` accepts them for now"
    else:
        yield "nothing is found today; `appstate-lint check` says so whenever that changes"


def starting_configuration(reckoning: engine.Reckoning, versions: Sequence[FrameworkVersion]) -> str:
    """Return the text of an ``appstate-lint.toml`` that names what was found; what is not set is a comment."""
    import tomlkit

    report, phases = reckoning.report, phased(reckoning.compliance.project)
    page = tomlkit.document()
    for line in (*_heading(report, versions), *_shape(reckoning.compliance, phases)):
        page.add(tomlkit.comment(visible(line)) if line else tomlkit.nl())
    table = ""
    used = {application.framework for application in report.applications}
    framework = next((each for each in versions if each.name in used), versions[0])
    for key in keys([application.name for application in report.applications], framework, phases):
        page.add(tomlkit.nl())
        page.add(tomlkit.comment(key.says))
        if key.table != table:
            page.add(tomlkit.comment(f"[{key.table}]"))
            table = key.table
        if key.is_set:
            page.add(key.name, tomlkit.item(key.example))
        else:
            row = tomlkit.document()
            row.add(tomlkit.key(key.name), tomlkit.item(key.example))
            page.add(tomlkit.comment(row.as_string().strip()))
    return page.as_string()


def _shape(compliance: Compliance, phases: Phased | None) -> Iterator[str]:
    """Yield what is said of start-up and tests."""
    for each in start_ups(compliance):
        several = "component" if each.components == 1 else "components"
        yield f"  start-up of {each.application}: {', '.join(each.functions)}; writes {each.components} {several}"
    if phases is not None:
        yield f"  phases: {len(phases.members)} of {phases.enum}, said by {phases.call} ({phases.file}:{phases.line})"
    tests = len(compliance.project.tests)
    if tests:
        yield f"  tests: {tests} file{'' if tests == 1 else 's'}"


def _heading(report: Report, versions: Sequence[FrameworkVersion]) -> Iterator[str]:
    yield "Settings of appstate-lint. All may be left out; `appstate-lint config` shows what holds."
    yield ""
    if not report.applications:
        yield "No application was found here."
        return
    yield "Found here:"
    known = {each.name: each for each in versions}
    for name in sorted({application.framework for application in report.applications}):
        version = known.get(name)
        stated = (
            f"{version.version} ({version.said_by})" if version and version.version else "its version is not stated"
        )
        yield f"  {name}: {stated}"
    for application in report.applications:
        yield (
            f"  {application.name} ({application.framework}, {application.file}:{application.line}, "
            f"{application.entry_points} entry point{'' if application.entry_points == 1 else 's'})"
        )
