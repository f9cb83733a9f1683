"""What the interpreter writes down: accesses with their presence and the call path that led there."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import msgspec

from appstate_lint.model import Kind, Phase, Place
from appstate_lint.timeline.presence import Facts, Key


class CallStep(NamedTuple):
    """One call on the way to an access: where it is made, what is called, and in which phase."""

    file: str
    line: int
    function: str
    phase: Phase


EARLY = (Phase.BUILD, Phase.STARTUP)
"""The phases in which code makes the application ready to serve."""


class Made(NamedTuple):
    """The class of an object: of the project (file and index), builtin (its name), or not known."""

    file: str = ""
    index: int = -1  # type: ignore[assignment]  # nobody asks for the index of a member
    builtin: str = ""


Stack: TypeAlias = tuple[CallStep, ...]


class Occurrence(msgspec.Struct):
    """An access as it happens in one phase of one application; joined over all ways to get there.

    ``order`` counts events as the interpreter meets them. ``caught`` tells that a missing component is caught by an
    ``except AttributeError`` or ``KeyError``, ``swallowed`` that a broad ``except`` hides it; ``retried`` that a loop
    does and tries again; ``spawned`` that it runs beside what started it; ``partial`` that it also runs after a
    start-up that failed; ``possible`` that the code is only possibly reached; ``plain_none`` that the write says None
    itself; ``gone`` that what is read may have been deleted.
    """

    place: Place
    owner: str
    component: str
    kind: Kind
    phase: Phase
    bits: int
    order: int
    function: str
    stack: Stack
    conditional: bool = False
    caught: bool = False
    swallowed: bool = False
    retried: bool = False
    spawned: bool = False
    partial: bool = False
    possible: bool = False
    gone: bool = False
    facts: Facts = frozenset()
    none_written: bool = False
    value_written: bool = False
    made_class: str = ""
    """For a write: the qualified name of the project's class whose instance is stored."""
    plain_none: bool = False
    augments: bool = False
    """For a write: whether it changes what is there (``+=``), and so is no first one."""
    weak: bool = False
    """For a write: whether it may be that of another component, of whose name the code may think."""
    answers: bool = False
    """For a guard before serving: whether its function returns a value, the answer perhaps."""
    by_route: bool = False
    """Whether a route's own function does it, which nothing but a request runs."""
    for_route: bool = False
    """Whether a route's own function does it, or calls what does."""
    by_hook: bool = False
    """Whether it belongs to what the framework surely calls: the one lifespan, a context or a handler."""
    position: int = 0
    """For what start-up itself does: the bits of the positions among the named phases at which it can happen."""
    made_from: frozenset[str] = frozenset()
    """For a write before serving: the components that what is stored was made from."""
    around: dict[str, int] = {}
    """For a write: what the components can hold just before it that it was made from, or that its contract names."""
    made: frozenset[Made] = frozenset()
    """For a write: what the stored value is made of, all ways joined; None is left out."""
    replaces: Place | None = None
    """For a write: where the different object was written that it replaces on every path to here."""

    @property
    def initializes(self) -> bool:
        """Whether it writes, and not only adds to what is there."""
        return self.kind is Kind.WRITE and not self.augments


class Outside(NamedTuple):
    """A call that hands the application to code that is not seen."""

    place: Place
    name: str
    phase: Phase
    third_party: bool
    holder: bool


class NoneCall(msgspec.Struct):
    """A call that passes ``None``, or nothing, for a parameter that may stand for application state."""

    place: Place
    file: str
    function: int
    parameter: str
    explicit: bool
    stack: Stack
    phase: Phase
    reached_state: bool = False
    returned: bool = True
    fallback: bool = False


class Swallow(NamedTuple):
    """An ``except`` (or ``suppress``) of start-up code after which it goes on: components that are then missing."""

    place: Place
    function: str
    stack: Stack
    missing: frozenset[Key]


class Late(NamedTuple):
    """A call that the framework refuses or ignores, for the application has started; ``effect`` says which."""

    place: Place
    name: str
    effect: str
    phase: Phase
    function: str
    stack: Stack


class WithoutApplication(NamedTuple):
    """A request that code makes of a scope without an application, and where its application is asked for."""

    place: Place
    name: str
    function: str
    phase: Phase
    stack: Stack
    asked: Place


class NotRun(NamedTuple):
    """Start-up or shutdown code that the framework never runs, and why: ``lifespan``, ``mount``, or what it dropped."""

    place: Place
    reason: str
    file: str
    function: str
    role: str


class Dropped(NamedTuple):
    """A lifespan's ``yield`` that does not hand on what a lifespan inside of it yields."""

    place: Place
    names: frozenset[str]
    function: str
    stack: Stack


OccurrenceKey: TypeAlias = tuple[str, int, int, str, str, str, Phase, bool, bool]


class Records:
    """All that was written down while one application was interpreted."""

    def __init__(self) -> None:
        self.occurrences: dict[OccurrenceKey, Occurrence] = {}
        self.dynamic: set[tuple[str, int, bool, str]] = set()
        self.outside: dict[tuple[str, Place], Outside] = {}
        self.none_calls: dict[tuple[Place, int, str], NoneCall] = {}
        self.given: set[tuple[str, int, str]] = set()
        self.unresolved: dict[Place, tuple[str, str, str]] = {}
        self.reached: set[tuple[str, int]] = set()
        self.named: set[str] = set()
        """The names that the code in ``looked_at`` uses."""
        self.looked_at: set[tuple[str, int]] = set()
        self.cut: set[tuple[str, int]] = set()
        self.cut_early = False
        self.waits = False
        """Whether code that the start-up or a request runs waits for something: for spawned code, perhaps."""
        self.used: set[tuple[str, str]] = set()
        self.swallows: dict[Place, Swallow] = {}
        self.late: dict[Place, Late] = {}
        self.without_application: dict[Place, WithoutApplication] = {}
        self.not_run: dict[Place, NotRun] = {}
        self.dropped: dict[Place, Dropped] = {}
        self.entered: dict[int, Place] = {}
        """The positions among the named phases that start-up comes to, and where it does."""
        self.readers: dict[str, set[tuple[str, Place]]] = {}
        """The entry points that reach a read of a component, by its name: role and place of registration."""
        self.phased: set[tuple[str, int]] = set()
        """The functions run that the settings put into a phase."""
        self.marks: dict[tuple[int, tuple[str, ...]], Place] = {}
        """The calls of phase markers: number of the marker, what it says for the phase, and a place."""
        self.clock = 0

    def tick(self) -> int:
        """Return the next number of the order of events."""
        self.clock += 1
        return self.clock

    def add(self, seen: Occurrence) -> None:
        """Write an access down, joined with what was seen of it before; what is only possible is kept apart."""
        place = seen.place
        key = (
            place.file, place.line, place.column, seen.owner, seen.component, seen.kind.value, seen.phase, seen.spawned,
            seen.possible,
        )  # fmt: skip
        known = self.occurrences.get(key)
        if known is None:
            self.occurrences[key] = seen
            return
        if seen.bits & 1 and not known.bits & 1:
            known.stack, known.facts = seen.stack, seen.facts
        known.bits |= seen.bits
        known.position |= seen.position
        known.made_from |= seen.made_from
        names = known.around.keys() | seen.around.keys()
        known.around = {name: known.around.get(name, 0) | seen.around.get(name, 0) for name in sorted(names)}
        known.made |= seen.made
        known.partial = known.partial or seen.partial
        known.gone = known.gone or seen.gone
        known.answers = known.answers or seen.answers
        known.conditional = known.conditional and seen.conditional
        known.caught = known.caught and seen.caught
        known.swallowed = known.swallowed and seen.swallowed
        known.retried = known.retried and seen.retried
        known.by_route = known.by_route and seen.by_route
        known.for_route = known.for_route and seen.for_route
        known.by_hook = known.by_hook and seen.by_hook
        known.weak = known.weak and seen.weak
        known.plain_none = known.plain_none and seen.plain_none
        known.replaces = known.replaces if seen.replaces is not None else None
        known.none_written = known.none_written or seen.none_written
        known.value_written = known.value_written or seen.value_written
