"""A contract names what the project does not have: a class, a module, a phase.

A configuration that cannot be used at all is reported by the doors: there is nothing to check then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.declared import severe
from appstate_lint.model import Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.contracts import Compliance

RULE = Rule("appstate-config-error", "E7829", "{problem}")


def check(compliance: Compliance) -> Iterator[Finding]:
    """Yield a finding at each contract that names something which the project does not have."""
    for contract in compliance.contracts:
        if contract.problems:
            text = f"the contract of '{contract.name}' cannot be checked: {'; '.join(contract.problems)}"
            yield severe(contract, RULE.finding(contract.place, component=contract.name, problem=text))
