"""``check --fix``: rename the readers of misspelt names, or show the patch, and say what is left."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from appstate_lint import cache, engine, fixing
from appstate_lint.cli_common import Project, write_changes
from appstate_lint.cli_output import emit, say
from appstate_lint.config import Settings
from appstate_lint.migration import journal
from appstate_lint.migration.survey import Survey
from appstate_lint.model import Finding, Report

_NAME = "check --fix"
"""Under which name a run that was interrupted can be undone by ``migrate rollback``."""


class Manner(NamedTuple):
    """How to fix, as the options say it."""

    unsafe: bool
    dry_run: bool
    allow_dirty: bool
    today: datetime.date | None


def fix(project: Project, settings: Settings, report: Report, store: cache.Store | None, manner: Manner) -> bool:
    """Rename the readers of ``report``'s findings, or print the patch; tell whether files changed. Raises CannotRun."""
    if not fixing.fixable(report.findings):
        return False

    def analyze(overlay: Mapping[str, str]) -> tuple[Survey, tuple[Finding, ...]]:
        return engine.surveyed(project.root, settings, overlay=overlay, today=manner.today, store=store)

    made = fixing.prepare(project.root, report.findings, analyze, unsafe=manner.unsafe)
    if manner.dry_run:
        emit("".join(change.diff for change in made.changes))
    elif made.changes:
        write_changes(project.root, _NAME, made.changes, allow_dirty=manner.allow_dirty)
        journal.forget(project.root, _NAME)
    verb = "can be renamed" if manner.dry_run else "renamed"
    for each in made.renamed:
        say(f"{verb}: {each.file}:{each.line}: '{each.old}' to '{each.new}'")
    for each in made.left:
        say(f"left: {each.file}:{each.line}: '{each.old}' to '{each.new}': {each.reason}")
    return bool(made.changes) and not manner.dry_run
