"""A component is written before one that its contract says it depends on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.declared import at_write, reason
from appstate_lint.checks.readers import where
from appstate_lint.model import Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.contracts import Compliance

RULE = Rule(
    "appstate-contract-order",
    "E7821",
    "'{component}' is written in {when}, before what it depends on: {later}{reason}",
)


def check(compliance: Compliance) -> Iterator[Finding]:
    """Yield a finding at each write that comes before that of a declared dependency."""
    for obligation, write, later in compliance.disordered():
        contract, when = obligation.contract, compliance.when(write)
        text = f"'{contract.name}' depends on {', '.join(repr(each.component) for each in later)}"
        writers = (
            f"{each.function} writes '{each.component}' in {compliance.when(each)} ({where(each)})" for each in later
        )
        path = compliance.timeline.path_to(write, f"{write.function} writes '{contract.name}', in {when}")
        steps = [*path[-6:], *map(compliance.timeline.write_step, later[:3])]
        words = {"when": when, "later": ", ".join(writers), "reason": reason(contract)}
        yield at_write(RULE, obligation, write, text, steps, **words)
