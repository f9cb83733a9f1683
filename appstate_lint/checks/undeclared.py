"""A component without a contract, in a project that says that each must have one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.model import Finding, Rule
from appstate_lint.timeline.names import nearest

if TYPE_CHECKING:
    from appstate_lint.contracts import Compliance

RULE = Rule(
    "appstate-undeclared",
    "W7826",
    "'{component}' has no contract in {application}, though the configuration says closed = true",
)


def check(compliance: Compliance) -> Iterator[Finding]:
    """Yield a finding at the first write of each such component, or at its first reader."""
    names = [contract.name for contract in compliance.contracts]
    for component in compliance.undeclared():
        first = next(iter((*component.writes, *component.reads, *component.occurrences)))
        verb = "writes" if component.writes else "touches"
        yield RULE.finding(
            first.place,
            component=component.name,
            application=component.life.name,
            phase=first.phase,
            function=first.function,
            suggestion=nearest(component.name, names),
            trace=compliance.timeline.path_to(first, f"{first.function} {verb} '{component.name}'"),
        )
