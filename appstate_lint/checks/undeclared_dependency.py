"""A component is made from one that its contract does not list."""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.checks.declared import declared_step, severe
from appstate_lint.contracts import Compliance
from appstate_lint.model import Finding, Rule

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
        text = f"{write.function} writes '{contract.name}', made from {dependencies}"
        finding = RULE.finding(
            write.place,
            component=contract.name,
            application=obligation.life.name,
            phase=write.phase,
            function=write.function,
            trace=[
                declared_step(contract, f"'{contract.name}' depends on {listed}"),
                *compliance.timeline.path_to(write, text)[-7:],
            ],
            dependencies=dependencies,
        )
        yield severe(contract, finding)
