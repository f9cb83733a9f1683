"""Paths: one way through the code, with the variables, presences and conditions that hold on it; two of them join."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from appstate_lint.timeline.presence import LOCAL, Cell, Fact, Facts, Key, Store, join_stores
from appstate_lint.timeline.values import AnyOf, Literal, Unknown, Value, join

Env: TypeAlias = dict[str, Value]


class Path:
    """One way through the code: variables, presences, and the conditions that hold. ``dead`` ends it.

    A store is never changed in place, so paths share one until :meth:`put`; variables are shared until :meth:`bind`.
    """

    __slots__ = ("dead", "env", "facts", "own", "store")

    def __init__(self, env: Env, store: Store, facts: Facts = frozenset()) -> None:
        self.env = env
        self.store = store
        self.facts = facts
        self.dead = False
        self.own = True

    def put(self, key: Key, cell: Cell) -> None:
        """Set what a component holds from here on."""
        self.store = {**self.store, key: cell}

    def put_all(self, cells: Iterable[tuple[Key, Cell]]) -> None:
        """Set what several components hold from here on."""
        new = [(key, cell) for key, cell in cells if self.store.get(key) != cell]
        if new:
            self.store = {**self.store, **dict(new)}

    def bind(self, name: str, value: Value) -> None:
        """Set a variable."""
        self.variables()[name] = value

    def variables(self) -> Env:
        """Return the variables, to be changed on this path only."""
        if not self.own:
            self.env, self.own = dict(self.env), True
        return self.env

    def fork(self) -> Path:
        """Return a copy that goes its own way."""
        copy = Path(self.env, self.store, self.facts)
        copy.dead = self.dead
        copy.own = self.own = False
        return copy

    def become(self, other: Path | None) -> None:
        """Continue as ``other``; ``None`` or a dead path ends this one."""
        if other is None or other.dead:
            self.dead = True
            return
        self.env, self.store, self.facts, self.dead = other.env, other.store, other.facts, False
        if other is not self:
            self.own, other.own = other.own, False


def merge(left: Path | None, right: Path | None) -> Path | None:
    """Join two paths; a dead one does not count, ``None`` where neither lives."""
    if left is None or left.dead:
        return right if right is not None and not right.dead else None
    if right is None or right.dead:
        return left
    if left.env is right.env:
        store = join_stores(left.store, right.store, left.facts, right.facts)
        joined = Path(left.env, store, left.facts & right.facts)
        left.own = right.own = joined.own = False
        return joined
    env = dict(left.env)
    flags: list[Fact] = []
    for name, value in right.env.items():
        known = env.get(name)
        if known is None:
            env[name] = value
        elif known is not value:
            env[name] = join(known, value)
            if isinstance(known, Literal) and env[name] == _EITHER.get(known.value is True):
                env[name] = Unknown(name, f"{LOCAL}{name}")
                flags.append((f"{LOCAL}{name}", known.value is True))
    left_facts, right_facts = left.facts, right.facts
    if flags:
        left_facts = left_facts.union(flags)
        right_facts = right_facts.union((name, not truth) for name, truth in flags)
    store = join_stores(left.store, right.store, left_facts, right_facts)
    return Path(env, store, left.facts & right.facts)


_EITHER = {first: AnyOf((Literal(first), Literal(not first))) for first in (True, False)}
