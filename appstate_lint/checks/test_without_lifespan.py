"""A test calls an application that was not started, and reaches a read of what start-up alone writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.readers import where
from appstate_lint.model import Finding, Related, Rule, Step

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline
    from appstate_lint.timeline.told import Failing

RULE = Rule(
    "appstate-test-without-lifespan",
    "W7818",
    "this request reads '{component}' ({read}), but the client does not run the start-up of {application}, where "
    "{writer} sets it ({where}): enter the client with 'with', or run the lifespan in a fixture",
    of_tests=True,
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each test function and component that its requests do not find."""
    groups: dict[tuple[str, str, str], list[Failing]] = {}
    for each in timeline.failing:
        groups.setdefault((each.request.place.file, each.request.function, each.read.component), []).append(each)
    for several in groups.values():
        several.sort(key=lambda each: each.request.place)
        yield _finding(timeline, several)


def _finding(timeline: Timeline, several: list[Failing]) -> Finding:
    """Return the finding at the first of several requests of one test."""
    request, application, read, write = several[0]
    path = request.path.replace("\0", "…")
    return RULE.finding(
        request.place,
        component=read.component,
        application=application,
        phase=read.phase,
        function=request.function,
        trace=[
            Step(request.client.file, request.client.line, "unreached", "the client is made, and no start-up runs"),
            Step(request.place.file, request.place.line, "unreached", f"{request.function} requests {path}"),
            *timeline.path_to(read, f"{read.function} reads '{read.component}', which is not there")[-5:],
            timeline.write_step(write),
        ],
        related=[
            Related(each.request.place.file, each.request.place.line, f"this request reads '{read.component}', too")
            for each in several[1:]
        ],
        read=where(read),
        writer=write.function,
        where=where(write),
    )
