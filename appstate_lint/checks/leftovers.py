"""What the rules about leftovers say: the place, what the migration moves to, and where the accessor is defined."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.model import Finding, Left, Rule, Step

if TYPE_CHECKING:
    from appstate_lint.migration.leftovers import Leftover
    from appstate_lint.migration.survey import Survey


def findings(rule: Rule, survey: Survey, *kinds: Left) -> Iterator[Finding]:
    """Yield a finding of ``rule`` for each leftover of ``kinds`` that is one."""
    for leftover in survey.reported(*kinds):
        yield finding(rule, survey, leftover)


def finding(rule: Rule, survey: Survey, leftover: Leftover) -> Finding:
    """Return the finding of ``rule`` for one leftover."""
    from appstate_lint.migration.leftovers import goal

    migration = leftover.migration
    late = leftover.allowed and migration.name in survey.over
    until = f" (allowed until {migration.until})" if late else ""
    return rule.finding(
        leftover.place,
        component=migration.component or leftover.accessor,
        application=leftover.application,
        phase=leftover.phase or "",
        function=leftover.function,
        trace=list(_trace(survey, leftover)),
        related=leftover.related,
        accessor=leftover.accessor,
        how=leftover.how,
        migration=migration.name,
        goal=goal(migration) + until,
    )


def _trace(survey: Survey, leftover: Leftover) -> Iterator[Step]:
    """Yield where the accessor is defined, and who sets the component instead."""
    for each in survey.accessors:
        known = each.definition.file and each.kind != "missing" and survey.dotted(each) == leftover.accessor
        if known and each.migration.name == leftover.migration.name:
            yield Step(each.definition.file, each.at[0], "import", f"{each.name}, the old way, is defined")
    write = survey.write_of(leftover.migration.component)
    if write is not None:
        text = f"{write.function} writes '{write.component}', the new way"
        yield Step(write.place.file, write.place.line, write.phase.value, text)
