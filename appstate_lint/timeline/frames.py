"""Frames: functions that run, where their loops go, what inner functions see, and from which states they raise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from appstate_lint.facts import flow
from appstate_lint.timeline.course import Course
from appstate_lint.timeline.paths import Env, Path
from appstate_lint.timeline.presence import Key, Store, join_stores
from appstate_lint.timeline.values import ClassValue, Value

MOST_STATES = 8


class Jumps:
    """Where ``break`` and ``continue`` of one loop go."""

    __slots__ = ("breaks", "continues")

    def __init__(self) -> None:
        self.breaks: Path | None = None
        self.continues: Path | None = None


YieldHook: TypeAlias = Callable[[Path, Value], Value]


class Frame:
    """One running function or module body."""

    __slots__ = (
        "bindings", "consulted", "file", "function", "hook", "index", "ingredients", "jumps", "mentioned", "name",
        "none_given", "outer", "owner", "read", "returns", "scope", "self_value", "touched", "try_depth",
    )  # fmt: skip

    def __init__(self, file: str, function: flow.Function | None, scope: int, outer: int) -> None:
        self.file = file
        self.function = function
        self.index = -1
        self.scope = scope
        self.outer = outer
        self.name = function.qualname if function is not None else "<module>"
        self.owner: ClassValue | None = None
        self.self_value: Value | None = None
        self.returns: list[tuple[Path, Value]] = []
        self.jumps: list[Jumps] = []
        self.hook: YieldHook | None = None
        self.touched: set[Key] = set()
        self.consulted: set[str] = set()
        self.try_depth = 0
        self.bindings: dict[str, int] = {}
        self.none_given: frozenset[str] = frozenset()
        self.ingredients: dict[str, frozenset[str]] = {}
        """The components that the values of variables were made from."""
        self.read: set[str] = set()
        """The components that the running statement has read so far, or all code of the frame."""
        self.mentioned: frozenset[str] = frozenset()
        """The components that the variables were made from which the running statement mentions."""


class Raised:
    """The states in which code of one frame may raise, apart for each combination of the values of ``flags``."""

    __slots__ = ("flags", "frame", "states")

    def __init__(self, frame: Frame | None = None, flags: tuple[str, ...] = ()) -> None:
        self.frame = frame
        self.flags = flags
        self.states: dict[tuple[Value | None, ...] | None, Course] = {}

    def add(self, frame: Frame, env: Env, store: Store) -> None:
        """Add a state; what happens while another frame runs has no flags."""
        same = frame is self.frame and len(self.states) < MOST_STATES
        key = tuple(env.get(name) for name in self.flags) if same or not self.flags else None
        known = self.states.get(key)
        if known is None:
            self.states[key] = Course(store)
        else:
            known.add(store)

    def joined(self) -> Store | None:
        """Return all states as one, ``None`` where there is none."""
        result: Store | None = None
        for course in self.states.values():
            store = course.joined()
            result = store if result is None else join_stores(result, store, frozenset(), frozenset())
        return result


class Scoped:
    """The variables of one call that inner functions may use."""

    __slots__ = ("file", "ingredients", "outer", "rebound", "variables")

    def __init__(self, file: str, outer: int) -> None:
        self.file = file
        self.outer = outer
        self.rebound: set[str] = set()
        self.variables: Env = {}
        self.ingredients: dict[str, frozenset[str]] = {}
        """The components that the values of the variables were made from."""
