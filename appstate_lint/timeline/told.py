"""What is told of applications, for checks to ask about: lives, components, and what stands beside them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from appstate_lint.model import Kind, Phase, Place
from appstate_lint.timeline.presence import ABSENT
from appstate_lint.timeline.records import (
    Dropped,
    Late,
    NoneCall,
    NotRun,
    Occurrence,
    Outside,
    Swallow,
    WithoutApplication,
)

if TYPE_CHECKING:
    from appstate_lint.project.clients import Request

CUT_SHORT = "the analysis was cut short by its budget"


class Unseen(NamedTuple):
    """A file that could not be parsed: its name, the identifiers in its bytes, and whether it may write anything."""

    file: str
    words: frozenset[str]
    anything: bool


class Life(NamedTuple):
    """One application, interpreted: where it is made, and all that was written down about its state."""

    name: str
    place: Place
    framework: str
    by_item: bool
    """Whether components are items of the application itself, as what belongs to a request is an item of that."""
    entry_points: int
    occurrences: tuple[Occurrence, ...]
    outside: tuple[Outside, ...]
    open: tuple[tuple[str, int, str], ...]
    dynamic_reads: bool
    exhausted: bool
    waits: bool
    """Whether code that the start-up or a request runs waits for something: for spawned code, perhaps."""
    used: frozenset[tuple[str, str]]
    """Components (owner, name) whose value some reader dereferences or branches on."""
    swallows: tuple[Swallow, ...]
    """Where start-up goes on after a failure of its own, by place."""
    late: tuple[Late, ...]
    without_application: tuple[WithoutApplication, ...]
    not_run: tuple[NotRun, ...]
    dropped: tuple[Dropped, ...]
    yielded: tuple[Occurrence, ...]
    """Accesses to the state that the lifespan yields to requests, or that requests set for themselves."""
    yielded_doubts: frozenset[str] | None
    """Names that code which is not run may set on the state of requests, ``None`` if any may be set."""
    set_at_start: frozenset[tuple[str, str]]
    """Components (owner, name) that may be there when serving begins."""
    written_somewhere: frozenset[str]
    """Names that reached code writes on some holder, be it on a path that was taken as impossible."""
    cut_off: frozenset[str]
    """Those of them that code writes, as it seems, in a place that was not seen to run for this application."""
    mounted: tuple[tuple[str, str], ...]
    """The applications that are mounted in this one: owner of components and name."""
    open_parts: dict[str, tuple[str, int, str]]
    """Parts of the application that unseen code may fill: owner of components, and where and why."""
    written_beside: frozenset[str]
    """Names that code writes on applications which the launcher makes too, but of which no life is told here."""
    entered: Mapping[int, Place]
    """The positions among the named phases that start-up comes to, and where."""
    readers: Mapping[str, frozenset[tuple[str, Place]]]
    """The entry points that reach a read of a component, by its name: role and place of registration."""
    phased: frozenset[tuple[str, int]]
    """The functions run that the settings put into a phase: file and index."""
    marks: Mapping[tuple[int, tuple[str, ...]], Place]
    """The calls of phase markers: number of the marker in the settings, and what it says for the phase."""
    optional_parts: frozenset[str]
    """Parts of the application, by owner of components, of which code asks what need not be there."""
    entries: tuple[EntryPoint, ...]

    def is_called(self, name: str) -> bool:
        """Tell whether a setting means this application: by its name or the end of it, dots for the colon allowed."""
        return f".{self.name}".replace(":", ".").endswith(f".{name}".replace(":", "."))


class EntryPoint(NamedTuple):
    """A function that the framework calls, or that runs beside start-up, and as what."""

    file: str
    function: int
    role: str
    websocket: bool = False


class NoneSource(NamedTuple):
    """A call that passes ``None`` where the callee wants application state, and how we know that it wants it."""

    call: NoneCall
    function: str
    application: str
    file: str


class MissingSource(NamedTuple):
    """An application imported under a name that its module does not define."""

    place: Place
    module: str
    name: str
    application: str


class Failing(NamedTuple):
    """A request of a test to an application that was not started: the read that fails, and who would have written."""

    request: Request
    application: str
    read: Occurrence
    write: Occurrence


class Component:
    """One component of one application: its accesses, and what can be asked about them."""

    def __init__(self, life: Life, name: str, occurrences: list[Occurrence]) -> None:
        self.life = life
        self.name = name
        self.occurrences = occurrences

    @cached_property
    def application(self) -> str:
        """The name of the application that has this component: that of the life, or of one mounted in it."""
        return dict(self.life.mounted).get(self.occurrences[0].owner, self.life.name)

    @cached_property
    def writes(self) -> list[Occurrence]:
        """The writes, in the order in which they can happen; those of shutdown code last.

        ``+=`` is none. Nor is ``None`` that shutdown code alone stores: it clears what nothing has set.
        """
        found = [each for each in self.occurrences if each.initializes]
        if all(each.plain_none and each.phase is Phase.SHUTDOWN for each in found):
            return []
        return sorted(found, key=lambda each: (each.phase.rank, each.order))

    @cached_property
    def certain_writes(self) -> list[Occurrence]:
        """The writes in code that is surely reached."""
        return [each for each in self.writes if not each.possible]

    @cached_property
    def reads(self) -> list[Occurrence]:
        """Reads and guards, in order."""
        found = [each for each in self.occurrences if each.kind in (Kind.READ, Kind.GUARD)]
        return sorted(found, key=lambda each: (each.phase.rank, each.order))

    @cached_property
    def plain_reads(self) -> list[Occurrence]:
        """Reads that fail where the component is missing."""
        return [each for each in self.reads if each.kind is Kind.READ and not each.caught and each.bits & ABSENT]

    @cached_property
    def guarded_reads(self) -> list[Occurrence]:
        """Guards, reads with a default, and reads whose failure is caught."""
        return [each for each in self.reads if each.bits & ABSENT and (each.kind is Kind.GUARD or each.caught)]

    def runs_itself(self, read: Occurrence) -> bool:
        """Tell whether a read happens inside a method of the component's own object: then it is there."""
        classes = tuple(f"{each.made_class}." for each in self.writes if each.made_class)
        return bool(classes) and any(call.function.startswith(classes) for call in read.stack)

    def first_write_after(self, read: Occurrence) -> Occurrence | None:
        """Return the first write that comes later than ``read``."""
        for write in self.certain_writes:
            if (write.phase.rank, write.order) > (read.phase.rank, read.order) and write.value_written:
                return write
        return None
