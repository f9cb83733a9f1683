"""``None``, or nothing, is passed where the callee wants application, holder or request."""

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
    "{given} is passed for '{parameter}' of {callee}, which takes application state from it and finds none{outcome}",
)


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each call whose callee reaches no state because of it."""
    for source in timeline.none_sources:
        call = source.call
        outcome = "" if call.returned else ": the call always fails"
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
