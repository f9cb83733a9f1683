"""What code registers on applications and routers, and what the framework will call because of it."""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.facts.flow import At
from appstate_lint.frameworks import Call as CallTable
from appstate_lint.model import Phase, Place
from appstate_lint.timeline.exits import Exits
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.presence import ABSENT, BORN, REGISTERED, VALUE, Cell, Facts, Key, lasting
from appstate_lint.timeline.records import EARLY, Late, NotRun
from appstate_lint.timeline.registrations import Entry, Registration, below
from appstate_lint.timeline.values import (
    ANYWHERE,
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Keywords,
    Object,
    Registrar,
    Route,
    Value,
    options,
    plain,
)
from appstate_lint.timeline.values import NONE as NONE_VALUE

MOST_INCLUDES = 30


class Registry(Exits):
    """Keeps registrations and created applications."""

    registrations: dict[str, list[Registration]]
    owners: dict[str, Object]
    applications: dict[str, tuple[Object, str, Place]]
    unseen_includes: set[str]
    includers: set[str]
    """The files whose code makes these includes."""
    remade: set[str]
    """Sites of applications that are made again once the service runs."""
    listening: str
    prefixes: dict[str, Route]

    def created(self, application: Object, path: Path, at: At) -> None:
        born = (self.canonical(application).site, BORN)
        self.frame.touched.add(born)
        path.put(born, Cell(VALUE))
        if self.muted:
            return
        modules = (frame.file for frame in reversed(self.frames) if frame.function is None)
        module = next((file for file in modules if file in self.running), "")
        self.activity += 1
        if self.phase not in (Phase.IMPORT, Phase.BUILD):
            self.remade.add(application.site)
        self.applications.setdefault(application.site, (application, module, self.place(at)))
        if self.phase is Phase.IMPORT:
            self.phase = Phase.BUILD

    def register(
        self, owner: Value, role: str, value: Value, path: Path, at: At, dependencies: tuple[Value, ...] = (),
        route: Route = ANYWHERE,
    ) -> None:  # fmt: skip
        """Put code on an application or router."""
        if not isinstance(owner, Object) or path.dead or not role or self.muted:
            return
        present: frozenset[Key] = frozenset()
        if self.phase in EARLY:
            self.mark(owner, path)
            present = frozenset(key for key, cell in path.store.items() if not cell.bits & ABSENT)
        entry = Registration(
            role, value, lasting(path.facts), dependencies, self.phase, self.place(at), present, (route,)
        )
        self.activity += 1
        self.owners[owner.site] = owner
        known = self.registrations.setdefault(owner.site, [])
        for index, each in enumerate(known):
            if each.role == role and each.value == value:
                routes = each.routes if route in each.routes else (*each.routes, route)
                known[index] = each._replace(routes=routes, present=each.present & present)
                return
        known.append(entry)

    def mark(self, owner: Object, path: Path) -> None:
        """Note that the running function registers code: what is written wherever that happens comes along."""
        key = (self.canonical(owner).site, f"{REGISTERED}{self.frame.file}:{self.frame.index}")
        self.frame.touched.add(key)
        path.put(key, Cell(VALUE))

    def registered(self, owner: Object, role: str) -> tuple[Value, ...]:
        return tuple(each.value for each in self.registrations.get(owner.site, ()) if each.role == role)

    def replace_code(self, owner: Object, role: str, value: Value, at: At, path: Path) -> None:
        if path.dead or self.muted:
            return
        kept = self.registrations.get(owner.site, [])
        kept[:] = [each for each in kept if each.role != role]
        for option in options(plain(value)):
            if option != NONE_VALUE:
                self.register(owner, role, option, path, at)

    def decorate(self, registrar: Registrar, args: tuple[Value, ...], path: Path, at: At) -> Value:
        if not args:
            return UNKNOWN
        if registrar.dropped:
            self.note_dropped(registrar.dropped, registrar.role, args[0], at)
            return args[0]
        self.register(registrar.owner, registrar.role, args[0], path, at, registrar.dependencies, registrar.route)
        return args[0]

    def framework_of(self, owner: Object) -> str:
        """Return the name of the framework whose class an object is of."""
        spec = self.spec(owner)
        return spec.framework if spec is not None else ""

    def note_dropped(self, what: str, role: str, code: Value, at: At) -> None:
        """Note code that is registered by what the framework has no more."""
        if isinstance(code, FunctionValue) and not self.muted:
            name = self.project.function(code.file, code.index).qualname
            place = self.place(at)
            self.records.not_run.setdefault(place, NotRun(place, what, code.file, name, role))

    def note_late(
        self, table: CallTable, owner: Object, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At
    ) -> None:
        """Note a call that comes too late: the application has started, and the framework refuses or ignores it."""
        late = self.phase in (Phase.STARTUP, Phase.SERVING) and owner.site == self.listening
        if not late or self.muted or self.possible or path.dead or owner.site in self.remade:
            return
        effect = table.late
        included = self.argument(table.arguments, table.function, args, keywords) if table.role == "include" else None
        if included is not None and any(map(self.has_start, options(plain(included)))):
            effect = "ignored"
        if effect:
            place = self.place(at)
            found = Late(place, table.names[0], effect, self.phase, self.frame.name, self.trail())
            self.records.late.setdefault(place, found)

    def has_start(self, router: Value) -> bool:
        """Tell whether a router has a lifespan of its own."""
        registered = self.registrations.get(router.site, ()) if isinstance(router, Object) else ()
        return any(each.role == "lifespan" for each in registered)

    def note_include(self, owner: Object, role: str, value: Value) -> None:
        """Note an include that cannot be followed: routers named nowhere else may be served by it."""
        if role == "include" and not isinstance(value, Object):
            self.include_unseen(owner)

    def include_unseen(self, owner: Object) -> None:
        """Note that this code puts something on an application or router which cannot be followed."""
        self.unseen_includes.add(owner.site)
        self.includers.add(self.frame.file)

    # ------------------------------------------------------------ what is served

    def entries(
        self,
        owner: Object,
        facts: Facts = frozenset(),
        dependencies: tuple[Value, ...] = (),
        seen: frozenset[str] = frozenset(),
        outer: tuple[Route, ...] = (ANYWHERE,),
        present: frozenset[Key] = frozenset(),
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
            there = present | each.present
            routes = below(outer, each.routes)
            match each.role:
                case "include" | "route" | "mount":
                    for option in options(plain(each.value)):
                        if isinstance(option, Object) and self.kind(option) != "application":
                            if self.kind(option):
                                yield from self.entries(option, inner, needed, seen, routes, there)
                            elif option.cls is not None:
                                yield Entry("endpoint", option, inner, (), each.place, there, routes)
                        elif isinstance(option, (FunctionValue, ClassValue)):
                            yield Entry("endpoint", option, inner, (), each.place, there, routes)
                case "endpoint":
                    yield Entry(each.role, each.value, inner, needed, each.place, there, routes)
                case "middleware" | "dispatch" | "handler" | "route-class":
                    yield Entry(each.role, each.value, inner, (), each.place, there, outer)
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


_NOWHERE = Place("", 0, 0, 0, 0)
