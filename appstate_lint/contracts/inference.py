"""Timeline → contracts: what the code says of its components today, so that checking it finds nothing."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from appstate_lint.config import Component as Declared
from appstate_lint.contracts import order, types
from appstate_lint.contracts.compliance import Compliance, Obligation
from appstate_lint.contracts.declared import Contract
from appstate_lint.model import Kind, Phase, Place
from appstate_lint.timeline.phasing import earliest
from appstate_lint.timeline.presence import ABSENT, NONE, VALUE
from appstate_lint.timeline.records import Occurrence
from appstate_lint.timeline.told import Component

_NOWHERE = Place("", 0, 0, 0, 0)


def inferred(compliance: Compliance) -> tuple[Declared, ...]:
    """Return a contract for every component that an application writes, by name."""
    found: dict[str, list[Component]] = {}
    for component in compliance.timeline.all_components():
        if not component.name.startswith("__"):
            found.setdefault(component.name, []).append(component)
    contracts = [_contract(compliance, name, found[name]) for name in sorted(found) if _is_written(found[name])]
    return _without_circles(contracts)


def _is_written(components: Iterable[Component]) -> bool:
    return any(component.writes for component in components)


def _contract(compliance: Compliance, name: str, components: list[Component]) -> Declared:
    written = [each for each in components if each.writes]
    nullable = any(_is_nullable(each) for each in written)
    contract = Contract(Declared(name=name, nullable=nullable), _NOWHERE)
    obligations = [Obligation(contract, each.life, each) for each in written]
    lives = {each.life.name for each in written}
    elsewhere = any(each.life.name not in lives for each in components)
    return Declared(
        name=name,
        type=_type(compliance, obligations),
        phase=_phase(compliance, obligations),
        depends_on=tuple(sorted({each for obligation in obligations for each in _dependencies(obligation)})),
        optional=any(_is_optional(each) for each in written),
        nullable=nullable,
        applications=tuple(sorted(lives)) if elsewhere else (),
    )


def _phase(compliance: Compliance, obligations: list[Obligation]) -> str | None:
    """Return the phase at whose end the component is written in every application, if that is certain."""
    firsts = [each.first for each in obligations]
    known = [first for first in firsts if first is not None]
    if len(known) < len(firsts) or any(each.phase.rank > Phase.STARTUP.rank for each in known):
        return None
    last = max(known, key=lambda each: (each.phase.rank, each.position))
    return _phase_of(compliance, last)


def _phase_of(compliance: Compliance, write: Occurrence) -> str:
    if write.phase is not Phase.STARTUP:
        return Phase.BUILD.value
    phasing = compliance.timeline.phasing
    last = write.position.bit_length() - 1
    number = (last + 1) // 2
    if earliest(write.position) <= 1 or not 0 < number <= len(phasing.phases):
        return Phase.STARTUP.value
    phase = phasing.phases[number - 1]
    return phase if compliance.is_entered(phase) else Phase.STARTUP.value


def _type(compliance: Compliance, obligations: list[Obligation]) -> str | None:
    """Return the class of the project that every value stored in the component is an instance of."""
    found = {types.class_of(write) for each in obligations for write in each.writes if write.value_written}
    symbol = found.pop() if len(found) == 1 else None
    if symbol is None:
        return None
    module = compliance.project.modules.by_path[symbol.file].module
    qualname = compliance.project.cls(symbol.file, symbol.index).qualname
    return None if "<locals>" in qualname else f"{module}:{qualname}"


def _dependencies(obligation: Obligation) -> list[str]:
    first = obligation.first
    if first is None:
        return []
    return [name for name in first.made_from if first.around.get(name, 0) & VALUE]


def _is_optional(component: Component) -> bool:
    """Tell whether serving code can find the component missing; what some code deletes does not count."""
    if any(each.kind is Kind.DELETE for each in component.occurrences):
        return False
    return any(each.bits & ABSENT for each in _served(component))


def _is_nullable(component: Component) -> bool:
    """Tell whether serving code can find None in the component, or nothing else is ever written."""
    return any(each.bits & NONE for each in _served(component)) or not any(w.value_written for w in component.writes)


def _served(component: Component) -> list[Occurrence]:
    return [each for each in component.reads if each.phase is Phase.SERVING and not (each.possible or each.spawned)]


def _without_circles(contracts: list[Declared]) -> tuple[Declared, ...]:
    """Return contracts without the dependencies that would make circles: what one application does another undoes."""
    graph = {each.name: each.depends_on for each in contracts}
    while circles := order.cycles(graph):
        for circle in circles:
            graph[circle[0]] = tuple(name for name in graph[circle[0]] if name != circle[1])
    return tuple(msgspec.structs.replace(each, depends_on=graph[each.name]) for each in contracts)
