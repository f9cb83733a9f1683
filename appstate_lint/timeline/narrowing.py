"""Narrowing: what a path knows of components and conditions where the truth of a value is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from appstate_lint.model import Phase
from appstate_lint.timeline.ingredients import Ingredients
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.presence import (
    ABSENT,
    HAS,
    LAUNCHED,
    LOCAL,
    MISSING,
    PRESENT,
    SOME,
    TRUE,
    VALUE,
    Cell,
    Fact,
    Key,
    Store,
    about,
    excludes,
    given,
    is_about,
)
from appstate_lint.timeline.truth import condition_of, implications, one_component, truth_of
from appstate_lint.timeline.values import AnyOf, Loaded, Narrow, Object, Test, Value, plain

_LAUNCHING = frozenset({Phase.IMPORT, Phase.BUILD})
"""The phases in which launchers run."""


class Narrowing(Ingredients):
    """What presences are on a path, and what conditions say of them."""

    def canonical(self, owner: Object) -> Object:
        """Return the application whose state ``owner`` shares."""
        seen = set()
        while owner.site in self.holder_aliases and owner.site not in seen:
            seen.add(owner.site)
            owner = self.holder_aliases[owner.site]
        return owner

    def cell(self, path: Path, key: Key) -> Cell:
        """Return what a component can hold on this path, and remember that it was asked."""
        self.frame.touched.add(key)
        found = path.store.get(key, MISSING)
        if found.bits & ABSENT and self.is_launched(path, key[0]):
            found = self.as_started(key, found)
        if found.clauses:
            self.frame.consulted.update(name for clause in found.clauses for name, _ in clause)
            return given(found, path.facts)
        return found

    def is_launched(self, path: Path, site: str) -> bool:
        """Tell whether a launcher, which runs, has started a server of an application: what follows runs beside it."""
        if self.phase not in _LAUNCHING:
            return False
        self.frame.touched.add((site, LAUNCHED))
        return bool(path.store.get((site, LAUNCHED), MISSING).bits & PRESENT)

    def as_started(self, key: Key, cell: Cell) -> Cell:
        """Return what a component can hold once start-up is over: code waits for that where it starts a server."""
        mark = (key[0], LAUNCHED)
        self.asked.add(mark)
        left = self.left.get(mark, {}).get(key, MISSING)
        return left._replace(bits=left.bits | cell.bits & PRESENT)

    def note_left(self, application: Object, store: Store) -> None:
        """Keep what start-up leaves in an application; that is a change if its launcher looks at it."""
        site = self.canonical(application).site
        mark = (site, LAUNCHED)
        left = {key: cell for key, cell in store.items() if key[0] == site}
        if self.left.get(mark) != left:
            self.left[mark] = left
            self.changes += mark in self.asked

    def suppose(self, path: Path, value: Value, truth: bool) -> Path | None:
        """Return ``path`` as it goes on where ``value`` is true (or false), ``None`` where it cannot be."""
        known = True if self.kind(value) == "application" else truth_of(value)
        if known is not None and not isinstance(value, (Loaded, Test)):
            return path if known is truth else None
        if isinstance(value, Test):
            return self.narrow(path, value.when_true if truth else value.when_false)
        if isinstance(value, Loaded):
            self.use(value)
            return self.suppose_loaded(path, value, truth)
        if isinstance(value, AnyOf):
            loaded = one_component(value)
            if loaded is not None:
                if truth:
                    return self.narrow(path, (Narrow(loaded.owner, loaded.component, VALUE),))
                return path
        condition = condition_of(value)
        return self.hold(path, condition, truth) if condition else path

    def use(self, value: Value) -> None:
        """Note that what was read from a component is dereferenced or decides a branch."""
        if isinstance(value, Loaded) and not self.muted:
            self.records.used.add((self.canonical(value.owner).site, value.component))

    def suppose_loaded(self, path: Path, value: Loaded, truth: bool) -> Path | None:
        """Narrow a component by the truth of what was read from it."""
        fallback = value.default is not None and truth_of(value.default) is not False
        if truth and not fallback:
            narrowed = self.narrow(path, (Narrow(value.owner, value.component, VALUE),))
            if narrowed is None:
                return None
            path = narrowed
        if not truth or not fallback:
            self.hold(path, about((self.canonical(value.owner).site, value.component), TRUE), truth)
        condition = condition_of(plain(value.value))
        return self.hold(path, condition, truth) if condition else path

    def narrow(self, path: Path, facts: tuple[Narrow, ...]) -> Path | None:
        """Apply narrowings to a path; ``None`` if one cannot hold.

        Code behind a guard for a component that is certainly absent goes on with an empty presence: it counts for
        nothing at the next join, and its reads are no faults of their own.
        """
        for fact in facts:
            if fact.owner is None:
                held = self.hold(path, fact.component, fact.truth)
                if held is None:
                    return None
                path = held
                continue
            key = (self.canonical(fact.owner).site, fact.component)
            known = self.cell(path, key)
            bits = known.bits & fact.bits
            if known.bits and not bits and fact.bits & ABSENT and not self.is_open(key[0]):
                return None
            if bits != known.bits:
                clauses = known.clauses if bits & ABSENT and bits != ABSENT else frozenset()
                gone = bool(bits & ABSENT) and known.gone
                path.put(key, Cell(bits, clauses, known.made, known.truth, gone, known.implies))
                self.take_implied(path, known, bits)
                for level in (HAS, SOME) if bits == VALUE else (HAS,) if bits and not bits & ABSENT else ():
                    self.hold(path, about(key, level), True)
        return path

    def take_implied(self, path: Path, known: Cell, bits: int) -> None:
        """Note, while serving, what holds wherever a component is present, if it is: it was as ``known`` before."""
        if self.phase is not Phase.SERVING or not bits or bits & ABSENT:
            return
        for name, truth in known.implies:
            if (name, not truth) not in path.facts:
                self.hold(path, name, truth)

    def is_open(self, site: str) -> bool:
        """Tell whether unseen code may write components of this application."""
        return site in self.open

    def hold(self, path: Path, condition: str, truth: bool) -> Path | None:
        """Note that a stable condition holds; ``None`` if the opposite is known to hold.

        While serving, only conditions matter under which start-up wrote something, and those that follow from another.
        What a component or a variable holds may change.
        """
        if self.phase is Phase.SERVING and condition not in self.deciding:
            return self.follow(path, condition, truth)
        self.frame.consulted.add(condition)
        if is_about(condition) or LOCAL in condition:
            path.facts = path.facts - {(condition, not truth)} | {(condition, truth)}
            return path
        if (condition, not truth) in path.facts:
            return None
        path.facts |= {(condition, truth)}
        for whole in self.wholes.get(condition, ()):
            parts = self.parts_of_whole[whole]
            if (condition, not truth) in parts:
                path.facts |= {(whole, False)}
            elif parts <= path.facts:
                path.facts |= {(whole, True)}
        return self.follow(path, condition, truth)

    def follow(self, path: Path, condition: str, truth: bool) -> Path | None:
        """Note what follows from whether a condition holds; ``None`` if that cannot be."""
        for fact in [*self.consequences(path, condition, truth)]:
            if fact in path.facts or (self.phase is Phase.SERVING and fact[0] not in self.deciding):
                continue
            if self.hold(path, *fact) is None:
                return None
        return path

    def consequences(self, path: Path, condition: str, truth: bool) -> Iterator[Fact]:
        """Yield what follows from whether a condition holds: of the values that are possible the last one is it."""
        if truth and self.phase is Phase.SERVING:
            yield from implications(condition)
            stable, is_compared, _ = condition.partition(" == ")
            rivals = [each for each in self.deciding if each.startswith(stable)] if is_compared else []
            yield from ((each, False) for each in sorted(rivals) if excludes(condition, each))
        elif not truth and condition in (choices := self.choices_of(condition)):
            left = [each for each in choices if each != condition and (each, False) not in path.facts] or [condition]
            yield from ((each, True) for each in left if len(left) == 1)

    def choices_of(self, condition: str) -> list[str]:
        """Return the conditions of which exactly one holds, if one that something equals a constant is among them."""
        return self.choices.get(condition.partition(" == ")[0], [])

    def decided_by(self, store: Mapping[Key, Cell]) -> frozenset[str]:
        """Return the conditions that decide what is in a store, with those that say whether one of them holds."""
        names = {name for cell in store.values() for clause in cell.clauses for name, _ in clause}
        names |= {part for name in names for part, _ in self.parts_of_whole.get(name, ())}
        return frozenset(names).union(*map(self.choices_of, names))
