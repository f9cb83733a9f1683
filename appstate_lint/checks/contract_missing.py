"""A component that a contract requires is never initialized in an application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.declared import declared_step, reason, severe
from appstate_lint.model import Finding, Phase, Rule, Step

if TYPE_CHECKING:
    from appstate_lint.contracts import Compliance, Obligation

RULE = Rule(
    "appstate-contract-missing",
    "E7822",
    "the contract of '{component}' requires it, but {what} in {application}{reason}",
)


def check(compliance: Compliance) -> Iterator[Finding]:
    """Yield a finding where the application is made, or where None is all that is written."""
    for obligation in compliance.missing():
        contract, life, component = obligation.contract, obligation.life, obligation.component
        nones = component.writes if component is not None else []
        what = "only None is written" if nones else "nothing writes it"
        finding = RULE.finding(
            nones[0].place if nones else life.place,
            component=contract.name,
            application=life.name,
            phase=nones[0].phase if nones else Phase.BUILD,
            function=nones[0].function if nones else "",
            suggestion=compliance.timeline.near_name(component) if component is not None and not nones else None,
            trace=[declared_step(contract, f"'{contract.name}' is required"), *_trace(compliance, obligation)],
            what=what,
            reason=reason(contract),
        )
        yield severe(contract, finding)


def _trace(compliance: Compliance, obligation: Obligation) -> list[Step]:
    """Return who would write it, in code that is not run, and who reads it."""
    timeline, name = compliance.timeline, obligation.contract.name
    dead = timeline.unreached_write(name)
    steps = [] if dead is None else [timeline.write_step(dead)]
    for read in obligation.component.reads[:1] if obligation.component is not None else ():
        steps += timeline.path_to(read, f"{read.function} reads '{name}', which is not there")[-5:]
    return steps
