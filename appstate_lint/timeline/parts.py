"""What the parts of the interpreter ask of each other: each part stands on the ones before it and may ask these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from typing import NamedTuple

import msgspec

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Expr
from appstate_lint.frameworks import Call as CallTable
from appstate_lint.model import Place
from appstate_lint.project.mentions import Mentions
from appstate_lint.timeline.components import Components
from appstate_lint.timeline.frames import YieldHook
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.presence import Cell, Facts, Key, Store
from appstate_lint.timeline.values import (
    FunctionValue,
    Invocation,
    Keywords,
    Object,
    Registrar,
    Value,
)

ENOUGH_RUNS = 3
EXIT = ("", -1)
"""The function, so to speak, in which a path ends that ends the program."""
DYNAMIC = "import:"
"""The beginning of the origin of what an import by a computed name brings."""


class Result(NamedTuple):
    """What a call did in one situation: presences before and after, of the components that it touched."""

    before: tuple[tuple[Key, Cell], ...]
    facts: Facts
    after: tuple[tuple[Key, Cell], ...] | None
    new_facts: Facts
    raised: tuple[tuple[Key, Cell], ...] | None
    value: Value
    consulted: frozenset[str]
    made: frozenset[str]
    """The sites of the objects that it surely made anew."""
    read: frozenset[str]
    """The names of the components that it read."""


class CallSite(NamedTuple):
    """Where a call is written, and which keywords and positions are literally ``None`` there."""

    place: Place
    keywords: frozenset[str]
    positions: frozenset[int]
    ingredients: Mapping[int | str, frozenset[str]] = {}
    """The components that its arguments were made from, by position or keyword."""
    call: flow.Call | None = None
    """The call itself."""


class Exit(msgspec.Struct):
    """Code that an exit stack runs when it is left, and the state in which start-up may first fail after that.

    Without ``args`` it is called as ``__exit__`` is, with the exception.
    """

    code: Value
    args: tuple[Value, ...] | None
    keywords: Keywords
    place: Place
    store: Store
    facts: Facts
    done: bool = False


class Parts(Components):
    """Questions that one part asks and a later one answers."""

    active: set[object]
    activity: int
    baseline: Store
    baseline_facts: Facts
    bottom: set[object]
    call_site: CallSite | None
    call_sites: dict[Invocation, CallSite]
    calls_made: int
    ended_in: tuple[str, int] | None
    """The function in which the path of the running statement ended, if it did in one."""
    exhausted: bool
    factories: Set[tuple[str, int]]
    """Functions that make an application: each place that calls one gets its own."""
    living: Object | None
    mentions: Mentions
    fresh_exits: list[Exit]
    generator_touches: bool
    given_to: dict[str, list[tuple[Value, Facts]]]
    import_store: Store
    inert: dict[tuple[str, int], int]
    inert_results: dict[tuple[str, int], tuple[Value, bool]]
    raising_always: set[tuple[str, int]]
    """Functions that never return, for they call one that always raises; the end of the program is one."""
    results: dict[object, list[Result]]
    situations: dict[tuple[str, int], int]
    summaries: dict[object, Result | None]
    """What recursive functions that are running do where they end at once, if they do."""

    def act(
        self, table: CallTable, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At, name: str
    ) -> Value:
        """Do what the tables say of a function."""
        raise NotImplementedError

    def add_to_list(self, owner: Object, role: str, name: str, args: tuple[Value, ...], path: Path, at: At) -> None:
        """Register what is appended to a list of a framework object."""
        raise NotImplementedError

    def argument(self, names: tuple[str, ...], name: str, args: tuple[Value, ...], keywords: Keywords) -> Value | None:
        """Return the argument for a parameter of an unseen function, ``None`` where it is not given."""
        raise NotImplementedError

    def assign(self, target: Expr, value: Value, path: Path) -> None:
        """Bind ``value`` to a target."""
        raise NotImplementedError

    def awaited(self, expr: flow.Await, path: Path) -> Value:
        """Evaluate ``await``."""
        raise NotImplementedError

    def block(self, block: flow.Block, path: Path) -> None:
        """Run statements."""
        raise NotImplementedError

    def call(self, expr: flow.Call, path: Path) -> Value:
        """Do that part."""
        raise NotImplementedError

    def created(self, application: Object, path: Path, at: At) -> None:
        """Note that an application was made."""
        raise NotImplementedError

    def decorate(self, registrar: Registrar, args: tuple[Value, ...], path: Path, at: At) -> Value:
        """Register what a decorator decorates."""
        raise NotImplementedError

    def delegated(self, expr: flow.YieldFrom, path: Path) -> Value:
        """Evaluate ``yield from``."""
        raise NotImplementedError

    def enter(self, code: Value, path: Path, at: At, stack: str = "") -> Value:
        """Enter a context manager whose exit comes later."""
        raise NotImplementedError

    def evaluate(self, expr: Expr, path: Path) -> Value:
        """Return the value of an expression on ``path``."""
        raise NotImplementedError

    def finish(self, value: Value, path: Path, at: At) -> Value:
        """Run a coroutine to its end; anything else is itself."""
        raise NotImplementedError

    def flattened(self, values: list[Value]) -> list[Value]:
        """Return values, and those inside tuples, lists and dicts, one level deep."""
        raise NotImplementedError

    def import_by_name(self, args: tuple[Value, ...], path: Path, at: At) -> Value:
        """Import a module whose name is a value."""
        raise NotImplementedError

    def invoke(self, function: Value, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """Call a value; of several possible ones each, joined."""
        raise NotImplementedError

    def invoke_one(self, function: Value, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """Do that part."""
        raise NotImplementedError

    def join_tasks(self, args: tuple[Value, ...], path: Path, at: At) -> Value:
        """Run coroutines that are awaited together."""
        raise NotImplementedError

    def later(
        self, code: Value, args: tuple[Value, ...] | None, keywords: Keywords, path: Path, at: At, stack: str = ""
    ) -> None:
        """Note code that runs when an exit stack is left."""
        raise NotImplementedError

    def launched(self, code: Value, keywords: Keywords, path: Path, at: At, now: bool = True) -> None:
        """Note that an application is given to a server, which starts ``now`` or later."""
        raise NotImplementedError

    def handed(self, later: Invocation) -> Invocation:
        """Return code that the running call hands on with its arguments; it is called for as if the call did."""
        raise NotImplementedError

    def mounted(self, owner: Object, seen: frozenset[str] = frozenset()) -> Iterator[Object]:
        """Yield the applications that are mounted below ``owner``."""
        raise NotImplementedError

    def named_methods(self, name: str) -> tuple[tuple[str, int], ...]:
        """Return the methods of the project that have this name."""
        raise NotImplementedError

    def none_parameters(
        self, function: FunctionValue, facts: flow.Function, env: dict[str, Value], site: CallSite | None,
        args: tuple[Value, ...], keywords: Keywords,
    ) -> list[tuple[str, bool]]:  # fmt: skip
        """Return the parameters that get ``None`` from this call, and whether it says so; note those given state."""
        raise NotImplementedError

    def note_nones(
        self, found: list[tuple[str, bool]], function: FunctionValue, site: CallSite | None, path: Path,
        touched: bool, value: Value,
    ) -> None:  # fmt: skip
        """Write down what a call that passed ``None`` for state did."""
        raise NotImplementedError

    def own_names(self, function: FunctionValue) -> frozenset[str]:
        """Return the names that a function's body mentions."""
        raise NotImplementedError

    def register_arguments(
        self, owner: Object, names: tuple[str, ...], roles: dict[str, str], args: tuple[Value, ...],
        keywords: Keywords, path: Path, at: At,
    ) -> None:  # fmt: skip
        """Register code that is passed to a constructor."""
        raise NotImplementedError

    def registration(
        self, table: CallTable, name: str, owner: Object, args: tuple[Value, ...], keywords: Keywords, path: Path,
        at: At,
    ) -> Value:  # fmt: skip
        """Do what the method ``name`` of a framework registers."""
        raise NotImplementedError

    def registered(self, owner: Object, role: str) -> tuple[Value, ...]:
        """Return the code that is registered on an object in a role."""
        raise NotImplementedError

    def replace_code(self, owner: Object, role: str, value: Value, at: At, path: Path) -> None:
        """Register code in place of what was registered in its role."""
        raise NotImplementedError

    def run(
        self,
        function: FunctionValue,
        args: tuple[Value, ...],
        keywords: Keywords,
        path: Path,
        at: At,
        hook: YieldHook | None = None,
        entry: bool = False,
    ) -> Value:
        """Run a function's body on ``path`` and return what it returns; the path ends if it never does."""
        raise NotImplementedError

    def serve(self, target: Value, path: Path, at: At, args: tuple[Value, ...] = ()) -> Value:
        """Call ``target`` as the framework would: its parameters are requests and dependencies."""
        raise NotImplementedError

    def set(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``setattr``."""
        raise NotImplementedError

    def set_attribute(self, owner: Value, name: str, value: Value, at: At, path: Path) -> None:
        """Set an attribute of a value."""
        raise NotImplementedError

    def spawn(self, code: Value, path: Path, at: At, certain: bool) -> None:
        """Note code that runs from here on."""
        raise NotImplementedError

    def start_now(self, application: Object, path: Path) -> None:
        """Run an application's start-up here."""
        raise NotImplementedError

    def wait_for(self, task: Invocation, path: Path) -> bool:
        """Note that the creator of a task waits for its end; tell whether it runs until here, not only before."""
        raise NotImplementedError

    def yielded(self, expr: flow.Yield, path: Path) -> Value:
        """Evaluate ``yield``."""
        raise NotImplementedError

    def builtin(self, name: str) -> _Builtin | None:
        """Return the builtin of that name."""
        raise NotImplementedError


_Builtin = Callable[["tuple[Value, ...]", Keywords, Path, At], Value]
