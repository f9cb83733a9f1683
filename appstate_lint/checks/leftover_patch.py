"""A string names a declared old accessor: the target of a patch, or of an import by string."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.leftovers import findings
from appstate_lint.model import Finding, Left, Rule

if TYPE_CHECKING:
    from appstate_lint.migration.survey import Survey

RULE = Rule(
    "appstate-leftover-patch",
    "W7832",
    "'{accessor}' is still {how}; migration '{migration}' moves to {goal}",
    of_tests=True,
)


def check(survey: Survey) -> Iterator[Finding]:
    """Yield a finding at each string that names an accessor."""
    yield from findings(RULE, survey, Left.PATCH)
