"""The timeline: what an application does with its state, as questions that checks ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cached_property

from appstate_lint.model import Kind, Phase, Place, Step
from appstate_lint.timeline.names import nearest
from appstate_lint.timeline.phasing import Phasing
from appstate_lint.timeline.presence import ABSENT, PRESENT
from appstate_lint.timeline.records import EARLY, Occurrence, Outside, Swallow
from appstate_lint.timeline.steps import by_function, call_steps
from appstate_lint.timeline.told import CUT_SHORT, Component, Failing, Life, MissingSource, NoneSource, Unseen

MOST_STEPS = 8
_AROUND = (*EARLY, Phase.SHUTDOWN)


class Timeline:
    """All applications of a project; answers what checks ask."""

    def __init__(
        self,
        lives: Iterable[Life],
        *,
        unreached: Iterable[Occurrence],
        tests: Mapping[str, Place],
        in_tests: Iterable[Occurrence] = (),
        unseen: Iterable[Unseen],
        none_sources: Iterable[NoneSource],
        missing_sources: Iterable[MissingSource],
        failing: Iterable[Failing],
        written_outside: frozenset[str],
        read_outside: frozenset[str],
        phasing: Phasing,
    ) -> None:
        self.lives = tuple(lives)
        self.unreached = tuple(unreached)
        self.tests = tests
        self.in_tests = tuple(in_tests)
        self.unseen = tuple(unseen)
        self.none_sources = tuple(none_sources)
        self.missing_sources = tuple(missing_sources)
        self.failing = tuple(failing)
        self.written_outside = written_outside
        self.read_outside = read_outside
        self.phasing = phasing
        self.withheld: dict[str, set[tuple[str, str]]] = {}
        self._components: dict[str, dict[tuple[str, str], Component]] = {}

    def components(self, life: Life) -> dict[tuple[str, str], Component]:
        """Return the components of an application, and of those mounted in it, by owner and name."""
        known = self._components.get(life.name)
        if known is None:
            grouped: dict[tuple[str, str], list[Occurrence]] = {}
            for each in life.occurrences:
                grouped.setdefault((each.owner, each.component), []).append(each)
            known = self._components[life.name] = {
                key: Component(life, key[1], grouped[key]) for key in sorted(grouped)
            }
        return known

    def named(self, life: Life, name: str) -> list[Component]:
        """Return the components of this name of an application and of those mounted in it."""
        return [each for each in self.components(life).values() if each.name == name]

    def all_components(self) -> Iterator[Component]:
        """Yield every component of every application."""
        for life in self.lives:
            yield from self.components(life).values()

    # ------------------------------------------------------------ existence

    @cached_property
    def unwritten(self) -> tuple[Component, ...]:
        """The components that nothing writes in their application, and that are read there, provably.

        What cannot be proved (open holders, files that cannot be parsed) is kept in ``withheld``, by reason.
        """
        return tuple(self._unwritten())

    def _unwritten(self) -> Iterator[Component]:
        for component in self.all_components():
            if component.writes or not component.reads or component.name in self.written_outside:
                continue
            if component.name.startswith("__"):
                continue
            life = component.life
            inside = any(each.writes for each in self.named(life, component.name))
            beside = inside or component.name in life.written_beside or self.written_elsewhere(component)
            if beside and all(each.possible for each in component.reads):
                reason = f"{life.name}: what may not run there reads what is written for another application"
            else:
                reason = self.doubt(component)
            if reason:
                self.withheld.setdefault(reason, set()).add((component.occurrences[0].owner, component.name))
                continue
            yield component

    def is_unread(self, component: Component) -> bool:
        """Tell whether surely nothing reads a component: no code here, also none that is not run, and no library."""
        return not (
            component.reads
            or component.name in self.read_outside
            or component.life.open
            or component.life.dynamic_reads
            or component.name in self._read_unreached
        )

    @cached_property
    def _read_unreached(self) -> frozenset[str]:
        return frozenset(each.component for each in self.unreached)

    def is_optional(self, component: Component) -> bool:
        """Tell whether code that asks for a component with a default means that it need not be there."""
        return component.occurrences[0].owner in component.life.optional_parts

    def doubt(self, component: Component) -> str:
        """Return why the absence of a component is not provable, empty if it is."""
        return self._doubt(component, component.life.written_somewhere)

    def _doubt(self, component: Component, written: Set[str]) -> str:
        """Do that; the names ``written`` may be written where it was not seen."""
        life = component.life
        part = life.open_parts.get(component.occurrences[0].owner)
        if life.open or part is not None:
            file, line, reason = part or life.open[0]
            return f"{life.name}: {reason} ({file}:{line})"
        for unseen in self.unseen:
            if _package(unseen.file) != _package(life.place.file):
                continue
            if unseen.anything or component.name in unseen.words or self.unreached_write(component.name):
                return f"{unseen.file} cannot be parsed and may write it"
        if component.name in written:
            return f"{life.name}: '{component.name}' is written on a path that was taken as impossible"
        if life.exhausted:
            return f"{life.name}: {CUT_SHORT}"
        return ""

    # ------------------------------------------------------------ time

    def none_only(self) -> Iterator[Component]:
        """Yield the components that only ever hold ``None`` in their application, although they are read."""
        for component in self.all_components():
            writes = component.writes
            if not writes or not component.reads or not all(each.plain_none for each in writes):
                continue
            if self.handed_to(component.life) is not None:
                continue
            if (writes[0].owner, component.name) not in component.life.used:
                continue
            if self.unreached_write(component.name) or component.name in self.written_outside:
                continue
            if self._doubt(component, component.life.cut_off):
                continue
            yield component

    @cached_property
    def maybe_missing(self) -> tuple[tuple[Component, list[Occurrence]], ...]:
        """Components with the code, function by function, that reads them where they may be absent.

        Only what start-up certainly writes on some of its paths counts, or what other requests alone write; what
        code writes lazily for itself does not, nor does anything that could be written where we cannot see it, or that
        some code deletes. Start-up and shutdown code counts where it has called the write itself, or is a later step of
        the lifespan or handler that did, start-up that in any case reads what is written where the application is
        made, or a later step of that, and a handler of shutdown that reads in any case: others may run under conditions
        that are tested elsewhere.
        """
        return tuple(self._maybe_missing())

    def _maybe_missing(self) -> Iterator[tuple[Component, list[Occurrence]]]:
        for component in self.all_components():
            if self.only_tasks_write(component):
                reads = [each for each in component.plain_reads if each.phase is Phase.SERVING and each.bits & PRESENT]
                reads = [each for each in reads if not (each.possible or each.spawned or each.retried)]
                yield from ((component, each) for each in by_function(each for each in reads if not _is_early(each)))
                continue
            if self.only_routes_write(component):
                writers = {(each.place.file, each.function) for each in component.writes}
                reads = [each for each in component.plain_reads if each.phase is Phase.SERVING and each.bits & PRESENT]
                reads = [each for each in reads if each.for_route and not each.possible]
                for readers in by_function(each for each in reads if (each.place.file, each.function) not in writers):
                    yield component, readers
                continue
            early = [each for each in component.certain_writes if each.phase.rank < Phase.SERVING.rank]
            before_end = [each for each in component.writes if each.phase is not Phase.SHUTDOWN]
            if not early or len(early) != len(before_end) or self.doubt_of_order(component):
                continue
            deleted = any(each.kind is Kind.DELETE for each in component.occurrences)
            writing = {function for each in early for function in _functions_of(each)}
            sure = [
                read
                for read in component.plain_reads
                if read.phase is Phase.SERVING
                or (not deleted and read.phase in _AROUND and _reader(read) in writing)
                or (read.phase is Phase.STARTUP and not deleted and _belongs(read, early))
                or (read.phase is Phase.BUILD and not deleted and not read.conditional and _later_step(read, early))
                or (read.phase is Phase.SHUTDOWN and not deleted and _in_any_case(read))
                if not (read.possible or read.spawned or read.partial or component.runs_itself(read))
            ]
            for readers in by_function([read for read in sure if read.bits & PRESENT]):
                yield component, readers

    def swallow_of(self, component: Component, readers: list[Occurrence]) -> Swallow | None:
        """Return the first place where start-up swallows a failure after which serving code misses a component."""
        if readers[0].phase is not Phase.SERVING:
            return None
        key = (component.occurrences[0].owner, component.name)
        return next((each for each in component.life.swallows if key in each.missing), None)

    def only_routes_write(self, component: Component) -> bool:
        """Tell whether only the own functions of routes write a component: one request makes what another may read.

        Code that other routes share (middleware, dependencies) may ask for it on their behalf.
        """
        writes = [each for each in component.writes if each.phase is not Phase.SHUTDOWN]
        deleted = any(each.kind is Kind.DELETE for each in component.occurrences)
        if not writes or deleted or self.doubt(component) or self.unreached_write(component.name):
            return False
        asked = [each for each in component.occurrences if each.kind is Kind.GUARD]
        return all(each.by_route and not each.possible for each in (*writes, *asked))

    def only_tasks_write(self, component: Component) -> bool:
        """Tell whether only tasks or threads write a component that start-up leaves running, and nobody waits for.

        Where some code asks for it, it is known that it comes late.
        """
        writes = [each for each in component.writes if each.phase is not Phase.SHUTDOWN]
        if not writes or component.life.waits or self.doubt(component) or self.unreached_write(component.name):
            return False
        if any(each.kind in (Kind.GUARD, Kind.DELETE) or each.caught for each in component.occurrences):
            return False
        late = all(each.phase is Phase.SERVING and _is_early(each) and not each.possible for each in writes)
        return late and any(each.spawned for each in writes)

    def racing(self) -> Iterator[tuple[Component, list[Occurrence]]]:
        """Yield components with the readers, function by function, that spawned code runs before start-up sets them."""
        for component in self.all_components():
            early = [each for each in component.certain_writes if each.phase.rank < Phase.SERVING.rank]
            if not early or any(each.spawned for each in component.writes) or self.doubt_of_order(component):
                continue
            reads = [each for each in component.plain_reads if each.spawned and not (each.possible or each.retried)]
            for readers in by_function(reads):
                yield component, readers

    def asked_too_early(self) -> Iterator[tuple[Component, list[Occurrence], Occurrence]]:
        """Yield components with the guards, function by function, that come before the first write; and that write.

        A function that writes the component too, or that may hand on the answer, asks on somebody's behalf: left alone.
        """
        for component in self.all_components():
            if component.life.open or self.doubt_of_order(component) or component.name in self.written_outside:
                continue
            if any(each.spawned for each in component.writes):
                continue
            writing = {function for each in component.writes for function in _functions_of(each)}
            places = {each.place for each in component.reads if each.phase not in EARLY or each.bits != ABSENT}
            asked = [
                each
                for each in component.guarded_reads
                if each.place not in places and not (each.spawned or each.possible or each.partial or each.answers)
                if _reader(each) not in writing
            ]
            for readers in by_function(asked):
                write = component.first_write_after(readers[0])
                if write is not None and write.phase.rank < Phase.SERVING.rank:
                    yield component, readers, write

    def unsafe_at_shutdown(self) -> Iterator[tuple[Component, list[Occurrence], Occurrence]]:
        """Yield components with the readers, function by function, that shutdown runs where they may be missing.

        The last of the three says why: the write that a failed start-up did not come to, or the delete that came first.
        """
        for component in self.all_components():
            if not component.certain_writes or self.doubt_of_order(component):
                continue
            shutdown = [each for each in component.plain_reads if each.phase is Phase.SHUTDOWN and not each.possible]
            reads = [each for each in shutdown if not each.swallowed]
            for readers in by_function(each for each in reads if each.partial):
                yield component, readers, component.certain_writes[0]
            deletes = [each for each in component.occurrences if each.kind is Kind.DELETE and not each.possible]
            for readers in by_function(each for each in reads if each.gone and not each.partial) if deletes else ():
                yield component, readers, deletes[0]

    def replaced(self) -> Iterator[tuple[Component, Occurrence, Occurrence]]:
        """Yield components of which one write, before serving, replaces the object that another one made.

        A write that serving code runs too refreshes the component, and is meant to.
        """
        for component in self.all_components():
            early = [each for each in component.certain_writes if each.phase.rank < Phase.SERVING.rank]
            refreshed = {each.place for each in component.writes if each.phase is Phase.SERVING}
            for second in early:
                if second.replaces is None or second.place in refreshed:
                    continue
                first = next((each for each in early if each.place == second.replaces), None)
                if first is not None and first.place != second.place:
                    yield component, first, second

    def doubt_of_order(self, component: Component) -> bool:
        """Tell whether the order of a component's known writes is in doubt.

        An open holder does not matter here; a part that is filled from outside does, and a name that is only one of
        several under which something is stored.
        """
        if component.occurrences[0].owner in component.life.open_parts or any(each.weak for each in component.writes):
            return True
        mentioned = any(component.name in unseen.words for unseen in self.unseen)
        return component.life.exhausted or component.name in component.life.written_somewhere or mentioned

    def unreached_write(self, name: str) -> Occurrence | None:
        """Return a write of ``name`` in code that no application reaches."""
        return next((each for each in self.unreached if each.component == name and each.initializes), None)

    def written_elsewhere(self, component: Component) -> tuple[str, Occurrence] | None:
        """Return the name of another application that writes a component of this name, with its first write."""
        for life in self.lives:
            for other in self.named(life, component.name):
                same = life is component.life and other.application == component.application
                if not same and other.certain_writes and self.shares_reader(component, other):
                    return other.application, other.certain_writes[0]
        return None

    def shares_reader(self, component: Component, other: Component) -> bool:
        """Tell whether two applications run one reader of the component."""
        places = {each.place for each in other.reads}
        return any(each.place in places for each in component.reads)

    def test_write(self, name: str) -> Place | None:
        """Return a place in a test that writes a component of this name."""
        return self.tests.get(name)

    def yielded_write(self, component: Component) -> Occurrence | None:
        """Return where the lifespan yields something of a component's name, or code puts it on a request."""
        writes = (each for each in component.life.yielded if each.kind is Kind.WRITE)
        named = (each for each in writes if each.component == component.name)
        return next((each for each in named if each.phase is Phase.STARTUP or component.life.by_item), None)

    def unset_in_requests(self, life: Life) -> Iterator[list[Occurrence]]:
        """Yield plain reads of request state, by name and function, of what neither lifespan nor requests put there."""
        if life.yielded_doubts is None or life.exhausted:
            return
        written = {each.component for each in life.yielded if each.kind is Kind.WRITE} | life.yielded_doubts
        doubted = frozenset().union(*(unseen.words for unseen in self.unseen))
        if any(unseen.anything for unseen in self.unseen):
            return
        groups: dict[tuple[str, str, str], list[Occurrence]] = {}
        for each in sorted(life.yielded, key=lambda each: each.place):
            plain = each.kind is Kind.READ and not (each.caught or each.swallowed or each.possible)
            if plain and each.phase is Phase.SERVING and each.component not in written | doubted:
                groups.setdefault((each.component, each.place.file, each.function), []).append(each)
        yield from groups.values()

    def unreached_writes(self, file: str, function: str) -> list[Occurrence]:
        """Return the writes of a function, and of those defined in it, that no application runs."""
        return [
            each
            for each in self.unreached
            if each.kind is Kind.WRITE and each.place.file == file
            if each.function == function or each.function.startswith(f"{function}.")
        ]

    def handed_to(self, life: Life) -> Outside | None:
        """Return a third-party call, described by no table, that was given the application."""
        return next((each for each in life.outside if each.third_party and not each.holder), None)

    def near_name(self, component: Component) -> str | None:
        """Return the written component whose name is closest to an unwritten one; rather one without readers."""
        written = [each for each in self.components(component.life).values() if each.writes]
        unread = {each.name for each in written if self.is_unread(each)}
        return nearest(component.name, [each.name for each in written], unread)

    # ------------------------------------------------------------ traces

    def path_to(self, occurrence: Occurrence, text: str) -> list[Step]:
        """Return the steps that lead to an access, ending with ``text`` at its line."""
        steps = call_steps(occurrence.stack)
        place = occurrence.place
        return [*steps[-(MOST_STEPS - 2) :], Step(place.file, place.line, occurrence.phase.value, text)]

    def write_step(self, write: Occurrence) -> Step:
        """Return the step that says where a component is written, or deleted."""
        place, verb = write.place, "deletes" if write.kind is Kind.DELETE else "writes"
        return Step.of_write(place, write.phase.value, f"{write.function} {verb} '{write.component}'")

    def step(self, place: Place, phase: Phase, text: str) -> Step:
        """Return a step of a trace at a place."""
        return Step(place.file, place.line, phase.value, text)

    def near_step(self, component: Component, name: str | None) -> list[Step]:
        """Return the step that shows the write of the nearest name."""
        if name is None:
            return []
        writes = [write for each in self.named(component.life, name) for write in each.writes]
        return [self.write_step(writes[0])] if writes else []


def _functions_of(write: Occurrence) -> Iterator[tuple[str, str]]:
    """Yield the functions that a write stands in or that have called it: file and name."""
    files = [call.file for call in write.stack[1:]] + [write.place.file]
    yield from zip(files, (call.function for call in write.stack), strict=False)


def _reader(read: Occurrence) -> tuple[str, str]:
    return read.place.file, read.function


def _is_early(occurrence: Occurrence) -> bool:
    """Tell whether code of the start-up, or from before, does it, or has started what does."""
    return bool(occurrence.stack) and occurrence.stack[0].phase.rank < Phase.SERVING.rank


def _belongs(read: Occurrence, writes: list[Occurrence]) -> bool:
    """Tell whether no condition is known for what start-up reads that its writes do not have."""
    return _later_step(read, writes) or _after_build(read, writes)


def _after_build(read: Occurrence, writes: list[Occurrence]) -> bool:
    """Tell whether start-up reads, in any case, what is only written where the application is made."""
    return _in_any_case(read) and all(each.phase.rank < Phase.STARTUP.rank for each in writes)


def _in_any_case(read: Occurrence) -> bool:
    """Tell whether a lifespan, or a handler of start-up or shutdown, comes to a read whatever the conditions are."""
    return read.by_hook and not (read.conditional or read.swallowed)


def _later_step(read: Occurrence, writes: Iterable[Occurrence]) -> bool:
    """Tell whether a read comes after a write of the same lifespan, handler or launcher."""
    return not read.swallowed and any(
        write.order < read.order and write.phase is read.phase and write.stack[:1] == read.stack[:1] for write in writes
    )


def _package(file: str) -> str:
    """Return the top folder that a file lies in; ``src`` and ``services/x`` count with the folder below."""
    parts = file.split("/")
    return parts[0] if len(parts) > 1 else ""
