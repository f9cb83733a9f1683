"""``None``, or nothing, is passed where the callee wants application, holder or request.

A request that code makes itself, of a scope without an application, is one that gets nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.model import Finding, Rule, Step
from appstate_lint.timeline.steps import call_steps

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline

RULE = Rule(
    "appstate-source-none",
    "E7810",
    "{given} is passed for '{parameter}' of {callee}{outcome}",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each call whose callee reaches no state because of it."""
    yield from _of_nothing(timeline)
    yield from _of_requests(timeline)


def _of_nothing(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each call that passes ``None``, or nothing."""
    for source in timeline.none_sources:
        call = source.call
        outcome = ", which takes application state from it and finds none"
        outcome += "" if call.returned else ": the call always fails"
        caller = call.stack[-1].function if call.stack else "<module>"
        callee = Step(call.place.file, call.place.line, call.phase.value, f"{source.function} gets no state from here")
        yield RULE.finding(
            call.place,
            component=call.parameter,
            application=source.application,
            phase=call.phase,
            function=caller,
            trace=[*call_steps(call.stack)[-7:], callee],
            given="None" if call.explicit else "nothing",
            parameter=call.parameter,
            callee=source.function,
            outcome=outcome,
        )


def _of_requests(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each request that code makes without an application, and asks for it."""
    for life in timeline.lives:
        for made in life.without_application:
            asked = f"{made.asked.file}:{made.asked.line}"
            yield RULE.finding(
                made.place,
                component="scope",
                application=life.name,
                phase=made.phase,
                function=made.function,
                trace=[
                    *call_steps(made.stack)[-7:],
                    timeline.step(made.asked, made.phase, "the request is asked for its application"),
                ],
                given="a scope without 'app'",
                parameter="scope",
                callee=made.name,
                outcome=f", which is asked for its application ({asked}): that always fails",
            )
