"""What the rules about contracts say alike: the severity that a contract sets, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from appstate_lint.model import Finding, Related, Rule, Step

if TYPE_CHECKING:
    from appstate_lint.contracts import Contract
    from appstate_lint.contracts.compliance import Obligation
    from appstate_lint.timeline.records import Occurrence


def at_write(
    rule: Rule, obligation: Obligation, write: Occurrence, says: str, steps: Sequence[Step], **words: object
) -> Finding:
    """Return the finding of ``rule`` at a write; what the contract ``says`` comes before the ``steps`` of its trace."""
    contract = obligation.contract
    finding = rule.finding(
        write.place,
        component=contract.name,
        application=obligation.life.name,
        phase=write.phase,
        function=write.function,
        suggestion=None,
        assumptions=(),
        trace=[declared_step(contract, says), *steps],
        related=(),
        **words,
    )
    return severe(contract, finding)


def severe(contract: Contract, finding: Finding) -> Finding:
    """Return ``finding`` with the severity that the contract sets, and with the contract as a related place."""
    place = contract.place
    elsewhere = (finding.file, finding.line) != (place.file, place.line)
    own = (Related(place.file, place.line, f"the contract of '{contract.name}'"),) if elsewhere else ()
    severity = contract.declared.severity or finding.severity
    return msgspec.structs.replace(finding, severity=severity, related=(*finding.related, *own))


def reason(contract: Contract) -> str:
    """Return why a contract matters, as the end of a message."""
    why = contract.declared.business_value or contract.declared.description
    return f" ({why})" if why else ""


def declared_step(contract: Contract, text: str) -> Step:
    """Return the step of a trace that says what a contract declares."""
    return Step(contract.place.file, contract.place.line, "contract", text)
