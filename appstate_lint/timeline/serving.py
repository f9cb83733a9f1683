"""Serving, and what ends it: one request is one chain, and the order among chains is unknown (DESIGN 5.1)."""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.facts import flow
from appstate_lint.model import Phase
from appstate_lint.timeline.beside import Beside, with_effects
from appstate_lint.timeline.components import YIELDED
from appstate_lint.timeline.paths import Path, merge
from appstate_lint.timeline.presence import (
    MISSING,
    PRESENT,
    Key,
    Store,
    differing,
    is_mark,
    kept,
)
from appstate_lint.timeline.records import Records
from appstate_lint.timeline.registrations import Entry
from appstate_lint.timeline.starting import at_place
from appstate_lint.timeline.values import (
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Invocation,
    Object,
    Value,
    options,
    plain,
)

MOST_SERVING_PASSES = 3


class Serving(Beside):
    """Runs what the framework calls while the service serves."""

    served: dict[str, int]
    served_effects: Store | None
    set_at_start: set[Key]
    assumed: dict[frozenset[Key], tuple[Store, Store]]
    """What code finds that was registered when certain components were there: the store asked for last, and that."""

    def serve_all(self, application: Object, started: Path) -> Path:
        """Run every entry point of the serving phase from what start-up left, joined with what serving changes."""
        self.phase = Phase.SERVING
        self.deciding = self.decided_by(started.store)
        entries = list(self.entries(application))
        inner = [(each, list(self.entries(each))) for each in self.mounted(application)]
        self.served[application.site] = len(entries) + sum(len(each) for _, each in inner)
        current = Path({}, started.store, started.facts)
        self.reach_shutdown(application, current)
        self.set_at_start |= {key for key, cell in started.store.items() if cell.bits & PRESENT}
        for _ in range(MOST_SERVING_PASSES):
            effects: Path = Path({}, current.store, current.facts)
            self.baseline, self.baseline_facts = current.store, current.facts
            effects = self.run_spawned(started, current, effects)
            for owner, several in [(application, entries), *inner]:
                self.application = owner
                if owner is not application:
                    made = Path({}, current.store, current.facts)
                    self.make_middleware(owner, made)
                    effects = with_effects(effects, made)
                for entry in several:
                    effects = self.serve_entry(entry, current, effects)
            self.application = application
            effects = self.run_spawned(started, current, effects)
            if self.early is not None:
                self.serve_early(entries, self.early, current)
            effects = self.serve_unplaced(application, current, effects)
            effects = self.run_possible(current, effects)
            effects.store = self.unread(kept(effects.store, current.store), current.store)
            if effects.store == current.store:
                break
            current = Path({}, effects.store, current.facts)
        self.served_effects = {key: cell for key, cell in current.store.items() if started.store.get(key) != cell}
        return current

    def unread(self, store: Store, before: Store) -> Store:
        """Return what serving made of a store without what only its reads made present: one request is not another."""
        written = {(each.owner, each.component) for each in self.records.occurrences.values() if each.initializes}
        absent = {
            key: known
            for key, cell in store.items()
            if cell.bits & PRESENT and not (known := before.get(key, MISSING)).bits & PRESENT
            if key not in written and not is_mark(key) and not self.is_open(key[0])
        }
        return {**store, **absent} if absent else store

    def reach_shutdown(self, application: Object, serving: Path) -> None:
        """Find out what code shutdown runs, so that it does not count as possibly reached while serving."""
        pending = [each for entries in self.exits.values() for each in entries if not each.done]
        kept = self.records, self.results, self.waiting, self.phase
        self.records, self.results, self.waiting = Records(), {}, dict(self.waiting)
        self.shut_down(application, serving)
        reached = self.records.reached
        self.records, self.results, self.waiting, self.phase = kept
        self.records.reached |= reached
        for each in pending:
            each.done = False
        self.stack.clear()

    def serve_early(self, entries: list[Entry], early: Path, current: Path) -> None:
        """Serve requests while the code still runs that the framework starts when it already serves."""
        late = {key: early.store.get(key, MISSING) for key, cell in current.store.items() if cell.bits & PRESENT}
        late = {key: cell for key, cell in late.items() if not cell.bits & PRESENT and not is_mark(key)}
        self.spawned = True
        before = Path({}, {**current.store, **late}, early.facts)
        for entry in entries:
            self.serve_entry(entry, before, before.fork())
        self.spawned = False

    def serve_unplaced(self, application: Object, current: Path, effects: Path) -> Path:
        """Serve the routers that nothing includes, where some include could not be followed: it may be theirs."""
        if not self.unseen_includes:
            return effects
        placed = {each.site for owner in self.known_applications() for each in self.included(owner)}
        self.possible = True
        for file in tuple(self.found_by_name()):
            self.import_module(file)
        for router in list(self.owners.values()):
            if self.kind(router) == "router" and router.site not in placed:
                for entry in self.entries(router):
                    effects = self.serve_entry(entry, current, effects)
        self.possible = False
        return effects

    def found_by_name(self) -> Iterator[str]:
        """Yield the modules of routers that some file may find and include: those in folders beside code that runs."""
        for file in () if self.includers.isdisjoint(self.finders) else self.mentions.unnamed_routers:
            around = "/".join(file.split("/")[:-2])
            if any(each.startswith(f"{around}/" if around else "") for each in self.imported):
                yield file

    def serve_entry(self, entry: Entry, current: Path, effects: Path) -> Path:
        """Run one request: dependencies in order, then the endpoint."""
        path = Path({}, self.store_with(entry.present, current.store), current.facts | entry.facts)
        at = at_place(entry.place)
        self.stack.clear()
        self.framed(entry.place, path)
        for condition, truth in entry.facts:
            self.hold(path, condition, truth)
        from appstate_lint.timeline.values import Dependency

        for dependency in entry.dependencies:
            if isinstance(dependency, Dependency) and dependency.function is not None:
                self.serve(dependency.function, path, at)
        for option in options(plain(entry.value)):
            once = path.fork()
            self.one_entry(entry, option, once, at)
            self.forget_request(once, current)
            effects = with_effects(effects, once)
        for name in self.frame.read if self.tracing else ():
            self.records.readers.setdefault(name, set()).add((self.role_of(entry), entry.place))
        self.unframe()
        return effects

    def store_with(self, present: frozenset[Key], store: Store) -> Store:
        """Return a store with what was there when code was registered; many entries ask the same of the same store."""
        known = self.assumed.get(present)
        if known is None or known[0] is not store:
            path = Path({}, store)
            self.assume(present, path)
            known = self.assumed[present] = (store, path.store)
        return known[1]

    def role_of(self, entry: Entry) -> str:
        """Return what an entry point is to people: a route, a websocket, or its role."""
        if entry.role != "endpoint":
            return entry.role
        conversation = any(self.is_conversation(each) for each in options(plain(entry.value)))
        return "websocket" if conversation else "route"

    def forget_request(self, path: Path, current: Path) -> None:
        """Take back what a request did to its own state: each one starts from what the lifespan yielded."""
        if any(key[0].endswith(YIELDED) for key in differing(path.store, current.store)):
            kept = {key: cell for key, cell in path.store.items() if not key[0].endswith(YIELDED)}
            path.store = kept | {key: cell for key, cell in current.store.items() if key[0].endswith(YIELDED)}

    def one_entry(self, entry: Entry, value: Value, path: Path, at: flow.At) -> None:
        from appstate_lint.timeline.values import Dependency

        if isinstance(value, Dependency):
            if value.function is not None:
                self.serve(value.function, path, at)
        elif entry.role == "middleware":
            self.run_middleware(entry, value, path, at)
        elif entry.role == "route-class":
            self.run_route_class(value, path, at)
        elif isinstance(value, ClassValue):
            self.run_view(value, path, at)
        else:
            self.in_route = entry.role == "endpoint" and not self.is_conversation(value)
            self.serve(value, path, at)
            self.in_route = False

    def is_conversation(self, value: Value) -> bool:
        """Tell whether a route's function serves a connection, which others may wait for, and not one request."""
        if not isinstance(value, FunctionValue):
            return False
        params = self.project.function(value.file, value.index).params
        named = (each for param in params for each in self.annotated(param.annotation, value.file, None))
        specs = (self.tables.classes.get(dotted) for _, _, _, dotted in named)
        return any(spec is not None and spec.conversation for spec in specs)

    def run_middleware(self, entry: Entry, value: Value, path: Path, at: flow.At) -> None:
        """Run what a middleware does with a request."""
        if not isinstance(value, Invocation):
            return
        if isinstance(value.function, ClassValue):
            made = self.middleware_objects.get((value, entry.place), UNKNOWN)
            for option in options(made):
                if isinstance(option, Object) and option.cls is not None:
                    self.run_methods(option, option.cls, ("dispatch", "__call__"), path, at)
        for _, argument in value.keywords:
            if isinstance(argument, FunctionValue):
                self.serve(argument, path, at)
        if isinstance(value.function, FunctionValue):
            self.serve(value.function, path, at)

    def run_route_class(self, value: Value, path: Path, at: flow.At) -> None:
        """Run what the methods of a class of routes return, which takes the requests of its endpoints."""
        if not isinstance(value, ClassValue):
            return
        route = Object(f"any {value.file}:{value.index}", value, self.external_base(value))
        spec = self.spec(route)
        for name in spec.entries if spec is not None else ():
            method = self.method(value, name)
            if method is not None:
                bound = FunctionValue(method.file, method.index, method.scope, route)
                self.serve(self.run(bound, (), (), path, at), path, at)

    def run_methods(self, owner: Object, cls: ClassValue, names: tuple[str, ...], path: Path, at: flow.At) -> None:
        for name in names:
            method = self.method(cls, name)
            if method is not None:
                once = path.fork()
                self.serve(FunctionValue(method.file, method.index, method.scope, owner), once, at)
                path.become(merge(path, once))

    def run_view(self, cls: ClassValue, path: Path, at: flow.At) -> None:
        """Run the methods of a class that serves requests."""
        made = self.construct(cls, (UNKNOWN,), (), path, at)
        spec = self.spec(made)
        names = (
            spec.entries if spec is not None and spec.entries else ("__call__", "get", "post", "put", "delete", "patch")
        )
        if names == ("*",):
            names = tuple(self.decorated_methods(cls))
        if isinstance(made, Object) and made.cls is not None:
            self.run_methods(made, made.cls, names, path, at)

    def decorated_methods(self, cls: ClassValue) -> Iterator[str]:
        """Yield the methods of a class, and of its bases, that have a decorator."""
        for base in self.bases(cls):
            for name, index in self.project.methods(base.file, base.index).items():
                if self.project.function(base.file, index).decorators:
                    yield name

    def shut_down(self, application: Object, serving: Path) -> None:
        """Run the shutdown handlers."""
        self.phase = Phase.SHUTDOWN
        self.application = application
        path = Path({}, serving.store, serving.facts)
        self.stack.clear()
        idle = {each.place for each in self.idle(application)}
        started = [each for each in self.mounted(application) if each.site in self.entered]
        for owner in (application, *self.started_with(application), *started):
            self.application = owner if owner in started else application
            for each in self.registrations.get(owner.site, ()):
                if each.role == "shutdown" and not path.dead and each.place not in idle:
                    self.call_handler(each, path, self.application)
                    path.dead = False
        self.application = application
        for stack, entries in list(self.exits.items()):
            if not any(each.done for each in entries) and entries:
                self.framed(entries[0].place, path)
                self.unwind(stack, path, False)
                self.unframe()
