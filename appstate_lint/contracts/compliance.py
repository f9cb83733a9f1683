"""Contracts and timeline → compliance: what each application does of what is declared, as questions that checks ask."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from appstate_lint.config import Settings
from appstate_lint.contracts import order, types
from appstate_lint.contracts.declared import Contract
from appstate_lint.model import Kind, Phase
from appstate_lint.project import Project
from appstate_lint.timeline.phasing import earliest
from appstate_lint.timeline.presence import ABSENT, NONE, VALUE
from appstate_lint.timeline.questions import Timeline
from appstate_lint.timeline.records import Occurrence
from appstate_lint.timeline.told import Component, Life


class Obligation(NamedTuple):
    """A contract in one application; without ``component``, nothing there touches it."""

    contract: Contract
    life: Life
    component: Component | None

    @property
    def writes(self) -> list[Occurrence]:
        """The writes that initialize the component, in order: those of None count where nothing else is written."""
        if self.component is None:
            return []
        values = [each for each in self.component.writes if each.value_written]
        return values or (self.component.writes if self.contract.declared.nullable else [])

    @property
    def first(self) -> Occurrence | None:
        """The first write, if it is certain that it is the first, and when it happens."""
        if any(each.possible or each.spawned for each in self.writes):
            return None
        return next(iter(self.writes), None)


class Compliance:
    """The contracts of a project, its timeline, and how they compare."""

    def __init__(
        self, contracts: tuple[Contract, ...], timeline: Timeline, project: Project, settings: Settings
    ) -> None:
        self.contracts = contracts
        self.timeline = timeline
        self.project = project
        self.settings = settings

    # ------------------------------------------------------------ what is to be kept, and where

    @cached_property
    def obligations(self) -> tuple[Obligation, ...]:
        """Every contract in every application it is declared for.

        One that names no applications holds in those that surely touch its component.
        """
        return tuple(each for contract in self.contracts for each in self._obligations(contract))

    def _obligations(self, contract: Contract) -> Iterator[Obligation]:
        named = contract.declared.applications
        for life in self.timeline.lives:
            if named and not any(map(life.is_called, named)):
                continue
            found = self.timeline.named(life, contract.name)
            if not named and all(each.possible for component in found for each in component.occurrences):
                continue
            written = [each for each in found if each.writes] or found[:1]
            for component in written:
                yield Obligation(contract, life, component)
            if not found and named and self.touched(contract.name):
                yield Obligation(contract, life, None)

    def touched(self, name: str) -> bool:
        """Tell whether any application touches a component of this name."""
        return name in self.names

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all components that an application touches."""
        return frozenset(each.name for each in self.timeline.all_components())

    def of(self, contract: Contract) -> list[Obligation]:
        """Return the obligations of a contract."""
        return self._by_contract.get(id(contract), [])

    @cached_property
    def _by_contract(self) -> dict[int, list[Obligation]]:
        found: dict[int, list[Obligation]] = {}
        for each in self.obligations:
            found.setdefault(id(each.contract), []).append(each)
        return found

    # ------------------------------------------------------------ time

    def late(self) -> Iterator[tuple[Obligation, Occurrence]]:
        """Yield what is first written in a later phase than declared, and that write."""
        for each in self.obligations:
            first = None if each.contract.name in self.timeline.written_outside else each.first
            if first is not None and self.is_late(each.contract, first):
                yield each, first

    def is_late(self, contract: Contract, write: Occurrence) -> bool:
        """Tell whether a write surely comes after the phase that a contract declares."""
        phase = contract.declared.phase
        if phase is None:
            return False
        built_in = _BUILT_IN.get(phase)
        if built_in is not None or write.phase is not Phase.STARTUP:
            return write.phase.rank > (built_in or Phase.STARTUP).rank
        return earliest(write.position) > self.timeline.phasing.inside(phase)

    def is_in_time(self, contract: Contract, write: Occurrence) -> bool:
        """Tell whether a write surely comes no later than in the phase that a contract declares."""
        phase = contract.declared.phase
        if phase is None or phase in _BUILT_IN or write.phase is not Phase.STARTUP:
            return not self.is_late(contract, write)
        end = self.timeline.phasing.inside(phase)
        return bool(write.position) and write.position < 2 << end and self.is_entered(phase)

    def is_entered(self, phase: str) -> bool:
        """Tell whether the start-up of some application comes to a phase."""
        inside = self.timeline.phasing.inside(phase)  # what closes it comes to it, too
        return any(inside in life.entered or inside + 1 in life.entered for life in self.timeline.lives)

    def when(self, write: Occurrence) -> str:
        """Return when a write happens, in words: its phase, or the named one inside start-up."""
        if write.phase is not Phase.STARTUP or not write.position:
            return write.phase.value
        phasing, position = self.timeline.phasing, earliest(write.position)
        if name := phasing.name(position):
            return name
        behind = position // 2
        return f"{write.phase.value}, after {phasing.phases[behind - 1]}" if behind else write.phase.value

    def disordered(self) -> Iterator[tuple[Obligation, Occurrence, list[Occurrence]]]:
        """Yield what is written while declared dependencies are surely not there yet: the write, and the later ones."""
        cyclic = {frozenset(pair) for cycle in self.cycles for pair in itertools.pairwise(cycle)}
        for each in self.obligations:
            write = each.first
            if write is None:
                continue
            names = dict.fromkeys(each.contract.declared.depends_on)
            later = [self.later_write(each, write, name) for name in names]
            found = [w for w in later if w is not None and frozenset((each.contract.name, w.component)) not in cyclic]
            if found:
                yield each, write, found

    def later_write(self, obligation: Obligation, write: Occurrence, name: str) -> Occurrence | None:
        """Return the first write of a dependency, if it surely comes after ``write``."""
        if write.around.get(name, VALUE) & VALUE or name in self.timeline.written_outside:
            return None
        writes = [
            each for found in self.timeline.named(obligation.life, name) for each in found.writes if each.value_written
        ]
        if any(each.possible or each.spawned for each in writes):
            return None
        return next((each for each in writes if each.owner == write.owner), None)

    def unlisted(self) -> Iterator[tuple[Obligation, Occurrence, list[str]]]:
        """Yield what is made from components that its contract does not list: the write, and those components."""
        for each in self.obligations:
            write = each.first
            if write is None:
                continue
            names = sorted(write.made_from - {*each.contract.declared.depends_on})
            there = [name for name in names if write.around.get(name, 0) & VALUE]
            if there:
                yield each, write, there

    def allowed(self, name: str) -> int:
        """Return what a component may hold by its contracts: a value, and nothing or None if one of them says so."""
        if name in self.timeline.written_outside:
            return ABSENT | NONE | VALUE
        own = [each.declared for each in self.by_name.get(name, ())]
        absent, none = any(each.optional for each in own), any(each.nullable for each in own)
        return VALUE | (ABSENT if absent else 0) | (NONE if none else 0)

    # ------------------------------------------------------------ existence and type

    def may_lack(self, obligation: Obligation) -> Occurrence | None:
        """Return a reader of serving code that can find a component missing, or None in it, against its contract."""
        component = obligation.component
        if component is None or any(each.kind is Kind.DELETE for each in component.occurrences):
            return None
        allowed = self.allowed(component.name)
        served = (each for each in component.reads if each.phase is Phase.SERVING)
        return next((each for each in served if each.bits & ~allowed and not (each.possible or each.spawned)), None)

    def missing(self) -> Iterator[Obligation]:
        """Yield what is required and never initialized, provably."""
        for each in self.obligations:
            if not each.writes and not each.contract.declared.optional and not self.doubt(each):
                yield each

    def doubt(self, obligation: Obligation) -> str:
        """Return why it is not provable that nothing initializes a component, empty if it is."""
        life, component = obligation.life, obligation.component
        name = obligation.contract.name
        if name in self.timeline.written_outside:
            return "code that is not here writes it"
        if component is not None and component.writes and not all(each.plain_none for each in component.writes):
            return "what is written may be None"
        if (given := self.timeline.handed_to(life)) is not None:
            return f"{given.name} gets the application, and may write it ({given.place.file}:{given.place.line})"
        if component is not None:
            return self.timeline.doubt(component)
        if life.open:
            file, line, reason = life.open[0]
            return f"{life.name}: {reason} ({file}:{line})"
        if life.exhausted or name in life.written_somewhere:
            return f"{life.name}: not all of its code could be followed"
        return ""

    def mistyped(self) -> Iterator[tuple[Obligation, Occurrence, str]]:
        """Yield writes of what is surely not of the declared type, and the name of its class."""
        for each in self.obligations:
            for write in each.writes:
                found = types.mismatch(self.project, each.contract, write)
                if found is not None and not write.possible:
                    yield each, write, found

    # ------------------------------------------------------------ contracts among themselves

    @cached_property
    def by_name(self) -> dict[str, list[Contract]]:
        """The contracts of each component."""
        found: dict[str, list[Contract]] = {}
        for each in self.contracts:
            found.setdefault(each.name, []).append(each)
        return found

    @cached_property
    def graph(self) -> dict[str, tuple[str, ...]]:
        """The declared dependencies, by component."""
        found: dict[str, tuple[str, ...]] = {}
        for each in self.contracts:
            found[each.name] = tuple(dict.fromkeys((*found.get(each.name, ()), *each.declared.depends_on)))
        return found

    @cached_property
    def cycles(self) -> list[tuple[str, ...]]:
        """The cycles of the dependencies: components, the first of them once more at the end."""
        return order.cycles(self.graph)

    def undeclared(self) -> Iterator[Component]:
        """Yield the components without a contract, where the project says that each must have one."""
        if not self.settings.closed:
            return
        for component in self.timeline.all_components():
            names = {each.contract.name for each in self.obligations if each.life is component.life}
            if component.name not in names and not component.name.startswith("__"):
                yield component


_BUILT_IN = {Phase.BUILD.value: Phase.BUILD, Phase.STARTUP.value: Phase.STARTUP}
