"""The stores that code goes through are joined at once; that finds what joining them one by one does."""

from __future__ import annotations

import random
from functools import reduce

import pytest

from appstate_lint.timeline import course
from appstate_lint.timeline.course import Course
from appstate_lint.timeline.presence import (
    ABSENT,
    BORN,
    HAS,
    MISSING,
    NONE,
    REGISTERED,
    VALUE,
    Cell,
    Facts,
    Key,
    Store,
    about,
    component_of,
    is_about,
    join_stores,
    lacks,
)

KEYS: list[Key] = [("app", name) for name in ("bus", "db", "pool", "ready", f"{REGISTERED}fill")]
LATE: list[Key] = [("sub", "bus"), ("sub", "db")]
"""Components of an application that is made on the way."""
SET, DEBUG = ("SET", True), frozenset({("DEBUG", False)})


def cell(dice: random.Random) -> Cell:
    bits = dice.choice((ABSENT, VALUE, VALUE, NONE, ABSENT | VALUE, NONE | VALUE))
    clauses: frozenset[Facts] = frozenset()
    if bits & ABSENT:
        proof = frozenset({(about(dice.choice(KEYS), HAS), True)})
        clauses = frozenset(dice.sample([DEBUG, frozenset({SET}), proof], dice.randrange(3)))
    truth = dice.choice((True, False, None)) if bits == VALUE else None
    return Cell(bits, clauses, None, truth, bits == ABSENT and dice.random() < 0.2)


def walk(dice: random.Random, length: int) -> list[Store]:
    """Return stores as code makes them: each differs in little from one before it; an application is made halfway."""
    stores: list[Store] = [{key: cell(dice) for key in KEYS if dice.random() < 0.3}]
    for number in range(1, length):
        keys = KEYS
        new = dict(dice.choice(stores) if dice.random() < 0.2 else stores[-1])
        if number >= length // 2:
            new[("sub", BORN)] = Cell(VALUE)
            keys = KEYS + LATE
        for key in dice.sample(keys, dice.randrange(3)):
            new[key] = cell(dice)
        stores.append(new)
    return stores


def joined(stores: list[Store]) -> Store:
    course = Course(stores[0])
    for store in stores[1:]:
        course.add(store)
    return course.joined()


def one_by_one(stores: list[Store]) -> Store:
    return reduce(lambda left, right: join_stores(left, right, frozenset(), frozenset()), stores)


def is_there(key: Key, store: Store) -> bool:
    """Tell whether the application of a component is made."""
    return key[0] == "app" or (key[0], BORN) in store


def is_true(clause: Facts, key: Key, store: Store) -> bool:
    """Tell whether a component is present in a store if a clause holds, as far as the store says."""
    here = store.get(key, MISSING)
    about_what = [(component_of(name), (name, truth)) for name, truth in clause if is_about(name)]
    impossible = any(not is_there(it, store) or lacks(store.get(it, MISSING), fact) for it, fact in about_what)
    return not is_there(key, store) or not here.bits & ABSENT or clause in here.clauses or impossible


def checked(stores: list[Store]) -> None:
    found, expected = joined(stores), one_by_one(stores)
    for key in found.keys() | expected.keys():
        here, there = found.get(key, MISSING), expected.get(key, MISSING)
        assert here._replace(clauses=frozenset()) == there._replace(clauses=frozenset()), key
        for clause in here.clauses:
            assert all(is_true(clause, key, store) for store in stores), (key, clause)


@pytest.mark.parametrize("seed", range(300))
def test_all_at_once_is_as_one_by_one(seed: int) -> None:
    dice = random.Random(seed)
    stores = walk(dice, dice.randrange(2, 9))
    checked(stores)
    found, expected = joined(stores), one_by_one(stores)
    for key, cell in expected.items():
        assert cell.clauses <= found[key].clauses or len(found[key].clauses) >= 8, key


@pytest.mark.parametrize("seed", range(100))
def test_many_stores_are_joined_in_parts(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "MOST_TIMES", 3)
    checked(walk(random.Random(seed), 20))


def test_what_is_written_later_proves_what_was_before() -> None:
    keys: list[Key] = [("app", f"c{number}") for number in range(200)]
    stores: list[Store] = [{}]
    for key in keys:
        stores.append({**stores[-1], key: Cell(VALUE)})
    found = joined(stores)
    last = frozenset({(about(keys[-1], HAS), True)})
    assert all(found[key].bits == ABSENT | VALUE and last in found[key].clauses for key in keys)
    first = frozenset({(about(keys[0], HAS), True)})
    assert all(first not in found[key].clauses for key in keys[1:])


def test_what_a_branch_writes_proves_the_rest_of_it() -> None:
    """A component that only one branch has, whose stores are not the last ones."""
    a, b = ("app", "a"), ("app", "b")
    other: Store = {("app", "c"): Cell(VALUE)}
    found = joined([{}, {a: Cell(VALUE)}, {a: Cell(VALUE), b: Cell(VALUE)}, other])
    assert frozenset({(about(b, HAS), True)}) in found[a].clauses
    assert frozenset({(about(a, HAS), True)}) not in found[b].clauses
