"""The application is imported from a module of this project that defines no such name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.model import Finding, Rule, Step

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule(
    "appstate-source-unresolved",
    "E7811",
    "'{name}' is used as application, but {module} defines no such name",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding at each import of an application that cannot succeed."""
    for source in timeline.missing_sources:
        place = source.place
        yield RULE.finding(
            place,
            component=source.name,
            application=source.application,
            phase="import",
            trace=[Step(place.file, place.line, "import", f"{source.module} has no '{source.name}'")],
            name=source.name,
            module=source.module,
        )
