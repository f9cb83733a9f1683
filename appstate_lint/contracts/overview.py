"""Compliance → one row a component: what is declared, what happens, who is hit when it is missing, what to do."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from appstate_lint.contracts import order
from appstate_lint.contracts.compliance import Compliance
from appstate_lint.contracts.declared import Contract
from appstate_lint.contracts.verdicts import Status, Verdict
from appstate_lint.model import Phase, Step
from appstate_lint.timeline.phasing import earliest
from appstate_lint.timeline.records import Occurrence
from appstate_lint.timeline.told import Component


class Written(msgspec.Struct, frozen=True):
    """A first write: in which application and phase, by which function, where."""

    application: str
    phase: str
    function: str
    file: str
    line: int


class Hit(msgspec.Struct, frozen=True):
    """How many entry points read a component: routes, websockets, and others (middleware, handlers, dependencies)."""

    routes: int
    websockets: int
    others: int


class Row(msgspec.Struct, frozen=True):
    """One component as the report shows it; without a contract it has no status, and no place of one."""

    component: str
    status: Status | None
    declared: str | None
    type: str | None
    depends_on: tuple[str, ...]
    written: tuple[Written, ...]
    why: str
    owner: str
    hit: Hit
    reasons: tuple[str, ...]
    advice: tuple[str, ...]
    trace: tuple[Step, ...]
    file: str
    line: int


class Overview(msgspec.Struct, frozen=True):
    """All components of a project, the phases as columns, and the order of initialization to be recommended."""

    phases: tuple[str, ...]
    rows: tuple[Row, ...]
    order: tuple[str, ...]


def overview(compliance: Compliance, verdicts: tuple[Verdict, ...]) -> Overview:
    """Return the overview of a project: its contracts in their order, then the components without one, by name."""
    rows = [_row(compliance, verdict) for verdict in verdicts]
    known = {verdict.contract.name for verdict in verdicts}
    found: dict[str, list[Component]] = {}
    for component in compliance.timeline.all_components():
        if component.name not in known and component.writes and not component.name.startswith("__"):
            found.setdefault(component.name, []).append(component)
    rows += [_bare(compliance, name, found[name]) for name in sorted(found)]
    return Overview(_phases(compliance), tuple(rows), _recommended(compliance))


def _phases(compliance: Compliance) -> tuple[str, ...]:
    """Return the phases in order: the named ones follow those of start-up that lie outside of them."""
    return (Phase.BUILD.value, Phase.STARTUP.value, *compliance.settings.phases, Phase.SERVING.value)


def _row(compliance: Compliance, verdict: Verdict) -> Row:
    contract, declared = verdict.contract, verdict.contract.declared
    firsts = [(each.life.name, each.writes[0]) for each in compliance.of(contract) if each.writes]
    return Row(
        component=contract.name,
        status=verdict.status,
        declared=declared.phase,
        type=declared.type,
        depends_on=declared.depends_on,
        written=tuple(_written(compliance, name, write) for name, write in firsts),
        why=declared.business_value or declared.description,
        owner=declared.owner,
        hit=_hit(compliance, contract.name),
        reasons=verdict.reasons,
        advice=tuple(_advice(compliance, verdict)),
        trace=verdict.findings[0].trace if verdict.findings else (),
        file=contract.place.file,
        line=contract.place.line,
    )


def _bare(compliance: Compliance, name: str, components: list[Component]) -> Row:
    written = tuple(_written(compliance, each.life.name, each.writes[0]) for each in components if each.writes)
    advice = f"declare it: `appstate-lint contracts infer` proposes a contract for '{name}'"
    hit = _hit(compliance, name)
    return Row(name, None, None, None, (), written, "", "", hit, (), (advice,), (), written[0].file, written[0].line)


def _written(compliance: Compliance, application: str, write: Occurrence) -> Written:
    return Written(application, compliance.when(write), write.function, write.place.file, write.place.line)


def _hit(compliance: Compliance, name: str) -> Hit:
    readers = {reader for life in compliance.timeline.lives for reader in life.readers.get(name, ())}
    routes = sum(role == "route" for role, _ in readers)
    websockets = sum(role == "websocket" for role, _ in readers)
    return Hit(routes, websockets, len(readers) - routes - websockets)


def _advice(compliance: Compliance, verdict: Verdict) -> Iterator[str]:
    """Yield what to do about a contract that is not kept."""
    contract = verdict.contract
    if verdict.status is Status.VACUOUS:
        near = verdict.findings[0].suggestion
        yield f"call it '{near}'" if near else "correct the name, or take the contract out"
    for obligation, write in compliance.late():
        if obligation.contract is contract:
            place = f"{write.place.file}:{write.place.line}"
            when, phase = compliance.when(write), contract.declared.phase
            yield f"let {write.function} ({place}, in {when}) run in {phase} or earlier, or declare phase = {when!r}"
    for obligation, write, later in compliance.disordered():
        if obligation.contract is contract:
            for each in later:
                where = f"{each.place.file}:{each.place.line}, in {compliance.when(each)}"
                yield f"let {each.function} write '{each.component}' ({where}) before {write.function} runs"
    yield from _missing_advice(compliance, contract)
    for obligation, write, names in compliance.unlisted():
        if obligation.contract is contract:
            listed = ", ".join(f'"{name}"' for name in (*contract.declared.depends_on, *names))
            yield f"declare depends-on = [{listed}], for {write.function} reads it"
    for obligation, write, found in compliance.mistyped():
        if obligation.contract is contract:
            yield f"store a {contract.declared.type} in {write.place.file}:{write.place.line}, or declare {found}"


def _missing_advice(compliance: Compliance, contract: Contract) -> Iterator[str]:
    timeline = compliance.timeline
    for obligation in compliance.missing():
        if obligation.contract is not contract:
            continue
        dead = timeline.unreached_write(contract.name)
        near = timeline.near_name(obligation.component) if obligation.component is not None else None
        if near is not None:
            yield f"{obligation.life.name} writes '{near}': is that what is meant?"
        elif dead is not None:
            yield f"call {dead.function} ({dead.place.file}:{dead.place.line}) from {obligation.life.name}"
        else:
            yield f"write it in the start-up of {obligation.life.name}, or declare optional = true"


def _recommended(compliance: Compliance) -> tuple[str, ...]:
    """Return the declared components in an order that keeps the contracts: by phase, dependencies first."""
    phases = {phase: number for number, phase in enumerate(_phases(compliance))}
    rank: dict[str, tuple[int, int, str]] = {}
    for contract in compliance.contracts:
        writes = [each.writes[0] for each in compliance.of(contract) if each.writes]
        at = min(((each.phase.rank, earliest(each.position), each.order) for each in writes), default=(9, 0, 0))
        declared = phases.get(contract.declared.phase or "", len(phases))
        rank[contract.name] = min(rank.get(contract.name, (99, 0, "")), (declared, at[2], contract.name))
    return tuple(order.in_order(compliance.graph, sorted(rank, key=lambda name: rank[name])))
