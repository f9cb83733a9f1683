"""What a request meets on an application that was made but not started: the code that serves it, run without start-up.

The tests of a project ask (``project.clients``); the answer is a read that surely fails, of a component that start-up
code alone writes. The chain of a request is interpreted as always, only that a read of what is not there ends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At
from appstate_lint.frameworks import Tables
from appstate_lint.model import Kind, Phase, Place
from appstate_lint.project import Project, Symbol
from appstate_lint.project.clients import HOLE, Request, requests
from appstate_lint.project.launchers import MODULE, Root
from appstate_lint.project.mentions import Mentions
from appstate_lint.timeline import life
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.presence import ABSENT
from appstate_lint.timeline.records import Occurrence, Records
from appstate_lint.timeline.registrations import Entry, below
from appstate_lint.timeline.told import Failing, Life
from appstate_lint.timeline.values import ANYWHERE, GAP, Dependency, FunctionValue, Object, Route, Value, options, plain


def failing(
    project: Project, tables: Tables, mentions: Mentions, lives: Iterable[Life], written: Iterable[str]
) -> Iterator[Failing]:
    """Yield the requests of tests that fail because start-up did not run.

    ``written`` are the components that tests, or code outside the project, put there themselves.
    """
    started = {name: write for name, write in _started(lives).items() if name not in frozenset(written)}
    if not started:
        return
    unstarted: dict[Symbol, Unstarted | None] = {}
    for request in requests(project, tables):
        symbol = request.application
        if symbol not in unstarted:
            unstarted[symbol] = _unstarted(project, tables, mentions, symbol)
        run = unstarted[symbol]
        read = run.fatal_read(request) if run is not None else None
        if run is None or read is None:
            continue
        several = started.get(read.component)
        found = several.get(run.home) if several is not None else None
        if found is not None and not _is_spoken_of(request, read, found[1]):
            yield Failing(request, found[0].name, read, found[1])


def _started(
    lives: Iterable[Life],
) -> dict[str, dict[Place, tuple[Life, Occurrence]]]:
    """Return the components that start-up code alone writes, by name and the place where their application is made."""
    found: dict[str, dict[Place, tuple[Life, Occurrence]]] = {}
    spoiled: set[tuple[str, Place]] = set()
    for each in lives:
        writes: dict[str, list[Occurrence]] = {}
        for seen in each.occurrences:
            if seen.kind is Kind.WRITE:
                writes.setdefault(seen.component, []).append(seen)
        for name, several in writes.items():
            sure = [write for write in several if not write.possible]
            only = all(write.phase is Phase.STARTUP for write in several)
            if not only or not sure or each.open or each.exhausted or name in each.written_somewhere:
                spoiled.add((name, each.place))
            else:
                found.setdefault(name, {}).setdefault(each.place, (each, sure[0]))
    return {
        name: {place: value for place, value in places.items() if (name, place) not in spoiled}
        for name, places in found.items()
    }


def _is_spoken_of(request: Request, read: Occurrence, write: Occurrence) -> bool:
    """Tell whether code near a test may write the component, call its initializer, or replace what reads it."""
    if read.component in request.texts:
        return True
    writers = {write.function, *(call.function for call in write.stack)}
    readers = {read.function, *(call.function for call in read.stack)}
    return not (
        request.named.isdisjoint(name.rpartition(".")[2] for name in writers)
        and request.replaced.isdisjoint(name.rpartition(".")[2] for name in readers)
    )


def _unstarted(project: Project, tables: Tables, mentions: Mentions, symbol: Symbol) -> Unstarted | None:
    """Return an application as a test gets it: by the import of a variable, or from a factory."""
    root = Root(symbol.file, symbol.index if symbol.kind == "function" else MODULE)
    run = Unstarted(project, tables, mentions, root)
    return run if run.made(symbol.name) else None


class Unstarted(life.Life):
    """An application that was made and not started."""

    made_application: Object
    home: Place
    built: Path
    entries_of: tuple[Entry, ...]
    mounts_of: tuple[Route, ...]
    answers: dict[tuple[str, str], tuple[Occurrence | None, bool]]

    def made(self, name: str) -> bool:
        """Make the application; tell whether there is one."""
        root = self.root
        assert root is not None
        self._reset()
        self.import_module(root.file)
        targets = self.build(root)
        value: Value | None = self.handed_out
        if root.function == MODULE:
            module = self.modules.get(root.file)
            value = module.env.get(name) if module is not None else None
        found = [each for each in targets if value is not None and plain(value) == each[0]]
        known = value is not None and len(options(plain(value))) == 1
        if not known or not isinstance(value, Object) or value.site not in self.applications:
            return False
        store, facts = (found[0][1], found[0][2]) if found else (self.import_store, frozenset())
        self.made_application = self.application = value
        self.built = Path({}, store, facts)
        self.home = self.applications[value.site][2]
        self.stack.clear()
        self.frames.clear()
        self.phase = Phase.BUILD
        self.make_middleware(value, self.built)
        self.entries_of = tuple(self.entries(value))
        self.mounts_of = tuple(self._mounts(value, (ANYWHERE,), frozenset()))
        self.answers = {}
        return not self.built.dead and value.site not in self.open

    def fatal_read(self, request: Request) -> Occurrence | None:
        """Return the read that makes a request fail, whatever it brings along, as far as the test says."""
        key = (request.verb, request.path)
        if key not in self.answers:
            self.answers[key] = self._answer(*key)
        read, quiet = self.answers[key]
        return read if request.succeeds or quiet else None

    def _answer(self, verb: str, path: str) -> tuple[Occurrence | None, bool]:
        """Return the read that ends the chain of a request, and whether nothing else can end it before."""
        if any(_mounts(route, path) for route in self.mounts_of):
            return None, False
        endpoint, sure = self._endpoint(verb, path)
        if endpoint is None:
            return None, False
        around = [
            each
            for each in self.entries_of
            if each.role in ("middleware", "dispatch")
            if verb not in self.tables.conversations and any(route.path == "" for route in each.routes)
        ]
        reads = self._run([*around, endpoint])
        quiet = sure and not endpoint.facts and not self._refuses() and not self._asks(endpoint, path)
        return (reads[0], quiet) if reads else (None, False)

    def _endpoint(self, verb: str, path: str) -> tuple[Entry | None, bool]:
        """Return what serves a path, and whether it surely does; ``None`` where that is open.

        It is the first that is registered for the path. Where no path that is known fits, and of those with a prefix
        that is not known just one does, then that serves the path, if anything does.
        """
        blind = False
        loose: list[Entry] = []
        first: Entry | None = None
        for entry in self.entries_of:
            for route in entry.routes if entry.role == "endpoint" else ():
                met = _meets(route.path, path) if not route.verbs or verb in route.verbs else False
                blind = blind or (met is None and GAP in route.path)
                if (met is None and GAP not in route.path) or (met and not route.verbs):
                    return None, False
                if met and GAP in route.path:
                    loose.append(entry)
                elif met:
                    first = first or entry
        several = [*loose, *([first] if first is not None else [])]
        if len(several) != 1 or (loose and blind) or not isinstance(plain(several[0].value), FunctionValue):
            return None, False
        return several[0], not loose

    def _run(self, entries: Iterable[Entry]) -> list[Occurrence]:
        """Run the chain of a request; return the failing reads that end it, in order, none if it goes through."""
        self.records = Records()
        self.results, self.summaries, self.situations, self.inert, self.inert_results = {}, {}, {}, {}, {}
        self.phase, self.application = Phase.SERVING, self.made_application
        path = Path({}, self.built.store, self.built.facts)
        for entry in entries:
            place = entry.place
            at = (place.line, place.column, place.end_line, place.end_column)
            self.stack.clear()
            self.framed(place, path)
            path.facts |= entry.facts
            for dependency in entry.dependencies:
                if isinstance(dependency, Dependency) and dependency.function is not None and not path.dead:
                    self.serve(dependency.function, path, at)
            if not path.dead:
                self.one_entry(entry, plain(entry.value), path, at)
            self.unframe()
            if path.dead:
                break
        if not path.dead:
            return []
        owner = self.canonical(self.made_application).site
        seen = (each for each in self.records.occurrences.values() if each.kind is Kind.READ and each.owner == owner)
        sure = (each for each in seen if each.bits == ABSENT and not (each.caught or each.possible or each.spawned))
        return sorted(sure, key=lambda each: each.order)

    def read(self, owner: Object, component: str, at: At, path: Path) -> Value:
        """Read a component: where it is not there, the path ends."""
        absent = self.cell(path, (self.canonical(owner).site, component)).bits == ABSENT
        if absent:
            self.may_raise(path)
        value = super().read(owner, component, at, path)
        path.dead = path.dead or absent
        return value

    def _refuses(self) -> bool:
        """Tell whether code that was run may refuse a request."""
        functions = (self.project.function(*each) for each in self.records.reached)
        return any(isinstance(node, flow.Raise) for each in functions for node in flow.nodes(each.body))

    def _asks(self, entry: Entry, path: str) -> bool:
        """Tell whether an endpoint takes what a request may lack: then the framework may refuse it."""
        waiting: list[Value] = [plain(entry.value)]
        waiting += [each.function for each in entry.dependencies if isinstance(each, Dependency) and each.function]
        seen: set[Value] = set()
        while waiting:
            value = waiting.pop()
            if value in seen:
                continue
            seen.add(value)
            if not isinstance(value, FunctionValue):
                return True
            function = self.project.function(value.file, value.index)
            for param in function.params[1 if value.bound is not None else 0 :]:
                needed = self._needed(value, param)
                if needed is None:
                    return True
                waiting.extend(needed)
        return False

    def _needed(self, function: FunctionValue, param: flow.Param) -> list[Value] | None:
        """Return the dependencies that a parameter asks for, ``None`` if it asks for a part of the request."""
        names = self.project.local_names(function.file, function.index)
        found: list[Value] = []
        for node in flow.nodes(param.annotation, param.default):
            if isinstance(node, flow.Call):
                symbol = self.project.resolve(function.file, node.func, names)
                table = self.tables.functions.get(symbol.name) if symbol is not None else None
                given = [*node.args, *(value for _, value in node.keywords)][:1]
                if table is None or table.role != "depends" or not given:
                    return None
                target = self.project.resolve(function.file, given[0], names)
                if target is None or target.kind != "function":
                    return None
                found.append(FunctionValue(target.file, target.index))
        if found:
            return found
        symbol = self.project.resolve(function.file, param.annotation, names) if param.annotation is not None else None
        spec = self.tables.classes.get(symbol.name) if symbol is not None else None
        return [] if spec is not None and spec.kind in ("request", "background") else None

    def _mounts(self, owner: Object, outer: tuple[Route, ...], seen: frozenset[str]) -> Iterator[Route]:
        """Yield where other applications are mounted."""
        if owner.site in seen:
            return
        outer = below(outer, (self.prefixes[owner.site],)) if owner.site in self.prefixes else outer
        for each in self.registrations.get(owner.site, ()):
            if each.role in ("mount", "include", "route"):
                routes = below(outer, each.routes)
                for option in options(plain(each.value)):
                    inner = isinstance(option, Object) and self.kind(option) in ("router", "route")
                    if inner and isinstance(option, Object):
                        yield from self._mounts(option, routes, seen | {owner.site})
                    elif not isinstance(option, FunctionValue) and each.role == "mount":
                        yield from routes


def _mounts(route: Route, path: str) -> bool:
    """Tell whether what is mounted at ``route`` may get a request for ``path``."""
    if GAP in route.path or HOLE in path:
        return True
    prefix = route.path.rstrip("/")
    return path == prefix or path.startswith(f"{prefix}/")


_PARAMETER = re.compile(r"\{\w+(?::(\w+))?\}")


def _meets(template: str, path: str) -> bool | None:
    """Tell whether a path meets the template of a route; ``None`` if that depends on what is not written in it."""
    prefix, gap, rest = template.rpartition(GAP)
    if gap:
        length = rest.count("/")
        if not path.startswith(prefix.partition(GAP)[0]):
            return False
        if prefix or not rest.startswith("/"):
            return None
        if path.count("/") < length:
            return False
        literal = any("{" not in part for part in rest.split("/")[1:])
        met = _meets(rest, "/" + "/".join(path.split("/")[-length:]))
        return met if literal or not met else None
    if template == path:
        return True if HOLE not in path else None
    wide = any(kind == "path" for kind in _PARAMETER.findall(template))
    if wide:
        start = _PARAMETER.split(template)[0]
        return None if path.startswith(start) or HOLE in path else False
    left, right = template.split("/"), path.split("/")
    if len(left) != len(right):
        return False
    verdict: bool | None = True
    for part, given in zip(left, right, strict=True):
        found = _PARAMETER.fullmatch(part)
        if found is not None and given and (found[1] is None or HOLE in given):
            continue
        if found is not None and found[1] == "int" and given.isdigit():
            continue
        if part == given and "{" not in part:
            continue
        if HOLE not in given and "{" not in part:
            return False
        verdict = None
    return verdict
