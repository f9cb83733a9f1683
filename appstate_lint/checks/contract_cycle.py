"""Contracts depend on each other in a circle: no order of initialization can keep them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.checks.declared import declared_step, severe
from appstate_lint.model import Finding, Rule

if TYPE_CHECKING:
    from appstate_lint.contracts import Compliance

RULE = Rule(
    "appstate-contract-cycle",
    "E7824",
    "these contracts depend on each other in a circle: {circle}",
)


def check(compliance: Compliance) -> Iterator[Finding]:
    """Yield a finding at the first contract of each cycle."""
    contracts = {each.name: each for each in reversed(compliance.contracts)}
    for cycle in compliance.cycles:
        first = contracts[cycle[0]]
        pairs = itertools.pairwise(cycle)
        finding = RULE.finding(
            first.place,
            component=first.name,
            trace=[declared_step(contracts[name], f"'{name}' depends on '{other}'") for name, other in pairs],
            circle=" → ".join(cycle),
        )
        yield severe(first, finding)
