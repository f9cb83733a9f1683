"""A class lives both as a singleton of a module and as a component, and both are used: two objects for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.singletons import finding
from appstate_lint.model import Confidence, Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.migration.survey import Survey

RULE = Rule(
    "appstate-two-sources",
    "W7835",
    "'{accessor}' gives one {class_name}, and component '{component}' of {application} holds another; both are used",
    Confidence.MEDIUM,
)


def check(survey: Survey) -> Iterator[Finding]:
    """Yield a finding at each singleton that has nothing to do with the component of its class."""
    for double in survey.doubles:
        if double.apart:
            yield finding(RULE, survey, double)
