"""The stores that a stretch of code goes through, one after the other, and their join.

Code may raise after each write. Joined one by one, all that was written so far would be looked at with each write;
here it is noted what each component held since when, and all stores are joined at once.

A *time* is the number of a store; a set of times is an integer with a bit for each. A clause stays if the component is
never absent at a time at which the clause can hold. New clauses say what a component shows of others: whatever can only
be at times at which another one is present, proves that one.
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from appstate_lint.timeline.presence import (
    ABSENT,
    BORN,
    HAS,
    MISSING,
    MOST_CLAUSES,
    MOST_COMPANIONS,
    SOME,
    TRUE,
    Cell,
    Fact,
    Facts,
    Key,
    Store,
    about,
    component_of,
    differing,
    fewest,
    is_about,
    is_mark,
    join_values,
    lacks,
)

Times: TypeAlias = int
MOST_TIMES = 4096
"""So many stores are joined at once; their join then stands for them."""
MOST_TRIED = 64
"""Of a stretch that ends, so many things that begin in it are asked whether they are so in it only."""
_LEVELS = ((HAS, True), (SOME, True), (TRUE, True), (TRUE, False))


class Course:
    """The stores that code goes through."""

    __slots__ = ("changes", "first", "last", "length")

    def __init__(self, store: Store) -> None:
        self.first = self.last = store
        self.length = 1
        self.changes: dict[Key, list[tuple[int, Cell]]] = {}
        """What a component held after the first store, and from which time on."""

    def add(self, store: Store) -> None:
        """Go on to a store."""
        if self.length == MOST_TIMES:
            self.first = self.last = self.joined()
            self.length, self.changes = 1, {}
        changed = differing(self.last, store)
        for key in changed:
            self.changes.setdefault(key, []).append((self.length, store.get(key, MISSING)))
        self.length += bool(changed)
        self.last = store

    def joined(self) -> Store:
        """Return the join of all stores; a component that a store does not name is absent there."""
        return {**self.first, **_Join(self).cells()} if self.changes else self.first


class _Span(NamedTuple):
    """What a component held for some time; signs of it begin from ``begin`` on."""

    begin: int
    end: int
    times: Times
    cell: Cell


class _Sign(NamedTuple):
    """Something that can be so of a component at some times only: the first of them, and all."""

    first: int
    times: Times
    key: Key
    fact: Fact


class _Join:
    """The join of the stores of a course, component by component."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.always: Times = (1 << course.length) - 1
        self.spans = {key: self.spans_of(key) for key in course.changes}
        self.known: dict[Fact, Times] = {}
        signs = sorted(sign for key in self.spans for sign in self.signs(key))
        last = course.length - 1
        self.marks = _Signs([sign for sign in signs if is_mark(sign.key)], last)
        self.others = _Signs([sign for sign in signs if not is_mark(sign.key)], last)

    def cells(self) -> dict[Key, Cell]:
        """Return the cells of all components that changed."""
        return {key: self.cell(key) for key in self.spans}

    def spans_of(self, key: Key) -> list[_Span]:
        """Return what a component held, but for the times at which its application was not made yet."""
        spans = list(self.all_spans(key))
        mark = (key[0], BORN)
        if mark not in self.course.changes:
            return spans
        born = sum([each.times for each in self.all_spans(mark) if each.cell != MISSING])
        counting = [
            each if each.cell != MISSING else each._replace(times=each.times & born)
            for each in spans
            if each.cell != MISSING or each.times & born
        ]
        return [counting[0]._replace(begin=0), *counting[1:]]

    def all_spans(self, key: Key) -> Iterator[_Span]:
        """Yield what a component held, from the first time to the last."""
        begin, cell = 0, self.course.first.get(key, MISSING)
        for end, following in (*self.course.changes[key], (self.course.length, MISSING)):
            yield _Span(begin, end, (1 << end) - (1 << begin), cell)
            begin, cell = end, following

    def cell(self, key: Key) -> Cell:
        """Return all that a component held, and the clauses under which it was surely present."""
        held = self.spans[key]
        joined = functools.reduce(join_values, [each.cell for each in held])
        if not joined.bits & ABSENT:
            return joined
        absent = sum([each.times for each in held if each.cell.bits & ABSENT])
        clauses = fewest(self.lasting(held, absent), MOST_CLAUSES)
        return joined._replace(clauses=clauses | {frozenset((fact,)) for fact in self.shown_by(held, absent)})

    def lasting(self, held: list[_Span], absent: Times) -> set[Facts]:
        """Return the clauses that hold at some times, and at all others at which the component may be absent."""
        stated: dict[Facts, Times] = {}
        for each in held:
            for clause in each.cell.clauses:
                stated[clause] = stated.get(clause, 0) | each.times
        return {clause for clause, times in stated.items() if not self.possible(clause, absent & ~times)}

    def possible(self, clause: Facts, times: Times) -> Times:
        """Return those of some times at which a clause can hold."""
        for fact in clause:
            if fact not in self.known:
                self.known[fact] = self.times_of(component_of(fact[0]), fact) if is_about(fact[0]) else self.always
            times &= self.known[fact]
        return times

    def times_of(self, key: Key, fact: Fact) -> Times:
        """Return the times at which something can be so of a component."""
        spans = self.spans.get(key)
        if spans is None:
            return 0 if lacks(self.course.first.get(key, MISSING), fact) else self.always
        return sum([each.times for each in spans if not lacks(each.cell, fact)])

    # ------------------------------------------------------------ what shows that another one is present

    def signs(self, key: Key) -> Iterator[_Sign]:
        """Yield what can be so of a component at some times only, the least first."""
        cells = [each.cell for each in self.spans[key]]
        seen = {0, self.always}
        for level, truth in _LEVELS if any(cell.truth is not None for cell in cells) else _LEVELS[:2]:
            fact = about(key, level), truth
            times = self.known[fact] = self.times_of(key, fact)
            if times not in seen:
                seen.add(times)
                yield _Sign((times & -times).bit_length() - 1, times, key, fact)

    def shown_by(self, held: list[_Span], absent: Times) -> Iterator[Fact]:
        """Yield what can be so only while a component was present."""
        for signs in (self.marks, self.others) if absent != self.always else ():
            found: list[Fact] = []
            for span in held:
                if span.times & absent:
                    continue
                if span.end == self.course.length:
                    found.extend(signs.least[signs.since(span.begin)])
                    yield from signs.last
                else:
                    inside = signs.all[signs.since(span.begin) : signs.since(span.end)][:MOST_TRIED]
                    found.extend(sign.fact for sign in inside if not sign.times & absent)
            yield from sorted(found)[:MOST_CLAUSES]


class _Signs:
    """Signs in the order in which they begin.

    ``last`` are those that begin with the last store; ``least`` has those of the others with the least names, of all,
    of all but the first, and so on.
    """

    def __init__(self, signs: list[_Sign], last: int) -> None:
        self.all = signs
        self.last = [sign.fact for sign in signs[self.since(last) :][:MOST_COMPANIONS]]
        self.least: list[list[Fact]] = [[] for _ in range(len(signs) + 1)]
        for place in reversed(range(self.since(last))):
            self.least[place] = sorted([signs[place].fact, *self.least[place + 1]])[:MOST_CLAUSES]

    def since(self, time: int) -> int:
        """Return the place of the first sign that begins at a time or later."""
        return bisect_left(self.all, (time,))
