"""Named phases: which code of a project opens and closes its own phases inside start-up (DESIGN 5.4).

What holds at a point is a *position* in the declared order. Of n phases, position 2k lies inside the k-th one (from 1),
the odd ones lie between: 1 before all, 2k + 1 behind the k-th. So a component that is declared for the k-th phase is
late wherever the position is greater than 2k, whatever the phases are called.

On a path, the position is a cell of the store like those of components: it joins where paths join, and takes part in
what is remembered of calls. Its bits are the positions that are possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from appstate_lint.config import Edge, PhaseMarker, Settings
from appstate_lint.facts import flow
from appstate_lint.facts.enums import auto_value, is_enumeration
from appstate_lint.project import Project
from appstate_lint.project.dotted import ANY, functions_named, with_nested
from appstate_lint.timeline.presence import ABSENT, MISSING, Cell, Key, Store

PHASE: Key = ("", "\0phase")
"""The cell of a store that holds the positions."""
_FIRST = 3
"""The bits of a cell below this one say what a component holds."""


class Marker(NamedTuple):
    """A marker as the interpreter meets it: its number in the settings, and where it finds the phase."""

    number: int
    argument: int | str
    edge: Edge
    names: Mapping[str, str]

    def parameter(self, names: tuple[str, ...]) -> tuple[str, int | None]:
        """Return how the argument is passed to a function of these parameters: by which keyword, at which position."""
        if isinstance(self.argument, int):
            return names[self.argument] if self.argument < len(names) else "", self.argument
        return self.argument, names.index(self.argument) if self.argument in names else None


class Phasing:
    """What the settings say of phases, resolved to functions of the project."""

    def __init__(self, project: Project, settings: Settings) -> None:
        self.phases = settings.phases
        self._numbers = {_folded(phase): number for number, phase in enumerate(settings.phases, 1)}
        self._members = dict(_enum_members(project)) if settings.phases else {}
        self._by_closing = bool(settings.phase_markers) and not settings.phase_functions
        self._by_closing &= all(marker.edge is Edge.END for marker in settings.phase_markers)
        self.functions: dict[tuple[str, int], int] = {}
        """The position in which a function runs, with all that it calls."""
        self.closing: dict[tuple[str, int], int] = {}
        """The position behind a decorated function which closes a phase when it ends."""
        self.markers: dict[tuple[str, int], tuple[Marker, ...]] = {}
        self.foreign: dict[str, tuple[Marker, ...]] = {}
        """Markers that are not functions of the project, by dotted name."""
        self.decorated: dict[int, set[str]] = {}
        """What markers say for the phase where they decorate functions, by their numbers."""
        self.named_by: dict[str, frozenset[tuple[str, int]]] = {}
        """The functions that a pattern of phase functions names."""
        patterns = sorted(settings.phase_functions, key=lambda each: ANY in each.pattern)
        for each in patterns:  # a name goes before a pattern, else the first one holds
            self.named_by[each.pattern] = functions_named(project, each.pattern)
            for function in sorted(self.named_by[each.pattern]):
                self.functions.setdefault(function, self.inside(each.phase))
        for each in patterns:  # what one of them defines inside is of its phase, if no other says so
            self.named_by[each.pattern] = with_nested(project, self.named_by[each.pattern])
            for function in sorted(self.named_by[each.pattern]):
                self.functions.setdefault(function, self.inside(each.phase))
        for number, declared in enumerate(settings.phase_markers):
            self._add_marker(project, number, declared)
        if self.markers or self.foreign:
            for function, marker, said in self._decorations(project):
                self.decorated.setdefault(marker.number, set()).update(said)
                phase = self.phase_of(marker, said)
                if not phase:
                    continue
                table = self.functions if marker.edge is Edge.BEGIN else self.closing
                table.setdefault(function, self.inside(phase) + (marker.edge is Edge.END))

    @property
    def active(self) -> bool:
        """Whether anything tells phases apart."""
        return bool(self.functions or self.closing or self.markers or self.foreign)

    def _add_marker(self, project: Project, number: int, declared: PhaseMarker) -> None:
        marker = Marker(number, declared.argument, declared.edge, dict(declared.names))
        functions = functions_named(project, declared.call)
        for function in functions:
            self.markers[function] = (*self.markers.get(function, ()), marker)
        if not functions:
            name = declared.call.replace(":", ".")
            self.foreign[name] = (*self.foreign.get(name, ()), marker)

    # ------------------------------------------------------------ positions

    def inside(self, phase: str) -> int:
        """Return the position inside a phase; 0 if there is none of that name."""
        return 2 * self._numbers.get(_folded(phase), 0)

    def marked(self, marker: Marker, said: Iterable[str], before: int) -> int:
        """Return the position behind a marker call that names its phase by one of ``said``; 0 if that is not known.

        A marker that opens what is no declared phase leaves the one before.
        """
        phase = self.phase_of(marker, said)
        if phase:
            return self.inside(phase) + (marker.edge is Edge.END)
        return before | 1 if marker.edge is Edge.BEGIN else before

    def phase_of(self, marker: Marker, said: Iterable[str]) -> str:
        """Return the phase that a marker's argument names, empty if it is none of the declared ones."""
        words = tuple(said)
        return next((marker.names[word] for word in words if word in marker.names), "") or self.declared_as(words)

    def declared_as(self, words: Iterable[str]) -> str:
        """Return the first declared phase that one of ``words`` is, as it is declared; empty if there is none."""
        numbers = (self._numbers.get(_folded(word), 0) for word in words)
        return next((self.phases[number - 1] for number in numbers if number), "")

    def members(self, value: str) -> tuple[str, ...]:
        """Return the names of the members of enums that a constant, or the place of a call, stands for."""
        return self._members.get(value, ())

    def name(self, position: int) -> str | None:
        """Return the phase at a position, ``None`` between two.

        Where phases are only ever closed, what lies between two ends belongs to the phase that the second one closes.
        """
        number = position // 2 if position % 2 == 0 or not self._by_closing else position // 2 + 1
        inside = position % 2 == 0 or self._by_closing
        return self.phases[number - 1] if inside and 0 < number <= len(self.phases) else None

    def named(self, bits: int) -> str | None:
        """Return the phase at the earliest of several positions."""
        return self.name(earliest(bits)) if bits else None

    # ------------------------------------------------------------ decorators

    def _decorations(self, project: Project) -> Iterator[tuple[tuple[str, int], Marker, list[str]]]:
        """Yield the functions that a marker decorates, with what it says for the phase."""
        for file in sorted(project.facts):
            for index, function in enumerate(project.facts[file].functions):
                for decorator in function.decorators:
                    if not isinstance(decorator, flow.Call):
                        continue
                    symbol = project.resolve(file, decorator.func, project.local_names(file, function.scope))
                    if symbol is None:
                        continue
                    for marker in self.markers.get((symbol.file, symbol.index), self.foreign.get(symbol.name, ())):
                        yield (file, index), marker, _said(project, symbol.file, symbol.index, marker, decorator)


class Declared(NamedTuple):
    """What interpretation must watch: phases, what each component depends on, and what components are made from."""

    phasing: Phasing | None
    dependencies: Mapping[str, tuple[str, ...]]
    tracing: bool


NOTHING = Declared(None, {}, False)


def positions(store: Store) -> int:
    """Return the possible positions of a path as bits: bit n for position n."""
    bits = store.get(PHASE, MISSING).bits
    return bits >> _FIRST | (2 if bits & ABSENT else 0)


def at(position: int) -> Cell:
    """Return the cell that says that a path is at a position."""
    return Cell(1 << _FIRST + position)


def earliest(bits: int) -> int:
    """Return the least of several positions, 0 if there is none."""
    return (bits & -bits).bit_length() - 1 if bits else 0


def _said(project: Project, file: str, index: int, marker: Marker, call: flow.Call) -> list[str]:
    """Return what the decorator ``call`` says for the phase: a constant, or the name of a member."""
    names = tuple(each.name for each in project.function(file, index).params) if index >= 0 else ()
    keyword, place = marker.parameter(names)
    given = next((value for name, value in call.keywords if name and name == keyword), None)
    if given is None and place is not None and place < len(call.args):
        given = call.args[place]
    if isinstance(given, flow.Const):
        return [str(given.value)]
    return [flow.last_name(given)] if given is not None and flow.last_name(given) else []


def _enum_members(project: Project) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what members of enums are, with their names: constants, what ``auto()`` gives, places of other calls."""
    found: dict[str, dict[str, None]] = {}
    for file, facts in project.facts.items():
        for cls in facts.classes:
            if not any(is_enumeration(flow.last_name(base)) for base in cls.bases):
                continue
            for statement in cls.body:
                if not isinstance(statement, flow.Bind):
                    continue
                for name in map(flow.last_name, statement.targets):
                    if known := _member(file, cls, name, statement.value):
                        found.setdefault(known, {})[name] = None
    yield from ((value, tuple(names)) for value, names in found.items())


def _member(file: str, cls: flow.Class, name: str, value: flow.Expr | None) -> str:
    """Return by what the member of an enum is known, empty if by nothing."""
    match value:
        case flow.Const(value=constant):
            return str(constant)
        case flow.Call(func=func) if flow.last_name(func) == "auto":
            return auto_value(cls, name)
        case flow.Call(at=place):
            return f"{file}:{place[0]}:{place[1]}"
    return ""


def _folded(name: str) -> str:
    """Return a name as members, values and phases are compared: ``POST_INIT`` is ``post-init``."""
    return name.lower().replace("_", "-")
