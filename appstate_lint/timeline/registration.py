"""What code registers on applications and routers, and what the framework will call because of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from appstate_lint.facts.flow import At
from appstate_lint.frameworks import Call as CallTable
from appstate_lint.frameworks import FrameworkClass
from appstate_lint.model import Phase, Place
from appstate_lint.timeline.expressions import literal_names
from appstate_lint.timeline.heap import Path, single
from appstate_lint.timeline.parts import DYNAMIC
from appstate_lint.timeline.presence import ABSENT, Facts, Key, Store, join_stores
from appstate_lint.timeline.records import Stack
from appstate_lint.timeline.statements import Statements
from appstate_lint.timeline.values import (
    ANYWHERE,
    GAP,
    UNKNOWN,
    ClassValue,
    Dependency,
    DictValue,
    External,
    FunctionValue,
    Invocation,
    Keywords,
    Literal,
    ModuleValue,
    Object,
    Registrar,
    Route,
    Unknown,
    Value,
    options,
    plain,
)
from appstate_lint.timeline.values import NONE as NONE_VALUE

MOST_INCLUDES = 30


class Registration(NamedTuple):
    """One piece of code put on an application or router, under the conditions ``facts``."""

    role: str
    value: Value
    facts: Facts
    dependencies: tuple[Value, ...]
    phase: Phase
    place: Place
    present: frozenset[Key] = frozenset()
    """What start-up code certainly had when it registered this."""
    routes: tuple[Route, ...] = ()
    """Where it is served, below what it is registered on."""


class Entry(NamedTuple):
    """Code that the framework calls while serving."""

    role: str
    value: Value
    facts: Facts
    dependencies: tuple[Value, ...]
    place: Place
    present: frozenset[Key] = frozenset()
    routes: tuple[Route, ...] = ()


class Spawned(msgspec.Struct):
    """Code that runs beside what started it; ``certain`` if it surely starts."""

    value: Value
    store: Store
    facts: Facts
    certain: bool
    place: Place
    phase: Phase
    stack: Stack
    role: str = "task"


class Registering(Statements):
    """Keeps registrations, spawned code and created applications."""

    registrations: dict[str, list[Registration]]
    owners: dict[str, Object]
    waiting: dict[tuple[Value, bool], Spawned]
    fresh: list[Spawned]
    applications: dict[str, tuple[Object, str, Place]]
    launches: list[tuple[Object, Store, Facts]]
    unseen_includes: set[str]
    prefixes: dict[str, Route]
    shutdown_code: list[tuple[Value, tuple[Value, ...], Place]]

    def created(self, application: Object, at: At) -> None:
        if self.muted:
            return
        modules = (frame.file for frame in reversed(self.frames) if frame.function is None)
        module = next((file for file in modules if file in self.running), "")
        self.activity += 1
        self.applications.setdefault(application.site, (application, module, self.place(at)))
        if self.phase is Phase.IMPORT:
            self.phase = Phase.BUILD

    # ------------------------------------------------------------ registering

    def register(
        self, owner: Value, role: str, value: Value, path: Path, at: At, dependencies: tuple[Value, ...] = (),
        route: Route = ANYWHERE,
    ) -> None:  # fmt: skip
        """Put code on an application or router."""
        if not isinstance(owner, Object) or path.dead or not role or self.muted:
            return
        present: frozenset[Key] = frozenset()
        if self.phase is Phase.STARTUP:
            present = frozenset(key for key, cell in path.store.items() if not cell.bits & ABSENT)
        entry = Registration(role, value, path.facts, dependencies, self.phase, self.place(at), present, (route,))
        self.activity += 1
        self.owners[owner.site] = owner
        known = self.registrations.setdefault(owner.site, [])
        for index, each in enumerate(known):
            if each.role == role and each.value == value:
                if route not in each.routes:
                    known[index] = each._replace(routes=(*each.routes, route))
                return
        known.append(entry)

    def decorate(self, registrar: Registrar, args: tuple[Value, ...], path: Path, at: At) -> Value:
        if not args:
            return UNKNOWN
        self.register(registrar.owner, registrar.role, args[0], path, at, registrar.dependencies, registrar.route)
        return args[0]

    def route(
        self, table: CallTable | FrameworkClass, names: tuple[str, ...], name: str, args: tuple[Value, ...],
        keywords: Keywords,
    ) -> Route:  # fmt: skip
        """Return where a call serves what it registers, by the parameters that the table names."""
        given = self.argument(names, table.path, args, keywords) if table.path else Literal("")
        texts = literal_names(plain(given)) if given is not None else ("",)
        verbs: tuple[str, ...] = ("GET",) if table.verbs else ()
        if table.verb:
            verbs = (name.upper() if table.verb == "*" else table.verb,)
        elif table.verbs:
            several = self.argument(names, table.verbs, args, keywords)
            if several is not None and several != NONE_VALUE:
                members = [literal_names(plain(each)) for each in self.members(several) or ()]
                verbs = tuple(each[0].upper() for each in members if each is not None and len(each) == 1)
                verbs = verbs if len(verbs) == len(members) else ()
        return Route(texts[0] if texts is not None and len(texts) == 1 else GAP, verbs)

    def registration(
        self, table: CallTable, name: str, owner: Object, args: tuple[Value, ...], keywords: Keywords, path: Path,
        at: At,
    ) -> Value:  # fmt: skip
        role = table.role
        route = self.route(table, table.arguments, name, args, keywords)
        if table.selector:
            chosen = self.argument(table.arguments, table.selector, args, keywords)
            names = literal_names(plain(chosen)) if chosen is not None else None
            role = table.select.get(names[0], "") if names else ""
        if role == "start":
            self.start_now(owner, path)
            return UNKNOWN
        if role == "entries":
            self.start_entries(owner, path, at)
            return UNKNOWN
        dependencies: tuple[Value, ...] = ()
        for parameter, extra in table.registers.items():
            given = self.argument(table.arguments, parameter, args, keywords)
            if given is not None and extra == "dependency":
                dependencies += tuple(each for each in self.members(given) or () if isinstance(each, Dependency))
        if table.form == "decorator":
            return Registrar(owner, role, dependencies, route)
        code = self.argument(table.arguments, table.function, args, keywords)
        if code is None:
            return UNKNOWN
        if role == "background":
            return self.start(code, self.rest_of(table, args), keywords, path, at, role)
        if role == "middleware":
            rest = args[1:]
            code = Invocation("partial", code, rest, tuple(pair for pair in keywords if pair[0] != table.function))
        for option in options(plain(code)):
            if option != NONE_VALUE:
                self.note_include(owner, role, option)
                self.register(owner, role, option, path, at, dependencies, route)
        return NONE_VALUE

    def note_include(self, owner: Object, role: str, value: Value) -> None:
        """Note an include that cannot be followed: routers named nowhere else may be served by it."""
        if role == "include" and not isinstance(value, Object):
            self.unseen_includes.add(owner.site)

    def register_arguments(
        self, owner: Object, names: tuple[str, ...], roles: dict[str, str], args: tuple[Value, ...],
        keywords: Keywords, path: Path, at: At,
    ) -> None:  # fmt: skip
        spec = self.spec(owner)
        if spec is not None and spec.path:
            route = self.route(spec, names, "", args, keywords)
            self.prefixes[owner.site] = route if self.prefixes.get(owner.site, route) == route else Route(GAP)
        for parameter, role in roles.items():
            given = self.argument(names, parameter, args, keywords)
            if given is None or given == NONE_VALUE:
                continue
            if role == "thread":
                passed = self.argument(names, "args", args, keywords)
                inner = self.members(passed) if passed is not None else ()
                self.register(owner, role, Invocation("partial", plain(given), inner or (), ()), path, at)
                continue
            if role in _SINGLE:
                for option in options(given):
                    if option != NONE_VALUE:
                        self.register(owner, role, option, path, at)
                continue
            value = single(plain(given))
            members = (
                tuple(self.dict_cell(value.number).items.values())
                if isinstance(value, DictValue)
                else self.members(value)
            )
            for member in members if members is not None else ():
                self.register(owner, role, member, path, at)
            if members is None and role == "route":
                self.unseen_includes.add(owner.site)
        kind = self.kind(owner)
        if kind == "route" and "middleware" in roles.values():
            rest = tuple(pair for pair in keywords if pair[0] not in roles)
            for index, each in enumerate(self.registrations.get(owner.site, ())):
                if each.role == "middleware" and not isinstance(each.value, Invocation):
                    wrapped = Invocation("partial", each.value, args[1:], rest)
                    self.registrations[owner.site][index] = each._replace(value=wrapped)
        elif kind == "middleware":
            for _, value in keywords:
                if isinstance(value, FunctionValue):
                    self.register(owner, "dispatch", value, path, at)

    def add_to_list(self, owner: Object, role: str, name: str, args: tuple[Value, ...], path: Path, at: At) -> None:
        values = args[-1:]
        if name == "extend" and args:
            values = self.members(args[0]) or ()
        for value in values:
            self.register(owner, role, value, path, at)

    # ------------------------------------------------------------ spawned code

    def spawn(self, code: Value, path: Path, at: At, certain: bool) -> None:
        if path.dead or self.muted:
            return
        code = single(plain(code))
        if isinstance(code, ClassValue):
            return
        key = (code, certain)
        self.activity += 1
        known = self.waiting.get(key)
        if known is not None:
            known.store = join_stores(known.store, path.store, frozenset(), frozenset())
            return
        entry = Spawned(code, dict(path.store), path.facts, certain, self.place(at), self.phase, tuple(self.stack))
        self.waiting[key] = entry
        if certain and isinstance(code, Invocation) and code.kind == "coroutine":
            self.fresh.append(entry)

    def settle(self, path: Path) -> None:
        if not self.fresh or path.dead:
            return
        for entry in self.fresh:
            entry.store = dict(path.store)
        self.fresh.clear()

    def enter(self, code: Value, path: Path, at: At) -> Value:
        """Enter a context manager on an exit stack: up to its ``yield`` now, the rest at shutdown."""
        target = single(plain(code))
        if not isinstance(target, Invocation) or not isinstance(target.function, FunctionValue):
            if isinstance(target, Object) and target.cls is not None:
                for name in ("__aenter__", "__enter__"):
                    method = self.method(target.cls, name)
                    if method is not None:
                        bound = FunctionValue(method.file, method.index, method.scope, target)
                        return self.run(bound, (), (), path, at)
            return UNKNOWN
        entered: list[tuple[Path, Value]] = []
        phase = self.phase

        def stop(inner: Path, value: Value) -> Value:
            entered.append((inner.fork(), value))
            self.phase = Phase.SHUTDOWN if phase in (Phase.STARTUP, Phase.BUILD) else phase
            return UNKNOWN

        outside = path.fork()
        self.run(target.function, target.args, target.keywords, outside, at, stop)
        self.phase = phase
        joined: Path | None = None
        for inner, _ in entered:
            joined = Path(path.env, inner.store, inner.facts) if joined is None else _joined(joined, inner)
        if joined is None:
            path.dead = True
            return UNKNOWN
        path.store, path.facts = joined.store, joined.facts
        return entered[0][1] if len(entered) == 1 else UNKNOWN

    def later(self, code: Value, args: tuple[Value, ...], path: Path, at: At) -> None:
        if not path.dead and not self.muted:
            self.shutdown_code.append((code, args, self.place(at)))

    def start_entries(self, owner: Object, path: Path, at: At) -> None:
        """Start the methods that a framework's class runs beside the caller (``Thread.start`` runs ``run``)."""
        spec = self.spec(owner)
        for name in spec.entries if spec is not None else ():
            method = self.method(owner.cls, name) if owner.cls is not None else None
            if method is not None:
                bound = FunctionValue(method.file, method.index, method.scope, owner)
                self.spawn(Invocation("partial", bound, (), ()), path, at, certain=True)
        for each in self.registrations.get(owner.site, ()):
            if each.role == "thread":
                self.spawn(each.value, path, at, certain=True)

    def start_now(self, application: Object, path: Path) -> None:
        """Run an application's start-up here."""
        raise NotImplementedError

    # ------------------------------------------------------------ launching

    def launched(self, code: Value, keywords: Keywords, path: Path, at: At) -> None:
        for option in options(plain(code)):
            target = option
            if isinstance(option, Literal) and isinstance(option.value, str):
                target = self.by_string(option.value, keywords, path, at)
            elif isinstance(option, FunctionValue):
                target = self.invoke(option, (), (), path, at)
            self.take_imported(path)
            for each in options(plain(target)):
                if isinstance(each, Object) and each.site in self.applications and not self.muted:
                    self.launches.append((each, dict(path.store), path.facts))

    def by_string(self, text: str, keywords: Keywords, path: Path, at: At) -> Value:
        """Return what a server's ``"module:name"`` means; a factory is called."""
        module, _, name = text.partition(":")
        symbol = self.project.module(self.frame.file, module)
        if symbol.kind != "module" or not name:
            return UNKNOWN
        value = self.symbol_value(self.project.attribute(symbol, name.partition(".")[0]), name)
        if isinstance(value, FunctionValue):
            value = self.invoke(value, (), (), path, at)
        return value

    def import_by_name(self, args: tuple[Value, ...], path: Path, at: At) -> Value:
        names = literal_names(plain(args[0])) if args else None
        if names is None:
            return Unknown("module", DYNAMIC)
        symbol = self.project.module(self.frame.file, names[0])
        if symbol.kind == "module":
            self.import_parents(symbol.file)
            self.import_module(symbol.file)
            return ModuleValue(symbol.file)
        return External(names[0])

    # ------------------------------------------------------------ what is served

    def entries(
        self,
        owner: Object,
        facts: Facts = frozenset(),
        dependencies: tuple[Value, ...] = (),
        seen: frozenset[str] = frozenset(),
        outer: tuple[Route, ...] = (ANYWHERE,),
    ) -> Iterator[Entry]:
        """Yield what is called while serving because of ``owner`` and all that it includes, below ``outer``."""
        if owner.site in seen or len(seen) > MOST_INCLUDES:
            return
        seen |= {owner.site}
        registered = self.registrations.get(owner.site, [])
        if owner.site in self.prefixes:
            own_route = self.prefixes[owner.site]
            outer = below(outer, (own_route,))
        own = dependencies + tuple(each.value for each in registered if each.role == "dependency")
        for each in registered:
            inner = facts | each.facts
            needed = own + each.dependencies
            routes = below(outer, each.routes)
            match each.role:
                case "include" | "route" | "mount":
                    for option in options(plain(each.value)):
                        if isinstance(option, Object) and self.kind(option) != "application":
                            if self.kind(option):
                                yield from self.entries(option, inner, needed, seen, routes)
                            elif option.cls is not None:
                                yield Entry("endpoint", option, inner, (), each.place, routes=routes)
                        elif isinstance(option, FunctionValue):
                            yield Entry("endpoint", option, inner, (), each.place, routes=routes)
                case "endpoint":
                    yield Entry(each.role, each.value, inner, needed, each.place, each.present, routes)
                case "middleware" | "dispatch" | "handler":
                    yield Entry(each.role, each.value, inner, (), each.place, routes=outer)
        for dependency in own:
            if not dependencies or dependency not in dependencies:
                yield Entry("dependency", dependency, facts, (), registered[0].place if registered else _NOWHERE)

    def mounted(self, owner: Object, seen: frozenset[str] = frozenset()) -> Iterator[Object]:
        """Yield the applications that are mounted below ``owner``."""
        if owner.site in seen:
            return
        for each in self.registrations.get(owner.site, ()):
            if each.role in ("mount", "include", "route"):
                for option in options(plain(each.value)):
                    if isinstance(option, Object):
                        if self.kind(option) == "application":
                            yield option
                        yield from self.mounted(option, seen | {owner.site})


_SINGLE = frozenset({"lifespan", "endpoint", "mount"})
_NOWHERE = Place("", 0, 0, 0, 0)
_MOST_ROUTES = 16


def below(outer: tuple[Route, ...], inner: tuple[Route, ...]) -> tuple[Route, ...]:
    """Return routes as they are served below the prefixes ``outer``; a route of a Route object keeps its verbs."""
    found = (Route(left.path + right.path, right.verbs or left.verbs) for left in outer for right in inner)
    return tuple(itertools.islice(found, _MOST_ROUTES))


def _joined(left: Path, right: Path) -> Path:
    store = join_stores(left.store, right.store, left.facts, right.facts)
    return Path(left.env, store, left.facts & right.facts)
