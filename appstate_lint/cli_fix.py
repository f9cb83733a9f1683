"""``check --fix``: rename the readers of misspelt names, or show the patch, and say what is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from appstate_lint import fixing
from appstate_lint.cli_common import Project, write_changes
from appstate_lint.cli_output import emit, say
from appstate_lint.engine import Examined
from appstate_lint.migration import journal
from appstate_lint.model import Finding

_NAME = "check --fix"
"""Under which name a run that was interrupted can be undone by ``migrate rollback``."""


class Manner(NamedTuple):
    """How to fix, as the options say it."""

    unsafe: bool
    dry_run: bool
    allow_dirty: bool


def fix(
    project: Project, first: Examined, findings: Sequence[Finding], analyze: fixing.Analyze, manner: Manner
) -> Examined:
    """Rename the readers of ``findings``, or print the patch; return what is then found. Raises CannotRun.

    ``first`` is what was found so far, ``analyze`` does it again for changed text.
    """
    made = fixing.prepare(project.root, first, findings, analyze, unsafe=manner.unsafe)
    if manner.dry_run:
        emit("".join(change.diff for change in made.changes))
    elif made.changes:
        write_changes(project.root, _NAME, made.changes, allow_dirty=manner.allow_dirty)
        try:
            journal.forget(project.root, _NAME)
        except OSError as error:
            say(f"note: {error.filename}: {error.strerror}; `appstate-lint migrate rollback '{_NAME}'` undoes this")
    verb = "can be renamed" if manner.dry_run else "renamed"
    for each in made.renamed:
        say(f"{verb}: {each.file}:{each.line}: '{each.old}' to '{each.new}'")
    for each in made.left:
        say(f"left: {each.file}:{each.line}: '{each.old}' to '{each.new}': {each.reason}")
    return first if manner.dry_run else made.examined
