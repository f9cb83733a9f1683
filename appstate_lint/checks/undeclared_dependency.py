"""A component is made from one that its contract does not list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.declared import at_write
from appstate_lint.model import Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.contracts import Compliance

RULE = Rule(
    "appstate-undeclared-dependency",
    "W7827",
    "'{component}' is made from {dependencies}, which the depends-on of its contract does not list",
)


def check(compliance: Compliance) -> Iterator[Finding]:
    """Yield a finding at each first write of what is made from components that the contract does not list."""
    for obligation, write, names in compliance.unlisted():
        contract = obligation.contract
        dependencies = ", ".join(f"'{name}'" for name in names)
        listed = ", ".join(contract.declared.depends_on) or "nothing"
        text = f"'{contract.name}' depends on {listed}"
        path = compliance.timeline.path_to(
            write, f"{write.function} writes '{contract.name}', made from {dependencies}"
        )
        yield at_write(RULE, obligation, write, text, path[-7:], dependencies=dependencies)
