"""A declared old accessor is called or referenced, or a retired component is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.leftovers import findings
from appstate_lint.model import Finding, Left, Rule

if TYPE_CHECKING:
    from appstate_lint.migration.survey import Survey

RULE = Rule(
    "appstate-leftover-accessor",
    "W7830",
    "'{accessor}' is still {how}; migration '{migration}' moves to {goal}",
    of_tests=True,
)


def check(survey: Survey) -> Iterator[Finding]:
    """Yield a finding at each use of an accessor that is still there, and at each read of a retired component."""
    yield from findings(RULE, survey, Left.ACCESSOR, Left.RETIRED)
