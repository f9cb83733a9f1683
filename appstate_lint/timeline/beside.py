"""Code that runs beside what started it (tasks, threads, jobs, callbacks), and code that is only possibly reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from appstate_lint.facts import flow
from appstate_lint.model import Kind, Phase
from appstate_lint.timeline.frames import Frame
from appstate_lint.timeline.idling import Idling
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.presence import (
    ABSENT,
    HAS,
    MISSING,
    PRESENT,
    Cell,
    Key,
    Store,
    about,
    is_about,
    join_stores,
    rewritten,
)
from appstate_lint.timeline.registrations import Spawned
from appstate_lint.timeline.starting import at_place
from appstate_lint.timeline.values import (
    ClassValue,
    FunctionValue,
    Invocation,
    Object,
    Value,
)

_MOST_IN_ORDER = 64


class Beside(Idling):
    """Runs spawned and possibly reached code while the service starts and serves."""

    imported: list[str]

    def run_spawned(self, started: Path, current: Path, effects: Path) -> Path:
        """Run what was started beside the start-up or a request."""
        done: set[tuple[Value, bool]] = set()
        others = self.others()
        order = self.first_and_last()
        while True:
            mine = {key: each for key, each in self.waiting.items() if others.isdisjoint(_applications(each))}
            waiting = [(key, each) for key, each in mine.items() if key not in done]
            if not waiting:
                return effects
            for code, each in waiting:
                done.add(code)
                if not each.certain and self.has_run(each.value):
                    continue
                early = each.phase.rank < Phase.SERVING.rank and each.certain
                end = current.store if each.end is None or each.left else each.end
                goes_on = end is current.store
                if early and end != each.store:
                    store = join_stores(each.store, end, frozenset(), frozenset())
                    store = _settled(store, each.store, end, self.written_from(each.phase))
                    deciding, store = self.deciding, _in_order(store, each.store, order)
                    self.deciding |= self.decided_by(store)
                    effects = self.run_beside(each, store, current, effects, spawned=True)
                    self.deciding = deciding
                if not early or goes_on:
                    store = current.store if early else _found_before(current.store, each.store)
                    effects = self.run_beside(each, store, current, effects, spawned=False)

    def others(self) -> set[str]:
        """Return the sites of the applications of this launcher that have lives of their own."""
        return {each.site for each, _, _ in self.targets} - {self.application.site if self.application else ""}

    def of_others(self) -> set[tuple[str, int]]:
        """Return the functions that were started, or handed on, only for another application of this launcher."""
        others = self.others()
        several = [(_function(each.value), others.isdisjoint(_applications(each))) for each in self.waiting.values()]
        return {code for code, _ in several if code} - {code for code, mine in several if code and mine}

    def written_from(self, phase: Phase) -> set[Key]:
        """Return the components that code writes in a phase or in a later one."""
        seen = self.records.occurrences.values()
        return {
            (each.owner, each.component) for each in seen if each.kind is Kind.WRITE and each.phase.rank >= phase.rank
        }

    def first_and_last(self) -> dict[Key, tuple[int, int]]:
        """Return when each component is written before serving, the first time and the last."""
        found: dict[Key, tuple[int, int]] = {}
        for each in self.records.occurrences.values():
            if each.kind is Kind.WRITE and each.phase.rank < Phase.SERVING.rank:
                key = (each.owner, each.component)
                first, last = found.get(key, (each.order, each.order))
                found[key] = (min(first, each.order), max(last, each.order))
        return found

    def run_beside(self, started: Spawned, store: Store, current: Path, effects: Path, spawned: bool) -> Path:
        """Run spawned code once, from ``store``; return the effects of serving with what it changes."""
        path = Path({}, store, current.facts | started.facts)
        self.assume(started.marks, path)
        code, at = started.value, at_place(started.place)
        outer, self.application = self.application, self.owner_of(started)
        self.spawned = spawned
        handed_on = isinstance(code, Invocation) and started.phase is not Phase.IMPORT
        self.possible = started.possible or not (started.certain or handed_on)
        self.stack[:] = list(started.stack)[:8]
        self.framed(started.place, path)
        if isinstance(code, Invocation) and code.kind == "partial" and started.certain:
            self.finish(self.invoke(code, (), (), path, at), path, at)
        elif isinstance(code, Invocation) and code.kind == "generator":
            self.finish_generators(code, path)
        elif isinstance(code, Invocation) and code.kind != "partial":
            self.finish(code, path, at)
        else:
            self.serve(code, path, at)
        self.unframe()
        self.stack.clear()
        self.spawned, self.possible, self.application = False, False, outer
        if path.dead:
            return effects
        changed = {key: cell for key, cell in path.store.items() if _differs(store.get(key), cell)}
        after = {**effects.store, **changed}
        for key in changed:
            after = rewritten(after, key)
        return with_effects(effects, Path({}, after, effects.facts))

    def owner_of(self, started: Spawned) -> Object | None:
        """Return the application whose code spawned something: the one that lives, or one that it mounts."""
        made = self.applications.get(started.application)
        return made[0] if made is not None else self.application

    def has_run(self, code: Value) -> bool:
        """Tell whether a function that unseen code was given runs anyway: then that is what it was given for."""
        return _function(code) in self.records.reached

    def run_possible(self, current: Path, effects: Path) -> Path:
        """Run functions that live code mentions although no call of it could be resolved.

        Those that ask for what this application has, in the life of one that begins before it, are among them.
        """
        self.possible = True
        idle = {(each.file, each.function) for each in self.idle(self.living)} if self.living is not None else set()
        others = self.of_others()
        for function in self.mentions.possible(self.records.reached - self.ahead, self.imported):
            if function in others or (function[0], self.project.function(*function).qualname) in idle:
                continue
            path = Path({}, current.store, current.facts)
            self.stack.clear()
            self.frames[:] = [Frame(function[0], None, 0, 0)]
            value = FunctionValue(*function, self.some_scope(*function), self.some_owner(*function))
            self.serve(value, path, self.project.function(*function).at)
            self.frames.clear()
            if not path.dead:
                effects = with_effects(effects, path)
        self.possible = False
        return effects

    def some_owner(self, file: str, index: int) -> Value | None:
        """Return what a function is bound to where it is not known who calls it: some object of its class, if any."""
        function = self.project.function(file, index)
        if function.owner < 0 or flow.has_decorator(function, "staticmethod"):
            return None
        cls = ClassValue(file, function.owner)
        if flow.has_decorator(function, "classmethod"):
            return cls
        return Object(f"any {file}:{cls.index}", cls, self.external_base(cls))

    def some_scope(self, file: str, index: int) -> int:
        """Return the number of variables that a nested function was defined among, if it was."""
        found = [scope for (each, number, scope) in self.defaults if (each, number) == (file, index)]
        return max(found, default=0)


def _differs(before: Cell | None, after: Cell) -> bool:
    """Tell whether a component holds something else; where it was made, and under which conditions, is no matter."""
    return before is None or (before.bits, before.truth) != (after.bits, after.truth)


def _settled(store: Store, spawned: Store, end: Store, written: Set[Key]) -> Store:
    """Return a store in which what is as likely missing at the end as at the spawn is there, if it ever is.

    So is what none of the ``written`` writes has to come for. Where it is missing, it is missing for good: the
    spawned code is not early.
    """
    doubtful = (key for key, cell in spawned.items() if cell.bits & ABSENT and cell.bits & PRESENT)
    same = (key for key in doubtful if key in end and (end[key].bits == spawned[key].bits or key not in written))
    return {**store, **{key: Cell(store[key].bits & PRESENT) for key in same}}


def _found_before(store: Store, spawned: Store) -> Store:
    """Return a store in which what was there where serving code spawned something still is, unless it was deleted."""
    missing = (key for key, cell in store.items() if cell.bits & ABSENT and not cell.gone)
    found = [key for key in missing if key in spawned and _surely(spawned, key)]
    return {
        **store,
        **{key: store[key]._replace(bits=(store[key].bits | spawned[key].bits) & PRESENT) for key in found},
    }


def _in_order(store: Store, spawned: Store, written: Mapping[Key, tuple[int, int]]) -> Store:
    """Return a store of spawned code that knows the order of what start-up writes: what comes first is there first."""
    late = [key for key in written if key in store and store[key].bits & ABSENT and not _surely(spawned, key)]
    late = sorted(late, key=written.__getitem__)[:_MOST_IN_ORDER]
    new: Store = {}
    for key in late:
        cell = store[key]
        after = {frozenset({(about(each, HAS), True)}) for each in late if written[each][0] > written[key][1]}
        if cell.bits & PRESENT and not cell.gone:
            lasting = {each for each in cell.clauses if not any(is_about(name) for name, _ in each)}
            new[key] = cell._replace(clauses=frozenset(lasting | after))
    return {**store, **new}


def _surely(store: Store, key: Key) -> bool:
    return not store.get(key, MISSING).bits & ABSENT


def with_effects(effects: Path, path: Path) -> Path:
    """Return the effects of serving, joined with those of code that ended as ``path``."""
    if path.dead:
        return effects
    store = join_stores(effects.store, path.store, frozenset(), frozenset())
    return Path({}, store, effects.facts)


def _applications(started: Spawned) -> Iterator[str]:
    """Yield the sites of the application in whose life code is started and of the objects that it is given."""
    yield started.application
    code: Value = started.value
    while isinstance(code, Invocation):
        yield from (each.site for each in code.args if isinstance(each, Object))
        yield from (each.site for _, each in code.keywords if isinstance(each, Object))
        code = code.function


def _function(code: Value) -> tuple[str, int] | None:
    """Return the function of the project that code is, whatever arguments it was given."""
    while isinstance(code, Invocation):
        code = code.function
    return (code.file, code.index) if isinstance(code, FunctionValue) else None
