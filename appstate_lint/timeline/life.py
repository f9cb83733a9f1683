"""An application's life, interpreted: import → build → startup → serving → shutdown (DESIGN 5.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from appstate_lint.facts import flow
from appstate_lint.frameworks import Tables
from appstate_lint.model import Kind, Phase, Place
from appstate_lint.project import Project
from appstate_lint.project.launchers import MODULE, Root, is_main
from appstate_lint.project.mentions import Mentions
from appstate_lint.timeline.frames import Frame, Scoped
from appstate_lint.timeline.parts import EXIT
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.phasing import NOTHING, Declared
from appstate_lint.timeline.presence import (
    BORN,
    LAUNCHED,
    MISSING,
    PRESENT,
    Facts,
    Key,
    Store,
)
from appstate_lint.timeline.records import CallStep, Records
from appstate_lint.timeline.serving import Serving
from appstate_lint.timeline.starting import MOST_PASSES
from appstate_lint.timeline.values import (
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Object,
    Value,
    options,
    plain,
)


class Life(Serving):
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
        self.late_writes = {}
        self.tried = set()
        self.unseen_includes = set()
        self.includers = set()
        self.finders = set()
        self.entered = set()
        self.starting = set()
        self.remade = set()
        self.ahead = set()
        self.optional = set()
        self.exits = {}
        self.fresh_exits = []
        self.tasks = {}
        self.running_jobs = {}
        self.unsettled = False
        self.prefixes = {}
        self.called = {}
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
        self.assumed = {}
        self.handed_out: Value = UNKNOWN
        self.registered_by_import: dict[str, int] = {}
        self.as_made: dict[str, tuple[int, Store]] = {}
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
        for site, (_, module, _) in self.applications.items():
            if module == file:
                self.as_made[site] = self.look_of(site, self.import_store)
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
        root = self.root
        if root is None or root.function != MODULE or root.main or place not in self.told:
            return False
        return root.file == module or self.was_changed(application)

    def build(self, root: Root) -> list[tuple[Object, Store, Facts]]:
        """Run the launcher; return the applications that it makes or serves, with their state at that point."""
        before = set(self.applications)
        if root.function == MODULE and not root.main:
            return [
                (application, self.import_store, frozenset())
                for application, module, _ in list(self.applications.values())
                if (module == root.file or self.adopted(application, module))
                and not (self.is_mounted(application) or self.is_looked_at(application))
            ]
        self.phase = Phase.BUILD
        path = self.run_script(root) if root.main else self.call_root(root)
        if self.launches:
            found = {
                application.site: (application, self.with_late_writes(store, path), facts)
                for application, store, facts in self.launches
            }
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
        if not root.main:
            self.open_given(root, returned)
        return made

    def with_late_writes(self, store: Store, end: Path) -> Store:
        """Return the state of an application at its launch with what its launcher, which comes to ``end``, adds later.

        That is as good as there: hardly any request is faster.
        """
        late = {key: cell if end.dead else end.store.get(key, MISSING) for key, cell in self.late_writes.items()}
        return {**store, **{key: cell for key, cell in late.items() if not store.get(key, MISSING).bits & PRESENT}}

    def run_script(self, root: Root) -> Path:
        """Run what a module does as a script; return where that ends."""
        path = Path(dict(self.modules[root.file].env), self.import_store)
        self.frames.append(Frame(root.file, None, 0, 0))
        self.stack.append(CallStep(root.file, 1, '__name__ == "__main__"', self.phase))
        for statement in self.project.facts[root.file].body:
            if is_main(statement) and isinstance(statement, flow.If):
                self.block(statement.body, path)
        self.frames.pop()
        self.stack.pop()
        return path

    def call_root(self, root: Root) -> Path:
        """Call the function that a launcher is, and keep what it returns; return where that ends."""
        path = Path({}, self.import_store)
        self.frames.append(Frame(root.file, None, 0, 0))
        function = FunctionValue(root.file, root.function, 0, self.receiver(root, path))
        self.application = None
        self.handed_out = self.serve(function, path, self.project.function(root.file, root.function).at)
        self.frames.pop()
        return path

    def open_given(self, root: Root, sites: Set[str]) -> None:
        """Open the applications of ``sites`` that a function returns, but not as a server takes one.

        A method is called by code that is not seen, and so is a function that returns more than the application.
        """
        function = self.project.function(root.file, root.function)
        plainly = {each.site for each in options(plain(self.handed_out)) if isinstance(each, Object)}
        if function.owner >= 0 or not plainly & sites:
            for site in sorted(sites):
                reason = "code that is not seen gets it from here"
                self.open.setdefault(site, []).append((root.file, function.at[0], reason))

    def mounted_elsewhere(self) -> Iterator[Object]:
        """Yield applications of other modules that one of this life's applications mounts."""
        for application, _, _ in self.targets:
            for each in self.mounted(application):
                known = self.applications.get(each.site)
                if self.root is not None and known is not None and known[1] not in ("", self.root.file):
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

    def is_looked_at(self, application: Object) -> bool:
        """Tell whether an import makes an application only to ask it something: it gets nothing, nothing keeps it."""
        site = application.site
        stored = (key[0] for key in self.import_store if key[1] != BORN)
        given = (*stored, *(each for each, _ in self.records.outside), *self.registrations)
        if any(each == site or each.startswith(f"{site}/") for each in given):
            return False
        return not any(application in options(plain(value)) for value in self.all_kept(site))

    def all_kept(self, site: str) -> Iterator[Value]:
        """Yield what variables of modules, containers, classes and objects other than that of ``site`` hold."""
        for module in self.modules.values():
            yield from module.env.values()
        for table in self.dicts.values():
            yield from table.items.values()
        for items in self.lists.values():
            yield from items.items
        yield from (value for (owner, _), value in self.attributes.items() if owner != site)
        yield from self.class_attributes.values()
        yield from self.global_writes.values()

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
        if self.was_changed(application):
            return True
        own = {key: cell for key, cell in store.items() if key[0] == application.site and key[1] != LAUNCHED}
        return any(self.import_store.get(key) != cell for key, cell in own.items())

    def adopted(self, application: Object, module: str) -> bool:
        """Tell whether another module than the one that makes an application puts something on it."""
        return self.was_changed(application) or any(
            each.kind is Kind.WRITE and each.owner == application.site and each.place.file not in (module, "")
            for each in self.records.occurrences.values()
        )

    def was_changed(self, application: Object) -> bool:
        """Tell whether a module that imports the one which makes an application put more on it, by a call say."""
        made = self.as_made.get(application.site)
        return made is not None and made != self.look_of(application.site, self.import_store)

    def look_of(self, site: str, store: Store) -> tuple[int, Store]:
        """Return what an application has: how much is registered, and what it holds."""
        own = {key: cell for key, cell in store.items() if key[0] == site and key[1] not in (BORN, LAUNCHED)}
        return len(self.registrations.get(site, ())), own

    def receiver(self, root: Root, path: Path) -> Value | None:
        """Return the object whose method a root is, made on ``path``."""
        owner = self.project.function(root.file, root.function).owner
        if owner < 0:
            return None
        cls = ClassValue(root.file, owner)
        made = Object(f"{root.file}:{owner}:self", cls, self.external_base(cls))
        init = self.method(cls, "__init__")
        facts = self.project.function(root.file, root.function)
        if init is not None and facts.name != "__init__":
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
        self.note_left(application, started.store)
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

    # ------------------------------------------------------------ shutdown


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
            self.stack.clear()
            self.frames[:] = [Frame(file, None, 0, 0)]
            self.phase = Phase.UNREACHED
            self.scopes.setdefault(0, Scoped("", 0))
            path = Path({}, {})
            function = FunctionValue(file, index, 0, self.some_owner(file, index))
            self.serve(function, path, self.project.function(file, index).at)
