"""What most rules say: a reader, the code that leads to it, who writes instead, and the further readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appstate_lint.model import Finding, Related, Rule, Step

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline
    from appstate_lint.timeline.records import Occurrence


def where(occurrence: Occurrence) -> str:
    """Return the file and line of an access, as messages name them."""
    return f"{occurrence.place.file}:{occurrence.place.line}"


def at_reader(
    rule: Rule,
    timeline: Timeline,
    application: str,
    readers: Sequence[Occurrence],
    *,
    before: Sequence[Step] = (),
    after: Sequence[Step] = (),
    how: str = "",
    suggestion: str | None = None,
    assumptions: Sequence[str] = (),
    **words: object,
) -> Finding:
    """Return the finding of ``rule`` at the first of ``readers``; the others are its related places.

    ``before`` and ``after`` are the steps around those that lead to the reader, ``how`` ends its own step, and
    ``words`` fill the message template.
    """
    read = readers[0]
    return rule.finding(
        read.place,
        component=read.component,
        application=application,
        phase=read.phase,
        function=read.function,
        suggestion=suggestion,
        assumptions=assumptions,
        trace=[*before, *timeline.path_to(read, f"{read.function} reads '{read.component}'{how}"), *after],
        related=[Related(each.place.file, each.place.line, "read here too") for each in readers[1:]],
        **words,
    )
