"""A declared old accessor is imported and not used, or kept in ``__all__``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.leftovers import findings
from appstate_lint.model import Finding, Left, Rule

if TYPE_CHECKING:
    from appstate_lint.migration.survey import Survey

RULE = Rule(
    "appstate-leftover-import",
    "W7831",
    "'{accessor}' is still {how}; migration '{migration}' moves to {goal}",
    of_tests=True,
)


def check(survey: Survey) -> Iterator[Finding]:
    """Yield a finding at each import that nothing uses, and at each name in ``__all__``."""
    yield from findings(RULE, survey, Left.IMPORT)
