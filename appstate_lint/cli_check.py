"""``check``: analyze a project and report what is found."""

from __future__ import annotations

import click
import msgspec

from appstate_lint import engine
from appstate_lint.checks import RULES
from appstate_lint.cli_common import (
    CLEAN,
    FOUND,
    CannotRun,
    all_settings,
    color_option,
    config_option,
    details,
    emit,
    is_below,
    line_reader,
    nearest_rule,
    one_root,
    paths_argument,
    prefilter_option,
    projects_of,
    reported,
    say,
    verbose_option,
    wants_color,
)
from appstate_lint.model import Severity
from appstate_lint.report import Format, findings_text
from appstate_lint.report.text import summary


@click.command()
@paths_argument
@click.option("--output-format", type=click.Choice([form.value for form in Format]), default="text")
@click.option("--select", multiple=True, metavar="RULES", help="Report only these: names, codes, beginnings of codes.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Do not report these.")
@prefilter_option
@config_option
@color_option
@verbose_option
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
    projects = projects_of(paths)
    if form is Format.JSON:
        one_root(projects)
    settings = all_settings(projects, config_path)
    code = CLEAN
    for project, below in projects.items():
        report = engine.analyze(project.root, settings[project], prefilter=prefilter)
        findings = tuple(f for f in report.findings if f.rule in shown_rules and is_below(f.file, below))
        report = msgspec.structs.replace(report, findings=findings)
        emit(findings_text(report, form, lines=line_reader(project.root), color=wants_color(color)))
        if form is not Format.JSON:
            say(*summary(report), *(details(report) if verbose else ()))
        if any(finding.severity is not Severity.INFO for finding in findings):
            code = FOUND
    return code


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
            *(
                f"{option} {word}: no such rule{nearest_rule(word)}; `appstate-lint rules` lists them"
                for word in unknown
            )
        )
    return frozenset(name for names in matches.values() for name in names)
