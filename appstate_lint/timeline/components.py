"""Reading, writing and asking for components: where presence changes and accesses are written down."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At
from appstate_lint.model import Kind, Phase, Place
from appstate_lint.timeline import presence
from appstate_lint.timeline.ingredients import Ingredients
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.phasing import PHASE, positions
from appstate_lint.timeline.presence import (
    ABSENT,
    ANYTHING,
    HAS,
    LOCAL,
    MISSING,
    NONE,
    PRESENT,
    SOME,
    TRUE,
    VALUE,
    Cell,
    Fact,
    Key,
    about,
    given,
    is_about,
    rewritten,
)
from appstate_lint.timeline.records import EARLY, CallStep, Made, NoneCall, Occurrence, Outside
from appstate_lint.timeline.values import (
    MISSING_NAME,
    AnyOf,
    ClassValue,
    DictValue,
    External,
    FunctionValue,
    Holder,
    Invocation,
    ListValue,
    Literal,
    Loaded,
    Narrow,
    Object,
    Test,
    TupleValue,
    Unknown,
    Value,
    options,
    plain,
)
from appstate_lint.timeline.values import NONE as NONE_VALUE

YIELDED = "/yielded"
"""What the owner of lifespan-yielded state is called, behind its application."""
MEMBERS = "."
"""What the owner of attributes of an application is called, behind it."""
IS_NONE = " is None"
"""How the condition ends that something stable is None."""
PERHAPS = frozenset({"?"})
"""What an unseen context manager may swallow."""
AGAIN = frozenset({"again"})
"""What a loop catches in order to try again."""
EVERYTHING = frozenset({"Exception", "BaseException", *PERHAPS})
MISSING_ATTRIBUTE = frozenset({"AttributeError"})
MISSING_ITEM = frozenset({"KeyError", "LookupError"})


class Components(Ingredients):
    """Accesses to application state."""

    def canonical(self, owner: Object) -> Object:
        """Return the application whose state ``owner`` shares."""
        seen = set()
        while owner.site in self.holder_aliases and owner.site not in seen:
            seen.add(owner.site)
            owner = self.holder_aliases[owner.site]
        return owner

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

    def cell(self, path: Path, key: Key) -> Cell:
        """Return what a component can hold on this path, and remember that it was asked."""
        self.frame.touched.add(key)
        found = path.store.get(key, MISSING)
        if found.clauses:
            self.frame.consulted.update(name for clause in found.clauses for name, _ in clause)
            return given(found, path.facts)
        return found

    def returns_value(self) -> bool:
        """Tell whether the running function returns anything but ``None``."""
        function = self.frame.function
        body = function.body if function is not None else ()
        returned = (each.value for each in flow.nodes(body) if isinstance(each, flow.Return))
        return any(value is not None and value != flow.Const(None) for value in returned)

    def touch(
        self, kind: Kind, owner: Object, component: str, at: At, path: Path, bits: int, value: Value | None = None,
        gone: bool = False,
    ) -> Occurrence | None:  # fmt: skip
        """Write an access down, unless the path is dead or nothing is being recorded."""
        if path.dead or self.muted:
            return None
        errors = MISSING_ITEM if self.by_item else MISSING_ATTRIBUTE
        caught = any(names & errors for names in self.catching)
        seen = Occurrence(
            place=self.place(at),
            owner=owner.site,
            component=component,
            kind=kind,
            phase=self.phase,
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
            facts=path.facts,
            gone=gone,
            answers=bits == ABSENT and (caught or kind is Kind.GUARD) and self.phase in EARLY and self.returns_value(),
            by_route=self.in_route and len(self.stack) == 1,
            for_route=self.in_route,
            by_lifespan=self.in_lifespan,
        )
        if self.phase is Phase.STARTUP and self.phasing is not None and not self.spawned:
            self.frame.touched.add(PHASE)
            seen.position = positions(path.store)
        if value is not None:
            seen.made_from = self.made_from() - {component}
            names = {*self.declared.get(component, ()), *seen.made_from}
            seen.around = {name: self.cell(path, (owner.site, name)).bits for name in sorted(names)}
            seen.made = frozenset(made_of(each) for each in options(plain(value)) if each != NONE_VALUE)
            written = bits_of(value)
            seen.none_written, seen.value_written = bool(written & NONE), bool(written & VALUE)
            made = plain(value)
            if isinstance(made, Object) and made.cls is not None:
                seen.made_class = self.project.cls(made.cls.file, made.cls.index).qualname
            seen.plain_none = self.plain_none
            seen.replaces = self.replaced((owner.site, component), value, path)
        self.records.add(seen)
        return seen

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
            path.put(key, Cell(known.bits & PRESENT or VALUE, truth=known.truth))
            self.hold(path, about(key, HAS), True)
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
        """Store ``value`` in a component; a ``weak`` write may not have happened."""
        owner = self.canonical(owner)
        key = (owner.site, component)
        before = self.cell(path, key)
        seen = self.touch(Kind.WRITE, owner, component, at, path, before.bits, value)
        if seen is not None:
            self.made_at[key, seen.place] = (value, self.is_blank(value))
        if path.dead:
            return
        bits = bits_of(value)
        made = self.place(at) if is_made(value) else None
        path.put(key, Cell(bits | before.bits) if weak else Cell(bits, made=made, truth=constant_truth(value)))
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

    # ------------------------------------------------------------ narrowing

    def suppose(self, path: Path, value: Value, truth: bool) -> Path | None:
        """Return ``path`` as it goes on where ``value`` is true (or false), ``None`` where it cannot be."""
        known = True if self.kind(value) == "application" else truth_of(value)
        if known is not None and not isinstance(value, (Loaded, Test)):
            return path if known is truth else None
        if isinstance(value, Test):
            return self.narrow(path, value.when_true if truth else value.when_false)
        if isinstance(value, Loaded):
            self.use(value)
            return self.suppose_loaded(path, value, truth)
        if isinstance(value, AnyOf):
            loaded = one_component(value)
            if loaded is not None:
                if truth:
                    return self.narrow(path, (Narrow(loaded.owner, loaded.component, VALUE),))
                return path
        condition = condition_of(value)
        return self.hold(path, condition, truth) if condition else path

    def use(self, value: Value) -> None:
        """Note that what was read from a component is dereferenced or decides a branch."""
        if isinstance(value, Loaded) and not self.muted:
            self.records.used.add((self.canonical(value.owner).site, value.component))

    def suppose_loaded(self, path: Path, value: Loaded, truth: bool) -> Path | None:
        """Narrow a component by the truth of what was read from it."""
        fallback = value.default is not None and truth_of(value.default) is not False
        if truth and not fallback:
            narrowed = self.narrow(path, (Narrow(value.owner, value.component, VALUE),))
            if narrowed is None:
                return None
            path = narrowed
        if not truth or not fallback:
            self.hold(path, about((self.canonical(value.owner).site, value.component), TRUE), truth)
        condition = condition_of(plain(value.value))
        return self.hold(path, condition, truth) if condition else path

    def narrow(self, path: Path, facts: tuple[Narrow, ...]) -> Path | None:
        """Apply narrowings to a path; ``None`` if one cannot hold.

        Code behind a guard for a component that is certainly absent goes on with an empty presence: it counts for
        nothing at the next join, and its reads are no faults of their own.
        """
        for fact in facts:
            if fact.owner is None:
                held = self.hold(path, fact.component, fact.truth)
                if held is None:
                    return None
                path = held
                continue
            key = (self.canonical(fact.owner).site, fact.component)
            known = self.cell(path, key)
            bits = known.bits & fact.bits
            if known.bits and not bits and fact.bits & ABSENT and not self.is_open(key[0]):
                return None
            if bits != known.bits:
                clauses = known.clauses if bits & ABSENT and bits != ABSENT else frozenset()
                path.put(key, Cell(bits, clauses, known.made, known.truth, bool(bits & ABSENT) and known.gone))
                for level in (HAS, SOME) if bits == VALUE else (HAS,) if bits and not bits & ABSENT else ():
                    self.hold(path, about(key, level), True)
        return path

    def is_open(self, site: str) -> bool:
        """Tell whether unseen code may write components of this application."""
        return site in self.open

    def hold(self, path: Path, condition: str, truth: bool) -> Path | None:
        """Note that a stable condition holds; ``None`` if the opposite is known to hold.

        While serving, only conditions matter under which start-up wrote something, and those that follow from another.
        What a component or a variable holds may change.
        """
        if self.phase is Phase.SERVING and condition not in self.deciding:
            return self.follow(path, condition, truth)
        self.frame.consulted.add(condition)
        if is_about(condition) or LOCAL in condition:
            path.facts = path.facts - {(condition, not truth)} | {(condition, truth)}
            return path
        if (condition, not truth) in path.facts:
            return None
        path.facts |= {(condition, truth)}
        for whole in self.wholes.get(condition, ()):
            parts = self.parts_of_whole[whole]
            if (condition, not truth) in parts:
                path.facts |= {(whole, False)}
            elif parts <= path.facts:
                path.facts |= {(whole, True)}
        return self.follow(path, condition, truth)

    def follow(self, path: Path, condition: str, truth: bool) -> Path | None:
        """Note what follows from whether a condition holds; ``None`` if that cannot be."""
        for fact in [*self.consequences(path, condition, truth)]:
            if fact in path.facts or (self.phase is Phase.SERVING and fact[0] not in self.deciding):
                continue
            if self.hold(path, *fact) is None:
                return None
        return path

    def consequences(self, path: Path, condition: str, truth: bool) -> Iterator[Fact]:
        """Yield what follows from whether a condition holds: of the values that are possible the last one is it."""
        rivals = self.rivals(condition)
        if truth and self.phase is Phase.SERVING:
            yield from implications(condition)
            yield from ((each, False) for each in rivals)
        if not truth and stable_part(condition) in self.closed:
            left = [each for each in rivals if (each, False) not in path.facts] or [condition]
            yield from ((each, True) for each in left if len(left) == 1)

    def rivals(self, condition: str) -> list[str]:
        """Return the conditions of which none can hold together with one that something equals a constant."""
        known = self.choices.get(stable_part(condition), ())
        return [each for each in known if each != condition] if condition in known else []

    def decided_by(self, store: Mapping[Key, Cell]) -> frozenset[str]:
        """Return the conditions that decide what is in a store, with those that say whether one of them holds."""
        names = {name for cell in store.values() for clause in cell.clauses for name, _ in clause}
        names |= {part for name in names for part, _ in self.parts_of_whole.get(name, ())}
        return frozenset(names).union(*map(self.rivals, names))

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
            return known and not site.startswith("any ")
        case ListValue() | DictValue():
            return True
    return False


def made_of(value: Value) -> Made:
    """Return the class that a value surely is an instance of."""
    match value:
        case Object(site=site, cls=ClassValue(file=file, index=index)) if not site.startswith("any "):
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


def truth_of(value: Value) -> bool | None:
    """Return whether a value is true or false, ``None`` if either is possible."""
    match value:
        case Literal(value=constant):
            return bool(constant)
        case TupleValue(items=items):
            return bool(items)
        case Object(cls=cls):
            return True if cls is not None else None
        case FunctionValue() | Holder() | Invocation():
            return True
        case AnyOf(options=several):
            truths = {truth_of(option) for option in several}
            return truths.pop() if len(truths) == 1 else None
        case DictValue() | ListValue() | Unknown() | External():
            return None
    return None


def constant_truth(value: Value) -> bool | None:
    """Return the truth of a constant; ``None`` if the value, ``None`` left out, is not one."""
    truths = {bool(each.value) if isinstance(each, Literal) else None for each in options(value) if each != NONE_VALUE}
    return truths.pop() if len(truths) == 1 else None


def condition_of(value: Value) -> str:
    """Return the name of the stable condition that the truth of ``value`` is, empty if it is not stable."""
    if isinstance(value, Unknown):
        return "" if value.origin.startswith(MISSING_NAME) else value.origin
    if isinstance(value, External) and "." in value.name:
        return value.name
    return ""


def equals(condition: str, value: Value) -> str:
    """Return the condition that something stable equals a constant, or something else that is stable."""
    return f"{condition} == {repr(value.value) if isinstance(value, Literal) else condition_of(value)}"


def stable_part(condition: str) -> str:
    """Return what is compared in a condition that something equals a constant."""
    return condition.partition(" == ")[0]


def implications(condition: str) -> Iterator[Fact]:
    """Yield what else holds where a stable condition does: what is true, or like a text, is not None."""
    value, is_compared, constant = condition.partition(" == ")
    if is_compared and constant[:1] in "\"'" and len(constant) > 2:
        yield value, True
    if condition.endswith(IS_NONE):
        yield condition.removesuffix(IS_NONE), False
    else:
        yield f"{value}{IS_NONE}", False


def one_component(value: AnyOf) -> Loaded | None:
    """Return what was read, if all of ``value`` that is not ``None`` was read from one component."""
    found: Loaded | None = None
    for option in value.options:
        if isinstance(option, Literal) and not option.value:
            continue
        if not isinstance(option, Loaded):
            return None
        if found is not None and (found.owner, found.component) != (option.owner, option.component):
            return None
        found = option
    if found is not None and found.default is not None and truth_of(found.default) is not False:
        return None
    return found


__all__ = ["ANYTHING", "Components", "bits_of", "condition_of", "presence", "truth_of"]
