"""An application's life, interpreted: import → build → startup → serving → shutdown (DESIGN 5.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set

from appstate_lint.facts import flow
from appstate_lint.frameworks import Tables
from appstate_lint.model import Kind, Phase, Place
from appstate_lint.project import Project
from appstate_lint.project.launchers import MODULE, Root, is_main
from appstate_lint.project.mentions import Mentions
from appstate_lint.timeline.components import YIELDED
from appstate_lint.timeline.heap import Frame, Path, Scoped, merge
from appstate_lint.timeline.idling import Idling
from appstate_lint.timeline.parts import EXIT
from appstate_lint.timeline.phasing import NOTHING, Declared
from appstate_lint.timeline.presence import (
    ABSENT,
    HAS,
    MISSING,
    PRESENT,
    Cell,
    Facts,
    Key,
    Store,
    about,
    is_about,
    is_mark,
    join_stores,
    kept,
    rewritten,
)
from appstate_lint.timeline.records import CallStep, Records
from appstate_lint.timeline.registration import Entry, Spawned
from appstate_lint.timeline.starting import MOST_PASSES, at_place
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
_MOST_IN_ORDER = 64


class Life(Idling):
    """Interprets what one launcher starts; afterwards ``records`` and ``lives`` hold what happened."""

    def __init__(
        self,
        project: Project,
        tables: Tables,
        mentions: Mentions,
        root: Root | None,
        told: Set[Place] = frozenset(),
        factories: Set[tuple[str, int]] = frozenset(),
        declared: Declared = NOTHING,
    ) -> None:
        super().__init__(project, tables)
        self.phasing, self.declared, self.tracing = declared
        self.factories = factories
        self.told = told
        self.mentions = mentions
        self.root = root
        self.calls_made = 0
        self.exhausted = False
        self.served: dict[str, int] = {}
        self.set_at_start: set[Key] = set()
        self.served_effects = None
        self.early = None
        self.listening = ""
        """The site of the application whose server has started: its middleware stack is built."""
        self.targets: list[tuple[Object, Store, Facts]] = []
        self._reset()

    def own_names(self, function: FunctionValue) -> frozenset[str]:
        return self.mentions.names(function.file, function.index)

    def known_applications(self) -> list[Object]:
        return [application for application, _, _ in self.applications.values()]

    def named_methods(self, name: str) -> tuple[tuple[str, int], ...]:
        return tuple(each for each in self.mentions.methods_named(name) if each[0] in self.modules)

    def _reset(self) -> None:
        """Forget what was written down, but not what values were seen."""
        self.records = Records()
        self.results = {}
        self.modules = {}
        self.running = set()
        self.lists = {}
        self.dicts = {}
        self.class_envs = {}
        self.registrations = {}
        self.owners = {}
        self.waiting = {}
        self.fresh = []
        self.asked = set()
        self.applications = {}
        self.launches = []
        self.unseen_includes = set()
        self.entered = set()
        self.remade = set()
        self.optional = set()
        self.exits = {}
        self.fresh_exits = []
        self.tasks = {}
        self.running_jobs = {}
        self.starting = set()
        self.unsettled = False
        self.prefixes = {}
        self.given_to = {}
        self.call_site = None
        self.call_sites = {}
        self.ended_in = None
        self.raising_always = {EXIT}
        self.active = set()
        self.made_at = {}
        self.made_here = {}
        self.bottom = set()
        self.baseline = {}
        self.baseline_facts = frozenset()
        self.generator_touches = False
        self.situations = {}
        self.summaries = {}
        self.activity = 0
        self.inert = {}
        self.inert_results = {}
        self.open = {}
        self.import_store: Store = {}
        self.unserved: set[str] = set()
        self.handed_out: Value = UNKNOWN
        self.registered_by_import: dict[str, int] = {}
        self.phase = Phase.IMPORT
        self.application = None
        self.frames = []
        self.stack = []
        self.raising = []
        self.catching = []
        self.conditional = 0
        self.imported: list[str] = []

    # ------------------------------------------------------------ modules

    def import_module(self, file: str) -> None:
        if file in self.modules or file in self.running:
            return
        facts = self.project.facts.get(file)
        if facts is None or (
            file in self.project.tests and (self.root is None or self.root.file not in self.project.tests)
        ):
            return
        self.running.add(file)
        self.imported.append(file)
        phase, conditional, catching = self.phase, self.conditional, self.catching
        raising, muted = self.raising, self.muted
        self.phase = Phase.IMPORT if self.phase is not Phase.UNREACHED else Phase.UNREACHED
        self.conditional, self.catching, self.raising, self.muted = 0, [], [], 0
        path = Path({}, self.import_store)
        self.modules[file] = path
        frame = Frame(file, None, 0, 0)
        self.frames.append(frame)
        self.stack.append(CallStep(file, 1, "<module>", self.phase))
        for statement in facts.body:
            if is_main(statement):
                if self.root is not None and self.root.main and file == self.root.file:
                    continue
                continue
            path.store = self.import_store
            self.block((statement,), path)
            path.dead = False
            self.take_imported(path)
            self.import_store = path.store
        self.stack.pop()
        self.frames.pop()
        own_build = self.root is not None and file == self.root.file and self.phase is Phase.BUILD
        self.phase = self.phase if own_build else phase
        self.conditional, self.catching, self.raising, self.muted = conditional, catching, raising, muted
        self.running.discard(file)
        for outer in self.frames[-1:]:
            if outer.function is None and outer.file in self.modules:
                self.modules[outer.file].store = self.import_store

    # ------------------------------------------------------------ the whole life

    def run_all(self) -> None:
        """Interpret the life until the values that it hands around no longer change.

        The first passes end where serving begins: they find the values that start-up code hands to serving code. One
        in which nothing changed after it was asked for goes on, for the next would be the same.
        """
        last = False
        for number in range(MOST_PASSES + 1):
            before = self.changes
            self._reset()
            self.once(before, last or number == MOST_PASSES)
            last = self.changes == before
            if self.served or (last and len(self.targets) <= 1):
                break

    def once(self, before: int, last: bool) -> None:
        """Interpret the life once; unless it is the ``last`` time, serve only if nothing changed since ``before``."""
        root = self.root
        assert root is not None
        self.import_module(root.file)
        self.registered_by_import = {site: len(each) for site, each in self.registrations.items()}
        self.targets = [each for each in self.build(root) if self.worth(root, each[0], each[1])]
        for application, store, facts in self.targets:
            ways = self.prepare(application, store, facts)
            settled = self.changes == before and len(self.targets) == 1
            if ways is not None and (last or settled) and not self.is_told(application):
                self.live(application, *ways)
            self.listening, self.living = "", None

    def is_told(self, application: Object) -> bool:
        """Tell whether a launcher tells the life of an application, of which this module only makes it."""
        _, module, place = self.applications[application.site]
        return self.root == Root(module, MODULE) and place in self.told

    def build(self, root: Root) -> list[tuple[Object, Store, Facts]]:
        """Run the launcher; return the applications that it makes or serves, with their state at that point."""
        before = set(self.applications)
        if root.function == MODULE and not root.main:
            return [
                (application, self.import_store, frozenset())
                for application, module, _ in list(self.applications.values())
                if (module == root.file or self.adopted(application, module)) and not self.is_mounted(application)
            ]
        self.phase = Phase.BUILD
        path = Path({}, self.import_store)
        if root.main:
            module = self.modules[root.file]
            path = Path(dict(module.env), self.import_store)
            self.frames.append(Frame(root.file, None, 0, 0))
            self.stack.append(CallStep(root.file, 1, '__name__ == "__main__"', self.phase))
            for statement in self.project.facts[root.file].body:
                if is_main(statement) and isinstance(statement, flow.If):
                    self.block(statement.body, path)
            self.frames.pop()
            self.stack.pop()
        else:
            self.frames.append(Frame(root.file, None, 0, 0))
            function = FunctionValue(root.file, root.function, 0, self.receiver(root))
            facts = self.project.function(root.file, root.function)
            self.application = None
            value = self.serve(function, path, facts.at)
            self.handed_out = value
            self.frames.pop()
        if self.launches:
            found = {application.site: (application, store, facts) for application, store, facts in self.launches}
            return [each for each in found.values() if not self.is_mounted(each[0])]
        made = [
            (application, path.store, path.facts)
            for site, (application, module, _) in list(self.applications.items())
            if (site not in before or module == root.file) and not self.is_mounted(application)
        ]
        returned = {each[0].site for each in made if self.holds(self.handed_out, each[0], 0)}
        self.unserved = {
            each[0].site for each in made if each[0].site not in returned and (returned or not self.leaves(each[0]))
        }
        return made

    def mounted_elsewhere(self) -> Iterator[Object]:
        """Yield applications of other modules that one of this life's applications mounts."""
        for application, _, _ in self.targets:
            for each in self.mounted(application):
                if self.root is not None and self.applications[each.site][1] not in ("", self.root.file):
                    yield each

    def leaves(self, application: Object) -> bool:
        """Tell whether an application outlives the launcher that made it: it is kept or handed to a server.

        Kept means in a global, on the object whose method the launcher is, or on one of a server's class.
        """
        kept = [
            *(value for (site, _), value in self.attributes.items() if site.endswith(":self")),
            *self.global_writes.values(),
            *(value for (file, index, _), value in self.class_attributes.items() if self.serves(file, index)),
        ]
        if any(application in options(plain(value)) for value in kept):
            return True
        return any(
            site == application.site and each.third_party and _SERVER.search(each.name.rpartition(".")[2])
            for (site, _), each in self.records.outside.items()
        )

    def serves(self, file: str, index: int) -> bool:
        """Tell whether a class extends what looks like a server that is not seen."""
        bases = (symbol.name for symbol in self.project.mro(file, index) if symbol.kind == "external")
        return any(_SERVER_BASE.search(name) for name in bases)

    def holds(self, value: Value, application: Object, depth: int) -> bool:
        """Tell whether ``application`` is in a value, or in a tuple, list or attribute of it."""
        for option in options(plain(value)):
            if option == application:
                return True
            if isinstance(option, Object) and depth < 2:
                kept = (value for (site, _), value in self.attributes.items() if site == option.site)
                if any(self.holds(each, application, depth + 1) for each in kept):
                    return True
            members = self.members(option) if depth < 2 else None
            if any(self.holds(each, application, depth + 1) for each in members or ()):
                return True
        return False

    def worth(self, root: Root, application: Object, store: Store) -> bool:
        """Tell whether a launcher has an application of its own: it makes one, or fills one that a module made."""
        if root.function == MODULE and not root.main:
            return True
        if not self.applications[application.site][1]:
            return True
        if len(self.registrations.get(application.site, ())) != self.registered_by_import.get(application.site, 0):
            return True
        return any(key[0] == application.site and self.import_store.get(key) != cell for key, cell in store.items())

    def adopted(self, application: Object, module: str) -> bool:
        """Tell whether another module than the one that makes an application puts something on its state."""
        return any(
            each.kind is Kind.WRITE and each.owner == application.site and each.place.file not in (module, "")
            for each in self.records.occurrences.values()
        )

    def receiver(self, root: Root) -> Value | None:
        """Return the object whose method a root is."""
        owner = self.project.function(root.file, root.function).owner
        if owner < 0:
            return None
        cls = ClassValue(root.file, owner)
        made = Object(f"{root.file}:{owner}:self", cls, self.external_base(cls))
        init = self.method(cls, "__init__")
        facts = self.project.function(root.file, root.function)
        if init is not None and facts.name != "__init__":
            path = Path({}, self.import_store)
            self.run(FunctionValue(init.file, init.index, init.scope, made), (), (), path, facts.at, None, entry=True)
        return made

    def is_mounted(self, application: Object) -> bool:
        """Tell whether another application mounts this one."""
        return any(
            application in self.mounted(other)
            for other, _, _ in list(self.applications.values())
            if other.site != application.site
        )

    def prepare(self, application: Object, store: Store, facts: Facts) -> tuple[Path, Path] | None:
        """Interpret the start-up of one application; return where it begins and ends, ``None`` if nothing serves it."""
        self.application = application
        if application.site in self.unserved:
            return None
        path = Path({}, store, facts)
        self.stack.clear()
        self.frames.clear()
        self.living = application
        self.phase = Phase.BUILD
        self.make_middleware(application, path)
        self.phase = Phase.STARTUP
        self.listening = application.site
        self.served_effects = None
        begun = path.fork()
        ends = self.start_up(application, path)
        started = Path({}, *ends) if ends is not None else Path({}, store, facts)
        return begun, started

    def live(self, application: Object, begun: Path, started: Path) -> None:
        """Interpret serving and shutdown of one application, which began to start at ``begun``."""
        serving = self.serve_all(application, started)
        effects: Store = self.served_effects or {}
        if effects:
            self.phase = Phase.STARTUP
            self.stack.clear()
            self.start_up(application, begun)
        self.shut_down(application, serving)
        self.note_not_run(application)

    # ------------------------------------------------------------ serving

    def serve_all(self, application: Object, started: Path) -> Path:
        """Run every entry point of the serving phase from what start-up left, joined with what serving changes."""
        self.phase = Phase.SERVING
        self.deciding = frozenset(
            part.removeprefix("not ")
            for cell in started.store.values()
            for clause in cell.clauses
            for name, _ in clause
            for part in (name, *name.split(" and "))
        )
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
                    effects = _joined(effects, made)
                for entry in several:
                    effects = self.serve_entry(entry, current, effects)
            self.application = application
            effects = self.run_spawned(started, current, effects)
            if self.early is not None:
                self.serve_early(entries, self.early, current)
            effects = self.serve_unplaced(application, current, effects)
            effects = self.run_possible(current, effects)
            effects.store = kept(effects.store, current.store)
            if effects.store == current.store:
                break
            current = Path({}, effects.store, current.facts)
        self.served_effects = {key: cell for key, cell in current.store.items() if started.store.get(key) != cell}
        return current

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
        for router in list(self.owners.values()):
            if self.kind(router) == "router" and router.site not in placed:
                for entry in self.entries(router):
                    effects = self.serve_entry(entry, current, effects)
        self.possible = False
        return effects

    def serve_entry(self, entry: Entry, current: Path, effects: Path) -> Path:
        """Run one request: dependencies in order, then the endpoint."""
        path = Path({}, current.store, current.facts | entry.facts)
        self.assume(entry.present, path)
        at = at_place(entry.place)
        self.stack.clear()
        self.framed(entry.place, path)
        from appstate_lint.timeline.values import Dependency

        for dependency in entry.dependencies:
            if isinstance(dependency, Dependency) and dependency.function is not None:
                self.serve(dependency.function, path, at)
        for option in options(plain(entry.value)):
            once = path.fork()
            self.one_entry(entry, option, once, at)
            self.forget_request(once, current)
            effects = _joined(effects, once)
        for name in self.frame.read if self.tracing else ():
            self.records.readers.setdefault(name, set()).add((self.role_of(entry), entry.place))
        self.unframe()
        return effects

    def role_of(self, entry: Entry) -> str:
        """Return what an entry point is to people: a route, a websocket, or its role."""
        if entry.role != "endpoint":
            return entry.role
        conversation = any(self.is_conversation(each) for each in options(plain(entry.value)))
        return "websocket" if conversation else "route"

    def forget_request(self, path: Path, current: Path) -> None:
        """Take back what a request did to its own state: each one starts from what the lifespan yielded."""
        if any(key[0].endswith(YIELDED) for key in path.store):
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

    def run_spawned(self, started: Path, current: Path, effects: Path) -> Path:
        """Run what was started beside the start-up or a request."""
        done: set[tuple[Value, bool]] = set()
        others = {each.site for each, _, _ in self.targets} - {self.application.site if self.application else ""}
        while True:
            mine = {key: each for key, each in self.waiting.items() if each.application not in others}
            waiting = [(key, each) for key, each in mine.items() if key not in done]
            if not waiting:
                return effects
            for code, each in waiting:
                done.add(code)
                if not each.certain and self.has_run(each.value):
                    continue
                early = each.phase.rank < Phase.SERVING.rank and each.certain
                end = current.store if each.end is None or each.left else each.end
                goes_on = end is current.store
                if early and end != each.store:
                    store = join_stores(each.store, end, frozenset(), frozenset())
                    store = _settled(store, each.store, end, self.written_from(each.phase))
                    deciding, store = self.deciding, _in_order(store, each.store, self.first_and_last())
                    self.deciding |= {name for cell in store.values() for clause in cell.clauses for name, _ in clause}
                    effects = self.run_beside(each, store, current, effects, spawned=True)
                    self.deciding = deciding
                if not early or goes_on:
                    effects = self.run_beside(each, current.store, current, effects, spawned=False)

    def written_from(self, phase: Phase) -> set[Key]:
        """Return the components that code writes in a phase or in a later one."""
        seen = self.records.occurrences.values()
        return {
            (each.owner, each.component) for each in seen if each.kind is Kind.WRITE and each.phase.rank >= phase.rank
        }

    def first_and_last(self) -> dict[Key, tuple[int, int]]:
        """Return when each component is written before serving, the first time and the last."""
        found: dict[Key, tuple[int, int]] = {}
        for each in self.records.occurrences.values():
            if each.kind is Kind.WRITE and each.phase.rank < Phase.SERVING.rank:
                key = (each.owner, each.component)
                first, last = found.get(key, (each.order, each.order))
                found[key] = (min(first, each.order), max(last, each.order))
        return found

    def decorated_methods(self, cls: ClassValue) -> Iterator[str]:
        """Yield the methods of a class, and of its bases, that have a decorator."""
        for base in self.bases(cls):
            for name, index in self.project.methods(base.file, base.index).items():
                if self.project.function(base.file, index).decorators:
                    yield name

    def run_beside(self, started: Spawned, store: Store, current: Path, effects: Path, spawned: bool) -> Path:
        """Run spawned code once, from ``store``; return the effects of serving with what it changes."""
        path = Path({}, store, current.facts | started.facts)
        self.assume(started.marks, path)
        code, at = started.value, at_place(started.place)
        outer, self.application = self.application, self.owner_of(started)
        self.spawned = spawned
        handed_on = isinstance(code, Invocation) and started.phase is not Phase.IMPORT
        self.possible = started.possible or not (started.certain or handed_on)
        self.stack[:] = list(started.stack)[:8]
        self.framed(started.place, path)
        if isinstance(code, Invocation) and code.kind == "partial" and started.certain:
            self.finish(self.invoke(code, (), (), path, at), path, at)
        elif isinstance(code, Invocation) and code.kind != "partial":
            self.finish(code, path, at)
        else:
            self.serve(code, path, at)
        self.unframe()
        self.stack.clear()
        self.spawned, self.possible, self.application = False, False, outer
        if path.dead:
            return effects
        changed = {key: cell for key, cell in path.store.items() if _differs(store.get(key), cell)}
        after = {**effects.store, **changed}
        for key in changed:
            after = rewritten(after, key)
        return _joined(effects, Path({}, after, effects.facts))

    def owner_of(self, started: Spawned) -> Object | None:
        """Return the application whose code spawned something: the one that lives, or one that it mounts."""
        made = self.applications.get(started.application)
        return made[0] if made is not None else self.application

    def has_run(self, code: Value) -> bool:
        """Tell whether a function that unseen code was given runs anyway: then that is what it was given for."""
        while isinstance(code, Invocation):
            code = code.function
        return isinstance(code, FunctionValue) and (code.file, code.index) in self.records.reached

    def run_possible(self, current: Path, effects: Path) -> Path:
        """Run functions that live code mentions although no call of it could be resolved."""
        self.possible = True
        idle = {(each.file, each.function) for each in self.idle(self.living)} if self.living is not None else set()
        for function in self.mentions.possible(self.records.reached, self.imported):
            if (function[0], self.project.function(*function).qualname) in idle:
                continue
            facts = self.project.function(*function)
            bound: Value | None = None
            if facts.owner >= 0:
                cls = ClassValue(function[0], facts.owner)
                bound = Object(f"any {function[0]}:{facts.owner}", cls, self.external_base(cls))
            path = Path({}, current.store, current.facts)
            self.stack.clear()
            self.frames[:] = [Frame(function[0], None, 0, 0)]
            value = FunctionValue(function[0], function[1], self.some_scope(*function), bound)
            self.serve(value, path, facts.at)
            self.frames.clear()
            if not path.dead:
                effects = _joined(effects, path)
        self.possible = False
        return effects

    def some_scope(self, file: str, index: int) -> int:
        """Return the number of variables that a nested function was defined among, if it was."""
        found = [scope for (each, number, scope) in self.defaults if (each, number) == (file, index)]
        return max(found, default=0)

    # ------------------------------------------------------------ shutdown

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


_SERVER = re.compile(r"(?:^|_)(?:serve|server|run|asgi|wsgi|lambda|deploy|launch)(?:_|$)|(?:Server|Adapter|GI)$")
"""What calls of third-party code that serve an application are called."""
_SERVER_BASE = re.compile(r"(?:Server|Application|Worker|Thread|Process)$")


class Sweep(Life):
    """Interprets code that no application reaches, only to list its accesses."""

    def sweep(self, functions: Iterator[tuple[str, int]], modules: Iterator[str]) -> None:
        """Run functions and module bodies on their own, in no application."""
        self.phase = Phase.UNREACHED
        for file in modules:
            self.import_module(file)
        for file, index in functions:
            if (file, index) in self.records.reached:
                continue
            facts = self.project.function(file, index)
            bound: Value | None = None
            if facts.owner >= 0:
                cls = ClassValue(file, facts.owner)
                bound = Object(f"any {file}:{facts.owner}", cls, self.external_base(cls))
            self.stack.clear()
            self.frames[:] = [Frame(file, None, 0, 0)]
            self.phase = Phase.UNREACHED
            self.scopes.setdefault(0, Scoped("", 0))
            path = Path({}, {})
            self.serve(FunctionValue(file, index, 0, bound), path, facts.at)


def _differs(before: Cell | None, after: Cell) -> bool:
    """Tell whether a component holds something else; where it was made, and under which conditions, is no matter."""
    return before is None or (before.bits, before.truth) != (after.bits, after.truth)


def _settled(store: Store, spawned: Store, end: Store, written: Set[Key]) -> Store:
    """Return a store in which what is as likely missing at the end as at the spawn is there, if it ever is.

    So is what none of the ``written`` writes has to come for. Where it is missing, it is missing for good: the
    spawned code is not early.
    """
    doubtful = (key for key, cell in spawned.items() if cell.bits & ABSENT and cell.bits & PRESENT)
    same = (key for key in doubtful if key in end and (end[key].bits == spawned[key].bits or key not in written))
    return {**store, **{key: Cell(store[key].bits & PRESENT) for key in same}}


def _in_order(store: Store, spawned: Store, written: Mapping[Key, tuple[int, int]]) -> Store:
    """Return a store of spawned code that knows the order of what start-up writes: what comes first is there first."""
    late = [key for key in written if key in store and store[key].bits & ABSENT and not _surely(spawned, key)]
    late = sorted(late, key=written.__getitem__)[:_MOST_IN_ORDER]
    new: Store = {}
    for key in late:
        cell = store[key]
        after = {frozenset({(about(each, HAS), True)}) for each in late if written[each][0] > written[key][1]}
        if cell.bits & PRESENT and not cell.gone:
            lasting = {each for each in cell.clauses if not any(is_about(name) for name, _ in each)}
            new[key] = cell._replace(clauses=frozenset(lasting | after))
    return {**store, **new}


def _surely(store: Store, key: Key) -> bool:
    return not store.get(key, MISSING).bits & ABSENT


def _joined(left: Path, right: Path) -> Path:
    if right.dead:
        return left
    store = join_stores(left.store, right.store, frozenset(), frozenset())
    return Path({}, store, left.facts)
