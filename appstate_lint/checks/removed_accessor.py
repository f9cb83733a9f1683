"""A declared old accessor is used in a way that cannot work any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.leftovers import findings
from appstate_lint.model import Finding, Left, Rule

if TYPE_CHECKING:
    from appstate_lint.migration.survey import Survey

RULE = Rule(
    "appstate-removed-accessor",
    "E7834",
    "'{accessor}' is {how}; migration '{migration}' moves to {goal}",
    of_tests=True,
)


def check(survey: Survey) -> Iterator[Finding]:
    """Yield a finding at each use of an accessor that is gone, that always raises, or that lacks an argument."""
    yield from findings(RULE, survey, Left.REMOVED)
