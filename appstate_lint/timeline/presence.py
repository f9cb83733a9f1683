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
the component is certainly present, so that a read under the condition of the write is safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from appstate_lint.model import Place

ABSENT, NONE, VALUE = 1, 2, 4
PRESENT = NONE | VALUE
ANYTHING = ABSENT | NONE | VALUE
MOST_CLAUSES = 8

Fact: TypeAlias = tuple[str, bool]
"""A stable condition and whether it holds."""
Facts: TypeAlias = frozenset[Fact]
Key: TypeAlias = tuple[str, str]
"""A component: the site of its application and its name."""


class Cell(NamedTuple):
    """What can be in a component, and the clauses under which it is certainly present."""

    bits: int
    clauses: frozenset[Facts] = frozenset()
    made: Place | None = None
    """Where the object was made that is there, if it is the same on all paths."""


MISSING = Cell(ABSENT)
Store: TypeAlias = dict[Key, Cell]


def names(bits: int) -> tuple[str, ...]:
    """Return the names of the set ``bits``, in the order ABSENT, NONE, VALUE."""
    pairs = ((ABSENT, "ABSENT"), (NONE, "NONE"), (VALUE, "VALUE"))
    return tuple(name for bit, name in pairs if bits & bit)


def join_cells(left: Cell, right: Cell, left_facts: Facts, right_facts: Facts) -> Cell:
    """Join a component's cells at a merge of two paths on which the given facts hold."""
    bits = left.bits | right.bits
    made = left.made if left.made == right.made else None
    if not bits & ABSENT:
        return Cell(bits, made=made)
    clauses = {clause for clause in left.clauses if not right.bits & ABSENT or clause in right.clauses}
    clauses |= {clause for clause in right.clauses if not left.bits & ABSENT or clause in left.clauses}
    for key, truth in left_facts - right_facts:
        if (key, not truth) in right_facts:
            clauses |= _under((key, truth), left)
            clauses |= _under((key, not truth), right)
    if len(clauses) > MOST_CLAUSES:
        clauses = set(sorted(clauses, key=lambda clause: (len(clause), sorted(clause)))[:MOST_CLAUSES])
    return Cell(bits, frozenset(clauses), made)


def _under(fact: Fact, cell: Cell) -> set[Facts]:
    """Return the clauses under which a component is present, if ``fact`` decides for the path of ``cell``."""
    if not cell.bits & ABSENT:
        return {frozenset((fact,))}
    return {clause | {fact} for clause in cell.clauses}


def join_stores(left: Store, right: Store, left_facts: Facts, right_facts: Facts) -> Store:
    """Join two stores at a merge of paths; a component that a store does not name is absent there."""
    if left is right:
        return left
    joined: Store = {}
    for key, cell in right.items():
        other = left.get(key, MISSING)
        if other is not cell and other != cell:
            joined[key] = join_cells(other, cell, left_facts, right_facts)
    if left.keys() - right.keys():
        for key, cell in left.items():
            if key not in right:
                joined[key] = join_cells(cell, MISSING, left_facts, right_facts)
    return {**left, **joined} if joined else left


def given(cell: Cell, facts: Facts) -> Cell:
    """Return ``cell`` as it is where ``facts`` hold."""
    if cell.bits & ABSENT and cell.clauses and any(clause <= facts for clause in cell.clauses):
        return Cell(cell.bits & ~ABSENT, made=cell.made)
    return cell


def changed(before: Mapping[Key, Cell], after: Mapping[Key, Cell], keys: Iterable[Key]) -> bool:
    """Tell whether one of the components ``keys`` differs between two stores."""
    return any(before.get(key, MISSING) != after.get(key, MISSING) for key in keys)
