"""A singleton that no migration declares, of a class that is also a component."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.singletons import finding
from appstate_lint.model import Confidence, Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.migration.survey import Survey

RULE = Rule(
    "appstate-singleton-candidate",
    "I7836",
    "'{accessor}' ({pattern}) gives a {class_name}, which component '{component}' of {application} holds too; "
    "`appstate-lint migrate candidates` shows how to declare the move",
    Confidence.MEDIUM,
)


def check(survey: Survey) -> Iterator[Finding]:
    """Yield a finding at each such singleton that is not a second source."""
    for double in survey.doubles:
        if not double.apart:
            yield finding(RULE, survey, double)
