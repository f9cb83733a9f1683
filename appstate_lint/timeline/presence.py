"""Presence: what can be in a component at a point of the timeline.

A set out of three, as bits; the join at a merge of paths is the union::

            ABSENT|NONE|VALUE            7
           /       |        \\
    ABSENT|NONE ABSENT|VALUE NONE|VALUE  3 5 6
          |  \\   /    \\   /   |
        ABSENT    NONE     VALUE         1 2 4
           \\       |       /
            (unreachable)                0

A component starts as ``ABSENT``. A cell keeps, besides the bits, the *clauses*: sets of conditions under each of which
the component is certainly present, so that a read under the condition of the write is safe. Conditions are those that
code tests (settings, constants), and what other components hold: of two that the same branch writes, a guard for one
proves the other.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Set
from typing import NamedTuple, TypeAlias

from appstate_lint.model import Place

ABSENT, NONE, VALUE = 1, 2, 4
PRESENT = NONE | VALUE
ANYTHING = ABSENT | NONE | VALUE
MOST_CLAUSES = 8
MOST_COMPANIONS = 8

Fact: TypeAlias = tuple[str, bool]
"""A stable condition, or what a component holds (``about``), and whether that is so."""
Facts: TypeAlias = frozenset[Fact]
Key: TypeAlias = tuple[str, str]
"""A component: the site of its application and its name."""


class Cell(NamedTuple):
    """What can be in a component, and the clauses under which it is certainly present."""

    bits: int
    clauses: frozenset[Facts] = frozenset()
    made: Place | None = None
    """Where the object was made that is there, if one is, be it only on some paths."""
    truth: bool | None = None
    """Whether the value is a true or a false constant, if it is the same on all paths."""
    gone: bool = False
    """Whether it may be absent because it was deleted."""
    implies: Facts = frozenset()
    """What holds for good wherever the component is present, if it may be absent, or may have been."""


MISSING = Cell(ABSENT)
Store: TypeAlias = dict[Key, Cell]

BORN = ""
"""The name under which a store notes that an application was made on the way to it."""
REGISTERED = "+"
"""The beginning of the name under which a store notes that a function has registered code on an application."""
LAUNCHED = "^"
"""The name under which a store notes that a server of an application has been started on the way to it."""
LOCAL = "~"
"""The beginning of the name of a condition on a variable of a function: it ends with the function."""
_CONSTANT = tuple("\"'-0123456789")
"""How what stands for a constant begins in the name of a condition."""
HAS, SOME, TRUE = "has", "some", "true"
"""What may be known of a component: it is present, it is not ``None`` either, it is true."""


def about(key: Key, level: str) -> str:
    """Return the condition that a component holds so much."""
    return "\t".join((level, *key))


def excludes(condition: str, other: str) -> bool:
    """Tell whether of two conditions at most one holds: one value is compared with different constants."""
    value, _, constant = condition.partition(" == ")
    against, _, another = other.partition(" == ")
    constants = all(each.startswith(_CONSTANT) and " and " not in each for each in (constant, another))
    return value == against and constants and constant != another


@functools.lru_cache(maxsize=4096)
def _ruled_out(facts: Facts, others: Facts) -> Facts:
    """Return the conditions of ``others`` that cannot hold where ``facts`` do, as facts."""
    equal = [name for name, holds in facts if holds and " == " in name]
    rivals = [name for name, holds in others if holds and " == " in name] if equal else ()
    return frozenset((name, False) for name in rivals if any(excludes(each, name) for each in equal))


def is_mark(key: Key) -> bool:
    """Tell whether a key of a store is no component, but notes what happened on the way."""
    return key[1] in (BORN, LAUNCHED) or key[1].startswith(REGISTERED)


def proved(marks: Iterable[Key], store: Store) -> Facts:
    """Return what code knows that runs because the functions of ``marks`` have registered it.

    Each is a condition on a store; one proves others where it holds only after them.
    """
    facts = frozenset((about(key, HAS), True) for key in marks)
    registered = [(key, cell) for key, cell in store.items() if key[1].startswith(REGISTERED)] if facts else []
    while True:
        more = {
            (about(key, HAS), True)
            for key, cell in registered
            if not cell.bits & ABSENT or any(clause <= facts for clause in cell.clauses)
        }
        if more <= facts:
            return facts
        facts |= more


def is_about(condition: str, key: Key | None = None) -> bool:
    """Tell whether a condition says what a component (this one) holds."""
    at = condition.find("\t")
    return at >= 0 and (key is None or condition[at + 1 :] == f"{key[0]}\t{key[1]}")


@functools.lru_cache(maxsize=4096)
def lasting(facts: Facts) -> Facts:
    """Return the conditions that hold for good: not those on a variable or on what a component holds at a time."""
    return frozenset(fact for fact in facts if LOCAL not in fact[0] and not is_about(fact[0]))


def replaced(facts: Facts, new: Facts) -> Facts:
    """Return conditions with new ones, each in place of its opposite."""
    return facts - {(name, not truth) for name, truth in new} | new


def lacks(cell: Cell, fact: Fact) -> bool:
    """Tell whether ``fact``, about a component, is certainly not so where the component is ``cell``."""
    level, truth = fact[0].partition("\t")[0], fact[1]
    if not truth:
        return level == TRUE and cell.bits == VALUE and cell.truth is True
    if level == HAS:
        return not cell.bits & PRESENT
    return not cell.bits & VALUE or (level == TRUE and cell.truth is False)


def names(bits: int) -> tuple[str, ...]:
    """Return the names of the set ``bits``, in the order ABSENT, NONE, VALUE."""
    pairs = ((ABSENT, "ABSENT"), (NONE, "NONE"), (VALUE, "VALUE"))
    return tuple(name for bit, name in pairs if bits & bit)


class Side(NamedTuple):
    """One of two paths that merge: its presences, the conditions that hold on it, and what shows that it is not it.

    ``lasting`` are those of its conditions that hold for good, ``unless`` the clauses that what holds for good on the
    other path only does not.
    """

    store: Store
    facts: Facts
    signs: tuple[Fact, ...]
    lasting: Facts
    unless: frozenset[Facts]

    def excludes(self, clause: Facts) -> bool:
        """Tell whether a clause cannot hold on this path."""
        return any(
            lacks(self.store.get(component_of(name), MISSING), (name, truth))
            if is_about(name)
            else (name, not truth) in self.facts
            for name, truth in clause
        )


def component_of(condition: str) -> Key:
    """Return the component that a condition is about."""
    _, site, name = condition.split("\t")
    return site, name


def join_values(left: Cell, right: Cell) -> Cell:
    """Return what can be in a component where it is one of two cells, without clauses."""
    bits = left.bits | right.bits
    made = left.made if left.made == right.made or not right.bits & VALUE else None
    made = right.made if not left.bits & VALUE else made
    truth = left.truth if left.truth == right.truth or not right.bits & VALUE else None
    truth = right.truth if not left.bits & VALUE else truth
    gone = bool(bits & ABSENT) and (left.gone or right.gone)
    return Cell(bits, frozenset(), made, truth, gone, left.implies & right.implies)


def join_cells(left: Cell, right: Cell, left_side: Side, right_side: Side) -> Cell:
    """Join a component's cells at a merge of two paths."""
    if left[:-1] == right[:-1]:
        return left._replace(implies=_implied(left, right, left_side, right_side))
    joined = join_values(left, right)
    if not joined.bits & ABSENT:
        return joined
    clauses = {each for each in left.clauses if _stays(each, right, right_side)}
    clauses |= {each for each in right.clauses if _stays(each, left, left_side)}
    for key, holds in left_side.facts - right_side.facts:
        if (key, not holds) in right_side.facts:
            clauses |= _under((key, holds), left)
            clauses |= _under((key, not holds), right)
    clauses = {*fewest(clauses, MOST_CLAUSES)}
    for cell, side, other in ((left, left_side, right_side), (right, right_side, left_side)):
        if not cell.bits & ABSENT:
            clauses |= fewest(side.unless - clauses, MOST_CLAUSES - len(clauses))
            clauses |= {frozenset((sign,)) for sign in other.signs}
    return joined._replace(clauses=frozenset(clauses), implies=_implied(left, right, left_side, right_side))


def _implied(left: Cell, right: Cell, left_side: Side, right_side: Side) -> Facts:
    """Return what holds for good wherever a component is present that is one of two cells."""
    if not left.bits & PRESENT:
        return right.implies | right_side.lasting
    if not right.bits & PRESENT:
        return left.implies | left_side.lasting
    return (left.implies | left_side.lasting) & (right.implies | right_side.lasting)


def fewest(clauses: Set[Facts], most: int) -> frozenset[Facts]:
    """Return so many of the clauses at most, those of the fewest conditions."""
    if len(clauses) > most:
        return frozenset(sorted(clauses, key=lambda clause: (len(clause), sorted(clause)))[:most])
    return frozenset(clauses)


def _stays(clause: Facts, other: Cell, side: Side) -> bool:
    """Tell whether a clause of one path is true on the other one too."""
    return not other.bits & ABSENT or clause in other.clauses or side.excludes(clause)


def _under(fact: Fact, cell: Cell) -> set[Facts]:
    """Return the clauses under which a component is present, if ``fact`` decides for the path of ``cell``."""
    if not cell.bits & ABSENT:
        return {frozenset((fact,))}
    return {clause | {fact} for clause in cell.clauses}


def join_stores(left: Store, right: Store, left_facts: Facts, right_facts: Facts) -> Store:
    """Join two stores at a merge of paths; a component that a store does not name is absent there."""
    if left is right:
        return left
    different = differing(left, right)
    if not different:
        return left
    left_side, right_side = _sides(left, right, left_facts, right_facts)
    if len(different) > 1:
        different.sort(key=lambda key: not is_mark(key))
        pairs = [(key, left.get(key, MISSING), right.get(key, MISSING)) for key in different]
        left_side = left_side._replace(signs=_signs(pairs))
        right_side = right_side._replace(signs=_signs([(key, there, here) for key, here, there in pairs]))
    joined = {
        key: right[key] if _unborn(key, left, right) else left[key] if _unborn(key, right, left)
        else join_cells(left.get(key, MISSING), right.get(key, MISSING), left_side, right_side)
        for key in different
    }  # fmt: skip
    return {**left, **joined}


def _sides(left: Store, right: Store, left_facts: Facts, right_facts: Facts) -> tuple[Side, Side]:
    """Return the two sides of a merge, without what shows which is which."""
    here, there = left_facts | _ruled_out(left_facts, right_facts), right_facts | _ruled_out(right_facts, left_facts)
    return (
        Side(left, here, (), lasting(here), _opposites(lasting(there) - here)),
        Side(right, there, (), lasting(there), _opposites(lasting(here) - there)),
    )


@functools.lru_cache(maxsize=4096)
def _opposites(facts: Facts) -> frozenset[Facts]:
    """Return the clauses that one of some conditions does not hold."""
    return frozenset(frozenset(((name, not truth),)) for name, truth in facts)


def differing(left: Store, right: Store) -> list[Key]:
    """Return the components that two stores do not agree on."""
    if left is right:
        return []
    found = [key for key, cell in right.items() if (known := left.get(key, MISSING)) is not cell and known != cell]
    if not left.keys() <= right.keys():
        found += [key for key in left if key not in right and left[key] != MISSING]
    return found


def _unborn(key: Key, store: Store, other: Store) -> bool:
    """Tell whether the application of a component was made on the way to the other store only."""
    born = (key[0], BORN)
    return key not in store and born in other and born not in store


def _signs(pairs: list[tuple[Key, Cell, Cell]]) -> tuple[Fact, ...]:
    """Return what shows that a path is not the one with the first of each two cells, if that proves a component."""
    if not any(here.bits & ABSENT and not there.bits & ABSENT for _, here, there in pairs):
        return ()
    found: list[Fact] = []
    for key, here, there in pairs:
        sign = _sign(here, there)
        if sign is not None:
            found.append((about(key, sign[0]), sign[1]))
        if len(found) == MOST_COMPANIONS:
            break
    return tuple(found)


def _sign(here: Cell, there: Cell) -> Fact | None:
    """Return the least that a component cannot hold ``here`` and can hold ``there``: level and truth."""
    if not here.bits & PRESENT:
        return (HAS, True) if there.bits & PRESENT else None
    if not here.bits & VALUE:
        return (SOME, True) if there.bits & VALUE else None
    if here.truth is None or here.truth == there.truth:
        return None
    signs = ((TRUE, True), (TRUE, False))
    return next((each for each in signs if lacks(here, each) and not lacks(there, each)), None)


def given(cell: Cell, facts: Facts) -> Cell:
    """Return ``cell`` as it is where ``facts`` hold."""
    if cell.bits & ABSENT and cell.clauses and any(clause <= facts for clause in cell.clauses):
        return Cell(cell.bits & ~ABSENT, made=cell.made, truth=cell.truth, implies=cell.implies)
    return cell


def with_clause(store: Store, facts: Facts, there: Store) -> Store:
    """Return a store, joined from ``there`` and another one, that knows what is present if all of ``facts`` hold."""
    new = {
        key: cell._replace(clauses=cell.clauses | {facts})
        for key, cell in store.items()
        if cell.bits & ABSENT and not there.get(key, MISSING).bits & ABSENT and facts not in cell.clauses
    }
    return {**store, **new} if new else store


def without(store: Store, assumed: Store, known: Store) -> Store:
    """Return a store without what it has from ``assumed`` only, where ``known`` is all that is known."""
    taken = {
        key: known[key] for key, cell in store.items() if assumed.get(key) is cell and known.get(key, cell) is not cell
    }
    return {**store, **taken} if taken else store


def kept(store: Store, before: Store) -> Store:
    """Return what serving, which began with ``before``, made of it: only a deletion takes away what was there."""
    new: Store = {}
    for key, cell in store.items():
        known = before.get(key)
        if known is None or cell is known or cell.gone or not cell.bits & ABSENT:
            continue
        if not known.bits & ABSENT:
            new[key] = cell._replace(bits=cell.bits & ~ABSENT, clauses=frozenset())
        else:
            for_good = {clause for clause in known.clauses if _never_changes(clause)}
            if not for_good <= cell.clauses:
                new[key] = cell._replace(clauses=cell.clauses | for_good)
    return {**store, **new} if new else store


def _never_changes(clause: Facts) -> bool:
    """Tell whether serving code cannot change whether a clause holds: it is not about a component."""
    return all(not is_about(name) or is_mark(component_of(name)) for name, _ in clause)


def rewritten(store: Store, key: Key) -> Store:
    """Return a store without the clauses that say what the component ``key``, just written, held before."""
    cell = store[key]
    fewer: Store = {}
    for other, known in store.items():
        if not known.clauses or key not in _mentioned(known.clauses):
            continue
        kept = known.clauses.difference(
            clause
            for clause in known.clauses
            if any(is_about(name, key) and not lacks(cell, (name, truth)) for name, truth in clause)
        )
        if len(kept) != len(known.clauses):
            fewer[other] = known._replace(clauses=kept)
    return {**store, **fewer} if fewer else store


@functools.lru_cache(maxsize=4096)
def _mentioned(clauses: frozenset[Facts]) -> frozenset[Key]:
    """Return the components that clauses are about; every write asks it of the clauses of all others."""
    return frozenset(component_of(name) for clause in clauses for name, _ in clause if is_about(name))


def changed(before: Mapping[Key, Cell], after: Mapping[Key, Cell], keys: Iterable[Key]) -> bool:
    """Tell whether one of the components ``keys`` differs between two stores."""
    return any(before.get(key, MISSING) != after.get(key, MISSING) for key in keys)
