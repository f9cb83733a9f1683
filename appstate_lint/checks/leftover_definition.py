"""A migration is declared complete, and its accessor is still defined."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.leftovers import findings
from appstate_lint.model import Finding, Left, Rule

if TYPE_CHECKING:
    from appstate_lint.migration.survey import Survey

RULE = Rule(
    "appstate-leftover-definition",
    "W7833",
    "'{accessor}' is {how}, although migration '{migration}' to {goal} is declared complete",
    of_tests=True,
)


def check(survey: Survey) -> Iterator[Finding]:
    """Yield a finding at each definition, and at each write of a retired component, of a migration that is complete."""
    yield from findings(RULE, survey, Left.DEFINITION)
