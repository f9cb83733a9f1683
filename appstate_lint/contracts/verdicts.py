"""Compliance → a verdict on every contract: kept, broken, vacuous or unchecked, and why."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator

import msgspec

from appstate_lint.contracts import types
from appstate_lint.contracts.compliance import Compliance, Obligation
from appstate_lint.contracts.declared import Contract
from appstate_lint.model import Finding
from appstate_lint.timeline.presence import ABSENT, VALUE


class Status(str, enum.Enum):
    """What is known of a contract."""

    KEPT = "KEPT"
    BROKEN = "BROKEN"
    VACUOUS = "VACUOUS"
    UNCHECKED = "UNCHECKED"


class Verdict(msgspec.Struct, frozen=True):
    """A contract, what is known of it, the reasons (none if it is kept), and the findings that break it."""

    contract: Contract
    status: Status
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]


BREAKING = frozenset({
    "appstate-contract-late", "appstate-contract-order", "appstate-contract-missing", "appstate-contract-type",
    "appstate-contract-cycle", "appstate-undeclared-dependency", "appstate-config-error",
})  # fmt: skip
"""The rules whose findings break the contract of their component."""
VACUOUS = "appstate-contract-vacuous"


def verdicts(compliance: Compliance, findings: Iterable[Finding]) -> tuple[Verdict, ...]:
    """Return the verdict on every contract; ``findings`` are those of the whole analysis."""
    by_name: dict[str, list[Finding]] = {}
    for each in findings:
        by_name.setdefault(each.component, []).append(each)
    return tuple(_verdict(compliance, each, by_name.get(each.name, [])) for each in compliance.contracts)


def _verdict(compliance: Compliance, contract: Contract, findings: list[Finding]) -> Verdict:
    for status, rules in ((Status.BROKEN, BREAKING), (Status.VACUOUS, frozenset({VACUOUS}))):
        own = tuple(each for each in findings if each.rule in rules)
        if own:
            return Verdict(contract, status, tuple(each.message for each in own), own)
    reasons = tuple(dict.fromkeys(_unchecked(compliance, contract)))
    return Verdict(contract, Status.UNCHECKED if reasons else Status.KEPT, reasons, ())


def _unchecked(compliance: Compliance, contract: Contract) -> Iterator[str]:
    """Yield what of a contract could not be decided."""
    for key in contract.unread:
        yield f"its {key} cannot be read without running the code that declares it"
    obligations = compliance.of(contract)
    if not compliance.timeline.lives:
        yield "no application was found"
    elif not obligations:
        yield "no application that it is declared for touches the component"
    for each in obligations:
        yield from _undecided(compliance, each)


def _undecided(compliance: Compliance, obligation: Obligation) -> Iterator[str]:
    declared, where = obligation.contract.declared, obligation.life.name
    if not obligation.writes:
        if declared.optional:
            return
        yield f"nothing seen writes it in {where}, but {compliance.doubt(obligation)}"
        return
    first = obligation.first
    if first is None:
        yield f"which write comes first in {where} is not certain"
        return
    if not compliance.is_in_time(obligation.contract, first):
        phase = declared.phase
        entered = phase is None or compliance.is_entered(phase)
        yield f"whether {where} writes it in time is not certain" if entered else f"no code comes to the phase {phase}"
    for name in declared.depends_on:
        if not compliance.timeline.named(obligation.life, name):
            yield f"nothing in {where} touches '{name}', which it depends on"
        elif first.around.get(name, VALUE) & ~compliance.allowed(name):
            yield f"whether '{name}' is there when {where} writes it is not certain"
    if (read := compliance.may_lack(obligation)) is not None:
        spot = f"{read.place.file}:{read.place.line}"
        yield f"{where} may {'leave it out' if read.bits & ABSENT else 'leave None in it'}: {spot} can find it so"
    known = (types.checkable(compliance.project, obligation.contract, each) for each in obligation.writes)
    if declared.type is not None and not any(known):
        yield f"the class of what {where} writes is not known"
