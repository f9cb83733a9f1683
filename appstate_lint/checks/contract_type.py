"""What is stored in a component is not of the type that its contract declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.declared import at_write
from appstate_lint.model import Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.contracts import Compliance

RULE = Rule(
    "appstate-contract-type",
    "E7823",
    "'{component}' gets a {found}, but its contract declares {declared}",
)


def check(compliance: Compliance) -> Iterator[Finding]:
    """Yield a finding at each write of what is surely not of the declared type."""
    for obligation, write, found in compliance.mistyped():
        contract = obligation.contract
        text = f"'{contract.name}' is declared as {contract.declared.type}"
        path = compliance.timeline.path_to(write, f"{write.function} writes a {found}")
        words = {"found": found, "declared": contract.declared.type}
        yield at_write(RULE, obligation, write, text, path[-7:], **words)
