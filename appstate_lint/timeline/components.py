"""Reading, writing and asking for components: where presence changes and accesses are written down."""

from __future__ import annotations

import sys

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At
from appstate_lint.model import Kind, Phase, Place
from appstate_lint.timeline.narrowing import Narrowing
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.phasing import PHASE, positions
from appstate_lint.timeline.presence import (
    ABSENT,
    BORN,
    HAS,
    NONE,
    PRESENT,
    VALUE,
    Cell,
    Facts,
    Key,
    Store,
    about,
    is_about,
    rewritten,
)
from appstate_lint.timeline.records import EARLY, CallStep, Made, NoneCall, Occurrence, Outside
from appstate_lint.timeline.truth import constant_truth
from appstate_lint.timeline.values import NONE as NONE_VALUE
from appstate_lint.timeline.values import (
    ClassValue,
    DictValue,
    Holder,
    ListValue,
    Literal,
    Loaded,
    Narrow,
    Object,
    Test,
    TupleValue,
    Unknown,
    Value,
    is_of_annotation,
    options,
    plain,
)

YIELDED = "/yielded"
"""What the owner of lifespan-yielded state is called, behind its application."""
MEMBERS = "."
"""What the owner of attributes of an application is called, behind it."""
PERHAPS = frozenset({"?"})
"""What an unseen context manager may swallow."""
AGAIN = frozenset({"again"})
"""What a loop catches in order to try again."""
EVERYTHING = frozenset({"Exception", "BaseException", *PERHAPS})
MISSING_ATTRIBUTE = frozenset({"AttributeError"})
MISSING_ITEM = frozenset({"KeyError", "LookupError"})


class Components(Narrowing):
    """Accesses to application state."""

    late_writes: dict[Key, Cell]
    """What a launcher writes to an application whose server it has started."""
    targets: list[tuple[Object, Store, Facts]]
    ahead: set[tuple[str, int]]
    """Functions that ask an application for something in the life of another one, which begins before it is made."""

    def yielded_state(self) -> Value:
        """Return the state that the lifespan of the running application yields, as requests see it."""
        application = self.living or self.the_application()
        if not isinstance(application, Object):
            return Unknown("state")
        return Holder(Object(f"{self.canonical(application).site}{YIELDED}", None, ""))

    def yielded_names(self, value: Value) -> dict[str, Value] | None:
        """Return the components of a dict that a lifespan yields; ``None`` if they are not all known."""
        found: dict[str, Value] = {}
        for option in options(plain(value)):
            if not isinstance(option, DictValue):
                if option == NONE_VALUE:
                    continue
                return None
            cell = self.dict_cell(option.number)
            if cell.open or cell.rest is not None:
                return None
            found.update((name, each) for name, each in cell.items.items() if isinstance(name, str))
        return found

    def place(self, at: At) -> Place:
        """Return the place of ``at`` in the file that is running."""
        return Place(self.frame.file, *at)

    def returns_answer(self, path: Path) -> bool:
        """Tell whether the running function returns what may be an answer: not ``None``, nor an application."""
        function = self.frame.function
        body = function.body if function is not None else ()
        returned = [each.value for each in flow.nodes(body) if isinstance(each, flow.Return)]
        made = {name for name, value in path.env.items() if self.kind(value) == "application"} if returned else set()
        return any(
            value is not None and value != flow.Const(None) and not (isinstance(value, flow.Name) and value.id in made)
            for value in returned
        )

    def touch(
        self, kind: Kind, owner: Object, component: str, at: At, path: Path, bits: int, value: Value | None = None,
        gone: bool = False, weak: bool = False,
    ) -> Occurrence | None:  # fmt: skip
        """Write an access down, unless the path is dead or nothing is being recorded."""
        if path.dead or self.muted:
            return None
        if bits == ABSENT and kind is not Kind.WRITE and self.is_ahead(owner, path):
            self.ahead.add((self.frame.file, self.frame.index))
            return None
        errors = MISSING_ITEM if self.by_item else MISSING_ATTRIBUTE
        caught = any(names & errors for names in self.catching)
        seen = Occurrence(
            place=self.place(at),
            owner=owner.site,
            component=component,
            kind=kind,
            phase=Phase.SERVING if self.is_launched(path, owner.site) else self.phase,
            bits=bits,
            order=self.records.tick(),
            function=self.frame.name,
            stack=self.trail(),
            conditional=self.conditional > 0,
            caught=caught,
            swallowed=any(names & EVERYTHING for names in self.catching),
            retried=any(names & AGAIN and names & EVERYTHING for names in self.catching),
            spawned=self.spawned,
            partial=self.partial,
            possible=self.possible,
            augments=self.augmenting and kind is Kind.WRITE,
            weak=weak,
            facts=path.facts,
            gone=gone,
            answers=bits == ABSENT
            and (caught or kind is Kind.GUARD)
            and self.phase in EARLY
            and self.returns_answer(path),
            by_route=self.in_route and len(self.stack) == 1,
            for_route=self.in_route,
            by_hook=self.in_hook,
        )
        if self.phase is Phase.STARTUP and self.phasing is not None and not self.spawned:
            self.frame.touched.add(PHASE)
            seen.position = positions(path.store)
        if value is not None:
            self.note_written(seen, value, path)
        self.records.add(seen)
        return seen

    def is_ahead(self, owner: Object, path: Path) -> bool:
        """Tell whether the launcher makes an application only later, and tells what it has there in a life of its own.

        The life of one that is served before begins without it, though its code may come to hold it.
        """
        others = (each for each, _, _ in self.targets if each != self.living) if self.living is not None else ()
        return any(self.canonical(each).site == owner.site and (each.site, BORN) not in path.store for each in others)

    def note_written(self, write: Occurrence, value: Value, path: Path) -> None:
        """Write down what a write stores, from what that was made, and what it replaces."""
        write.made_from = self.made_from() - {write.component}
        names = {*self.declared.get(write.component, ()), *write.made_from}
        write.around = {name: self.cell(path, (write.owner, name)).bits for name in sorted(names)}
        write.made = frozenset(made_of(each) for each in options(plain(value)) if each != NONE_VALUE)
        written = bits_of(value)
        write.none_written, write.value_written = bool(written & NONE), bool(written & VALUE)
        made = plain(value)
        if isinstance(made, Object) and made.cls is not None:
            write.made_class = self.project.cls(made.cls.file, made.cls.index).qualname
        write.plain_none = self.plain_none
        write.replaces = self.replaced((write.owner, write.component), value, path)

    def trail(self) -> tuple[CallStep, ...]:
        """Return the calls that led here."""
        return tuple(self.stack)

    def read(self, owner: Object, component: str, at: At, path: Path) -> Value:
        """Read a component without a default: what returns is present from here on."""
        owner = self.canonical(owner)
        key = (owner.site, component)
        known = self.cell(path, key)
        self.touch(Kind.READ, owner, component, at, path, known.bits, gone=known.gone)
        self.read_here.add(key)
        self.note_read(component, known.bits)
        if known.bits & ABSENT:
            path.put(key, Cell(known.bits & PRESENT or VALUE, truth=known.truth, implies=known.implies))
            self.hold(path, about(key, HAS), True)
            self.take_implied(path, known, known.bits & PRESENT or VALUE)
        return Loaded(owner, component, self.component_value(key))

    def read_item(self, owner: Object, component: str, at: At, path: Path) -> Value:
        """Read a component as an item: where it is missing, that is a ``KeyError``."""
        self.by_item = True
        value = self.read(owner, component, at, path)
        self.by_item = False
        return value

    def read_or(self, owner: Object, component: str, default: Value, at: At, path: Path) -> Value:
        """Read a component with a default, which never fails."""
        owner = self.canonical(owner)
        key = (owner.site, component)
        known = self.cell(path, key)
        self.touch(Kind.GUARD, owner, component, at, path, known.bits)
        self.read_here.add(key)
        self.note_read(component, known.bits)
        if known.bits == ABSENT and not self.component_known(key):
            return Loaded(owner, component, default, default)
        return Loaded(owner, component, self.component_value(key), default)

    def ask(self, owner: Object, component: str, at: At, path: Path) -> Value:
        """Ask whether a component is there (``hasattr``, ``in``)."""
        owner = self.canonical(owner)
        known = self.cell(path, (owner.site, component))
        self.touch(Kind.GUARD, owner, component, at, path, known.bits)
        return Test((Narrow(owner, component, PRESENT),), (Narrow(owner, component, ABSENT),))

    def write(self, owner: Object, component: str, value: Value, at: At, path: Path, weak: bool = False) -> None:
        """Store ``value`` in a component; a ``weak`` write may be that of another one."""
        owner = self.canonical(owner)
        key = (owner.site, component)
        before = self.cell(path, key)
        seen = self.touch(Kind.WRITE, owner, component, at, path, before.bits, value, weak=weak)
        if seen is not None:
            self.made_at[key, seen.place] = (value, self.is_blank(value))
        if path.dead:
            return
        bits = bits_of(value)
        made = self.place(at) if is_made(value) else None
        path.put(key, Cell(bits | before.bits) if weak else Cell(bits, made=made, truth=constant_truth(value)))
        if self.is_launched(path, owner.site):
            self.late_writes[key] = path.store[key]
        self.forget(path, key)
        self.remember(key, value)
        self.may_raise(path)

    def replaced(self, key: Key, value: Value, path: Path) -> Place | None:
        """Return where the object was made that the write of a different one, surely made too, puts out of use.

        One that is there on some paths only is not meant to be replaced if the write happens on all of them.
        """
        before = self.cell(path, key)
        if before.made is None or key in self.read_here or not is_made(value):
            return None
        if not before.bits & VALUE or (before.bits != VALUE and self.conditional):
            return None
        earlier, was_blank = self.made_at.get((key, before.made), (None, False))
        if earlier is None or (was_blank and not self.is_blank(value)):
            return None
        if isinstance(value, Object) and value.cls is not None and self.method(value.cls, "__new__") is not None:
            return None
        return before.made if earlier != value or self.is_fresh(value) else None

    def is_fresh(self, value: Value) -> bool:
        """Tell whether the running statement surely makes an object anew."""
        if not isinstance(value, Object):
            return False
        conditions, number = self.made_here.get(value.site, (0, -1))
        return conditions <= self.conditional and number >= self.made_since

    def forget(self, path: Path, key: Key) -> None:
        """Forget what was known of a component before it was written or deleted just now."""
        path.store = rewritten(path.store, key)
        if any(is_about(name, key) for name, _ in path.facts):
            path.facts = frozenset(fact for fact in path.facts if not is_about(fact[0], key))

    def is_blank(self, value: Value) -> bool:
        """Tell whether a value is an empty list or dict: filled by a later write, it was a placeholder."""
        match value:
            case ListValue(number=number):
                cell = self.list_cell(number)
                return cell.display and not cell.items and not cell.open
            case DictValue(number=number):
                table = self.dict_cell(number)
                return table.display and not table.items and table.rest is None and not table.open
        return False

    def remember(self, key: Key, value: Value) -> None:
        """Join a value into what a component can hold over the whole life."""
        if self.muted:
            return
        self.keep(self.component_values, key, plain(value))

    def component_value(self, key: Key) -> Value:
        """Return what a component can hold, ``None`` left out where something else can be there."""
        value = self.kept(self.component_values, key)
        if value is None:
            return Unknown(key[1], f"component:{key[0]}:{key[1]}")
        return value

    def component_known(self, key: Key) -> bool:
        """Tell whether something was seen to be written into a component."""
        return self.kept(self.component_values, key) is not None

    def delete(self, owner: Object, component: str, at: At, path: Path) -> None:
        """Delete a component."""
        owner = self.canonical(owner)
        key = (owner.site, component)
        self.touch(Kind.DELETE, owner, component, at, path, self.cell(path, key).bits)
        if not path.dead:
            path.put(key, Cell(ABSENT, gone=True))
            self.forget(path, key)
            self.may_raise(path)

    def may_raise(self, path: Path) -> None:
        """Let the innermost ``try`` know the state from which a later statement may raise."""
        if self.raising:
            self.raising[-1].add(self.frame, path.env, path.store)

    def dynamic(self, owner: Object, at: At, writes: bool) -> None:
        """Note an access whose name cannot be known; a write opens the holder."""
        owner = self.canonical(owner)
        if not self.muted:
            self.records.dynamic.add((self.frame.file, at[0], writes, owner.site))
        if writes:
            self.open_holder(owner, at, "a component is written under a name that cannot be known")

    def open_holder(self, owner: Object, at: At, reason: str) -> None:
        """Note that components can be written where we cannot see it."""
        self.open.setdefault(owner.site, [])
        entry = (self.frame.file, at[0], reason)
        if entry not in self.open[owner.site]:
            self.open[owner.site].append(entry)

    def hand_over(self, owner: Object, name: str, at: At, third_party: bool, holder: bool) -> None:
        """Note that an application (or its ``holder``) was given to code that is not seen."""
        owner = self.canonical(owner)
        place = self.place(at)
        if self.muted:
            return
        self.records.outside[(owner.site, place)] = Outside(place, name, self.phase, third_party, holder)
        if holder or not third_party:
            self.open_holder(owner, at, f"it is handed to {name or 'a call'}, which cannot be seen")

    # ------------------------------------------------------------ None for state

    def note_none(self, call: NoneCall) -> None:
        """Write down a call that passes ``None`` where state may be wanted."""
        if self.muted:
            return
        key = (call.place, call.function, call.parameter)
        known = self.records.none_calls.setdefault(key, call)
        known.reached_state = known.reached_state or call.reached_state
        known.returned = known.returned and call.returned
        known.fallback = known.fallback or call.fallback


def bits_of(value: Value) -> int:
    """Return what a component holds once ``value`` is written to it."""
    if isinstance(value, Loaded):
        inner = bits_of(value.value)
        return inner if value.default is None else inner | bits_of(value.default)
    bits = 0
    for option in options(value):
        bits |= NONE if option == NONE_VALUE else (bits_of(option) if isinstance(option, Loaded) else VALUE)
    return bits


def is_made(value: Value) -> bool:
    """Tell whether a value is an object that the code which writes it has made."""
    match value:
        case Object(site=site, cls=cls, external=external):
            known = cls is not None or external.partition(".")[0] not in sys.stdlib_module_names
            return known and not is_of_annotation(site)
        case ListValue() | DictValue():
            return True
    return False


def made_of(value: Value) -> Made:
    """Return the class that a value surely is an instance of."""
    match value:
        case Object(site=site, cls=ClassValue(file=file, index=index)) if not is_of_annotation(site):
            return Made(file, index)
        case Literal(value=constant):
            return Made(builtin=type(constant).__name__)
        case ListValue():
            return Made(builtin="list")
        case DictValue():
            return Made(builtin="dict")
        case TupleValue():
            return Made(builtin="tuple")
    return Made()
