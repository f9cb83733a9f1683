"""A component is first written in a later phase than its contract declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.declared import at_write, reason
from appstate_lint.model import Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.contracts import Compliance

RULE = Rule(
    "appstate-contract-late",
    "E7820",
    "'{component}' is declared for {declared}, but first written in {when}{reason}",
)


def check(compliance: Compliance) -> Iterator[Finding]:
    """Yield a finding at each first write that comes after the phase of its contract."""
    for obligation, write in compliance.late():
        contract, when = obligation.contract, compliance.when(write)
        text = f"'{contract.name}' is declared for {contract.declared.phase}"
        path = compliance.timeline.path_to(write, f"{write.function} writes '{contract.name}', in {when}")
        words = {"declared": contract.declared.phase, "when": when, "reason": reason(contract)}
        yield at_write(RULE, obligation, write, text, path[-7:], **words)
