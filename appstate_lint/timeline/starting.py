"""Start-up: middleware, lifespans, contexts, handlers and mounted applications, in the order of the framework."""

from __future__ import annotations

from collections.abc import Iterator, Set

from appstate_lint.facts import flow
from appstate_lint.model import Phase, Place
from appstate_lint.timeline.frames import Frame
from appstate_lint.timeline.paths import Path, merge
from appstate_lint.timeline.presence import (
    ABSENT,
    MISSING,
    PRESENT,
    VALUE,
    Cell,
    Facts,
    Key,
    Store,
    given,
    is_mark,
    join_stores,
    proved,
    with_clause,
    without,
)
from appstate_lint.timeline.records import Dropped
from appstate_lint.timeline.registration import Registering
from appstate_lint.timeline.registrations import Registration
from appstate_lint.timeline.values import (
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Holder,
    Invocation,
    Object,
    Unknown,
    Value,
    options,
    plain,
)

MOST_PASSES = 2


class Starting(Registering):
    """Runs the start-up of applications."""

    served_effects: Store | None
    early: Path | None
    """Where the framework began to serve, if some start-up code runs after that."""
    starting: set[str]

    def make_middleware(self, application: Object, path: Path) -> None:
        """Run the ``__init__`` of middleware classes, which the framework makes before start-up."""
        for owner in (application, *self.included(application)):
            for each in self.registrations.get(owner.site, ()):
                if each.role == "middleware":
                    self.make_one(each, path)

    def make_one(self, registration: Registration, path: Path) -> None:
        value = registration.value
        if isinstance(value, Object):
            for inner in self.registrations.get(value.site, ()):
                if inner.role == "middleware":
                    self.make_one(inner, path)
            return
        if isinstance(value, Invocation) and isinstance(value.function, ClassValue):
            once = path.fork()
            at = at_place(registration.place)
            made = self.construct(
                value.function,
                (Unknown("app_"), *value.args),
                value.keywords,
                self.framed(registration.place, once),
                at,
            )
            self.unframe()
            self.middleware_objects[(value, registration.place)] = made
            if not once.dead:
                path.store, path.facts = once.store, once.facts

    @property
    def middleware_objects(self) -> dict[tuple[Value, Place], Value]:
        """The instances of middleware classes, by registration."""
        objects: dict[tuple[Value, Place], Value] = self.__dict__.setdefault("_middleware_objects", {})
        return objects

    def framed(self, place: Place, path: Path) -> Path:
        """Run what follows as if called from ``place``."""
        self.frames.append(Frame(place.file, None, 0, 0))
        return path

    def unframe(self) -> None:
        self.frames.pop()

    def started_with(self, application: Object) -> Iterator[Object]:
        """Yield the routers whose start-up and shutdown code the framework runs with that of an application."""
        yield from (each for each in self.included(application, roles=("include",)) if self.kind(each) == "router")

    def included(
        self, owner: Object, seen: frozenset[str] = frozenset(), roles: tuple[str, ...] = ("include", "route", "mount")
    ) -> Iterator[Object]:
        """Yield routers and routes that an application includes, in order."""
        for each in self.registrations.get(owner.site, ()):
            if each.role in roles:
                for option in options(plain(each.value)):
                    if (
                        isinstance(option, Object)
                        and self.kind(option) in ("router", "route")
                        and option.site not in seen
                    ):
                        yield option
                        yield from self.included(option, seen | {owner.site, option.site}, roles)

    def start_up(self, application: Object, path: Path) -> tuple[Store, Facts] | None:
        """Run the lifespan or the start-up handlers; return the state when serving begins."""
        inside = application.site in self.starting
        self.starting.add(application.site)
        ends = self.start_up_once(application, path, inside)
        if not inside:
            self.starting.discard(application.site)
        return ends

    def start_up_once(self, application: Object, path: Path, inside: bool) -> tuple[Store, Facts] | None:
        """Do that; ``inside`` a lifespan that takes the place of the default one, only the handlers are left to run."""
        spec = self.spec(application)
        if spec is not None and spec.starts:
            return self.start_in_order(application, spec.starts, path)
        own = self.registrations.get(application.site, [])
        lifespans = [each for each in own if each.role == "lifespan" and not inside]
        handlers = [each for each in own if each.role == "startup"]
        without = path.fork() if lifespans and handlers and application.site in self.optional else None
        if without is not None:
            self.call_handlers(handlers, without, application)
        handlers = [] if lifespans else handlers
        for router in self.started_with(application):
            registered = self.registrations.get(router.site, ())
            lifespans += [each for each in registered if each.role == "lifespan" and not inside]
            handlers += [each for each in registered if each.role == "startup"]
        current: Path | None = path
        if lifespans:
            current = merge(self.run_lifespans(lifespans, path), without)
        return self.call_handlers(handlers, current, application)

    def start_in_order(self, application: Object, roles: tuple[str, ...], path: Path) -> tuple[Store, Facts] | None:
        """Run what start-up consists of, role by role, each in the order of registration."""
        current: Path | None = path
        for role in roles:
            own = list(self.in_order(application, role, frozenset()))
            if role == "late" and own:
                self.early = current.fork() if current is not None else None
            if role == "context":
                for each in own:
                    current = self.run_context(each, current) if current is not None and not current.dead else None
            else:
                self.call_handlers(own, current, application)
        return None if current is None or current.dead else (current.store, current.facts)

    def in_order(self, owner: Object, role: str, seen: frozenset[str]) -> Iterator[Registration]:
        """Yield what is registered in a role: what an included router brings comes where it was included."""
        for each in self.registrations.get(owner.site, ()):
            if each.role == role:
                yield each
            elif each.role == "include":
                for option in options(plain(each.value)):
                    if isinstance(option, Object) and self.kind(option) == "router" and option.site not in seen:
                        yield from self.in_order(option, role, seen | {owner.site})

    def start_mounted(self, application: Object, path: Path) -> None:
        """Run the start-up of a mounted application, which the framework runs with that of the one around it."""
        if application.site in self.starting:
            return  # mounted in itself
        outer, self.application = self.application, application
        self.entered.add(application.site)
        known, around = self.starting, {outer.site} if outer is not None else set()
        self.starting = known | around | {application.site}
        ends = self.start_up(application, path)
        self.starting = known
        self.application = outer
        if ends is None:
            path.dead = True
        else:
            path.store, path.facts = ends

    def run_handlers(self, application: Object, path: Path) -> tuple[Store, Facts] | None:
        """Run the start-up handlers of an application alone; return the state behind them."""
        own = self.registrations.get(application.site, ())
        return self.call_handlers([each for each in own if each.role == "startup"], path, application)

    def call_handlers(
        self, handlers: list[Registration], path: Path | None, application: Object
    ) -> tuple[Store, Facts] | None:
        for each in handlers:
            if path is None or path.dead:
                break
            self.call_handler(each, path, application)
        return None if path is None or path.dead else (path.store, path.facts)

    def start_now(self, application: Object, path: Path, handlers: bool = False) -> None:
        """Run an application's start-up (or only its handlers) where code runs it by hand, a lifespan manager say."""
        phase, current, stack, listening = self.phase, self.application, list(self.stack), self.listening
        self.phase, self.application, self.listening = Phase.STARTUP, application, ""
        self.entered.add(application.site)
        once = path.fork()
        ends = self.run_handlers(application, once) if handlers else self.start_up(application, once)
        self.phase, self.application, self.listening = phase, current, listening
        self.stack[:] = stack
        if ends is None:
            path.dead = True
        else:
            path.store, path.facts = ends

    def call_handler(self, registration: Registration, path: Path, application: Object) -> None:
        """Run a start-up or shutdown handler; one that was registered under a condition may not run."""
        extra = registration.facts - path.facts
        once = path.fork() if extra else path
        self.assume(registration.present, once)
        once.facts |= extra
        self.framed(registration.place, once)
        self.conditional += bool(extra)
        self.in_hook = True
        self.call_hook(registration.value, once, at_place(registration.place), application)
        self.in_hook = False
        self.conditional -= bool(extra)
        self.unframe()
        self.settle(once)
        if extra:
            path.become(_unless(extra, once, path))

    def call_hook(self, code: Value, path: Path, at: flow.At, application: Object) -> None:
        """Call a start-up or shutdown handler, with the application if it takes something."""
        if isinstance(code, Object) and self.kind(code) == "application":
            if self.phase is Phase.STARTUP:
                self.start_mounted(code, path)
            return
        if isinstance(code, Invocation) and code.kind == "task-later":
            passed = isinstance(code.function, FunctionValue) and self.takes(code.function)
            self.start(code.function, (application,) if passed else (), (), path, at, "background")
            return
        given = self.hook_argument(code, application) if isinstance(code, FunctionValue) else ()
        self.serve(code, path, at, given)

    def takes(self, code: FunctionValue) -> bool:
        """Tell whether a function takes a positional argument that has no default."""
        params = self.project.function(code.file, code.index).params[code.bound is not None :]
        return any(param.kind in ("any", "positional") and param.default is None for param in params[:1])

    def hook_argument(self, code: FunctionValue, application: Object) -> tuple[Value, ...]:
        """Return what a start-up or shutdown handler is called with: the application, or its state, or nothing."""
        if not self.takes(code):
            return ()
        spec = self.spec(application)
        return (Holder(application),) if spec is not None and spec.hooks == "state" else (application,)

    def run_lifespans(self, lifespans: list[Registration], path: Path) -> Path | None:
        """Run lifespans up to their ``yield``; alternatives of the application's own are joined."""
        first = lifespans[0].place
        alternatives = [each for each in lifespans if each.place == first]
        later = [each for each in lifespans if each.place != first]
        joined: Path | None = None
        self.in_hook = len(alternatives) == 1
        for each in alternatives:
            joined = merge(joined, self.run_lifespan(each, path.fork()))
        self.in_hook = False
        for each in later:
            if joined is not None:
                joined = self.run_lifespan(each, joined)
        return joined

    def run_context(self, registration: Registration, path: Path) -> Path | None:
        """Run one context up to its ``yield``; one that was registered under a condition may not run."""
        extra = registration.facts - path.facts
        once = path.fork()
        once.facts |= extra
        self.conditional += bool(extra)
        self.in_hook = True
        ended = self.run_lifespan(registration, once)
        self.in_hook = False
        self.conditional -= bool(extra)
        return _unless(extra, ended, path) if extra else ended

    def run_lifespan(self, registration: Registration, path: Path) -> Path | None:
        """Run one lifespan; return the path at its ``yield``; the rest runs at shutdown."""
        ends: list[Path] = []
        at = at_place(registration.place)
        before, path = path, path.fork()
        self.assume(registration.present, path)
        for option in options(plain(registration.value)):
            once = path.fork()
            self.framed(registration.place, once)
            result = self.lifespan_result(option, once, at)
            for each in options(plain(result)):
                if isinstance(each, Invocation) and isinstance(each.function, FunctionValue):
                    self.until_yield(each, once.fork(), at, ends)
                elif isinstance(each, Object) and each.cls is not None:
                    self.until_entered(each, each.cls, once, at, ends)
                elif isinstance(each, Object) and self.given_to.get(each.site):
                    self.several(each, once, at, ends)
                else:
                    ends.append(once)
            self.unframe()
        joined: Path | None = None
        for end in ends:
            joined = merge(joined, end)
        if joined is not None and path.store is not before.store:
            joined.store = without(joined.store, path.store, before.store)
        return joined

    def lifespan_result(self, value: Value, path: Path, at: flow.At) -> Value:
        """Return what calling a lifespan with the application gives."""
        application = self.application or UNKNOWN
        if isinstance(value, Object) and value.cls is None:
            return value
        if isinstance(value, FunctionValue):
            facts = self.project.function(value.file, value.index)
            taken = len([param for param in facts.params if param.kind in ("any", "positional", "args")])
            args = (application,) if taken > (value.bound is not None) else ()
            return self.invoke(value, args, (), path, at)
        return self.invoke(value, (application,), (), path, at)

    def until_yield(self, code: Invocation, path: Path, at: flow.At, ends: list[Path]) -> None:
        """Run a generator; collect the paths at its ``yield`` and go on in the shutdown phase."""
        assert isinstance(code.function, FunctionValue)

        def serve(inner: Path, value: Value) -> Value:
            self.hand_on(value, inner)
            if self.phase is Phase.STARTUP:
                ends.append(Path({}, inner.store, inner.facts))
                self.phase = Phase.SHUTDOWN
                effects = self.served_effects
                if effects is not None:
                    new = {
                        key: cell
                        for key, cell in effects.items()
                        if cell.gone or not inner.store.get(key, MISSING).bits & PRESENT
                    }
                    inner.store = join_stores(inner.store, {**inner.store, **new}, frozenset(), frozenset())
            else:
                ends.append(Path({}, inner.store, inner.facts))
            return UNKNOWN

        self.phase = Phase.STARTUP
        self.inner_yields = set()
        self.run(code.function, code.args, code.keywords, path, at, serve)
        self.phase = Phase.STARTUP

    def hand_on(self, value: Value, path: Path) -> None:
        """Put what a lifespan yields into the state of requests."""
        state = self.yielded_state()
        if self.phase is not Phase.STARTUP or not isinstance(state, Holder):
            return
        names = self.yielded_names(value)
        if names is None:
            self.open_holder(state.owner, self.yield_at, "what the lifespan yields is not known")
            return
        for name, each in names.items():
            self.write(state.owner, name, each, self.yield_at, path)
        if self.inner_yields - names.keys() and not self.muted:
            place, lost = self.place(self.yield_at), frozenset(self.inner_yields - names.keys())
            self.records.dropped.setdefault(place, Dropped(place, lost, self.frame.name, self.trail()))

    def until_entered(self, manager: Object, cls: ClassValue, path: Path, at: flow.At, ends: list[Path]) -> None:
        """Run ``__aenter__`` of a lifespan that is an object; ``__aexit__`` runs at shutdown."""
        for name in ("__aenter__", "__enter__"):
            method = self.method(cls, name)
            if method is not None:
                self.run(FunctionValue(method.file, method.index, method.scope, manager), (), (), path, at)
                break
        if path.dead:
            return
        ends.append(path.fork())
        self.phase = Phase.SHUTDOWN
        for name in ("__aexit__", "__exit__"):
            method = self.method(cls, name)
            if method is not None:
                self.run(FunctionValue(method.file, method.index, method.scope, manager), (), (), path.fork(), at)
                break
        self.phase = Phase.STARTUP

    def several(self, manager: Object, path: Path, at: flow.At, ends: list[Path]) -> None:
        """Run the lifespans that were added to an object which is then used as lifespan, in order."""
        current: Path | None = path
        for function, facts in self.parts_of(manager, frozenset(), 0):
            inner: list[Path] = []
            if current is None:
                return
            known = current.facts
            current.facts |= facts
            result = self.lifespan_result(function, current, at)
            if isinstance(result, Invocation) and isinstance(result.function, FunctionValue):
                if self.project.function(result.function.file, result.function.index).is_generator:
                    self.until_yield(result, current, at, inner)
                else:
                    self.finish(result, current, at)
                    inner.append(current)
            current = None
            for end in inner:
                current = merge(current, end)
            if current is not None:
                current.facts -= facts - known
        if current is not None:
            ends.append(current)

    def parts_of(self, manager: Object, facts: Facts, depth: int) -> Iterator[tuple[Value, Facts]]:
        """Yield the lifespans that an object was given, directly or through another, with their conditions."""
        for value, own in list(self.given_to.get(manager.site, ())):
            if isinstance(value, Object) and depth < MOST_PASSES * 4:
                yield from self.parts_of(value, facts | own, depth + 1)
            elif not isinstance(value, Object):
                yield value, facts | own

    def assume(self, present: Set[Key], path: Path) -> None:
        """Take as present what was so when the code was registered which is about to run, or what comes with that."""
        facts = proved((key for key in present if is_mark(key)), path.store)
        for key, cell in path.store.items() if present else ():
            if cell.bits & ABSENT and not cell.gone:
                if key in present:
                    path.put(key, Cell(cell.bits & PRESENT or VALUE))
                elif cell.clauses and facts:
                    path.put(key, given(cell._replace(clauses=frozenset(each - facts for each in cell.clauses)), facts))


def _unless(facts: Facts, ended: Path | None, path: Path) -> Path | None:
    """Join where code ended that runs only if ``facts`` hold with the path without it."""
    other = path.fork()
    if len(facts) == 1:
        other.facts |= {(name, not truth) for name, truth in facts}
    joined = merge(ended, other)
    if joined is not None and ended is not None and not ended.dead:
        joined.store = with_clause(joined.store, facts, ended.store)
    return joined


def at_place(place: Place) -> flow.At:
    return (place.line, place.column, place.end_line, place.end_column)
