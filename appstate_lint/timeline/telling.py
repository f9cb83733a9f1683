"""The arrow project → timeline: interpret every launcher, then what none of them reaches, and join the records."""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from pathlib import PurePosixPath
from typing import Any, NamedTuple, TypeVar

import msgspec

from appstate_lint import faults
from appstate_lint.config import Settings
from appstate_lint.facts import flow
from appstate_lint.facts.extraction import DEEP_RECURSION_LIMIT, STACK_BYTES
from appstate_lint.frameworks import Tables, prefixes
from appstate_lint.model import Access, Gap, Kind, Phase, Place, Spot
from appstate_lint.project import Project
from appstate_lint.project.launchers import MODULE, Root, ancestors, roots
from appstate_lint.project.mentions import Mentions
from appstate_lint.project.shapes import Shapes
from appstate_lint.project.symbols import imports
from appstate_lint.sharing import begun, shared
from appstate_lint.timeline import life as interpreter
from appstate_lint.timeline import questions
from appstate_lint.timeline.accesses import listed, untaken
from appstate_lint.timeline.clients import failing
from appstate_lint.timeline.components import MEMBERS, YIELDED
from appstate_lint.timeline.memory import Keys, Memory
from appstate_lint.timeline.phasing import NOTHING, Declared, Phasing
from appstate_lint.timeline.questions import CUT_SHORT, EntryPoint, MissingSource, NoneSource, Timeline, Unseen
from appstate_lint.timeline.records import NoneCall, Occurrence
from appstate_lint.timeline.values import ClassValue, FunctionValue, Invocation, Object, Value, options, plain

Result = TypeVar("Result")


class Telling(msgspec.Struct, frozen=True):
    """All that interpretation found: the timeline for checks, and the accesses and dynamic places for reports."""

    timeline: Timeline
    accesses: tuple[Access, ...]
    dynamic: tuple[Spot, ...]
    notes: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


def interpret(
    project: Project,
    tables: Tables,
    settings: Settings,
    unseen: Iterable[Unseen],
    watched: Mapping[str, tuple[str, ...]] | None = None,
    include_tests: bool = False,
    memory: Memory | None = None,
    jobs: int = 1,
) -> Telling:
    """Return the timeline of all applications of a project; runs in a thread with a stack for deep call chains.

    With ``watched``, note is taken of what components are made from, and of the presence of the components that it
    gives where the one that is their key is written. What ``memory`` has of a launcher is not interpreted again. With
    ``jobs``, so many processes interpret launchers.
    """
    phasing = Phasing(project, settings)
    return _with_large_stack(
        lambda: _interpret(project, tables, settings, tuple(unseen), phasing, watched, include_tests, memory, jobs)
    )


def _interpret(
    project: Project,
    tables: Tables,
    settings: Settings,
    unseen: tuple[Unseen, ...],
    phasing: Phasing,
    watched: Mapping[str, tuple[str, ...]] | None,
    include_tests: bool,
    memory: Memory | None,
    jobs: int,
) -> Telling:
    mentions = Mentions(project, tables)
    declared = Declared(phasing if phasing.active else None, watched or {}, watched is not None)
    swept = begun(lambda: _ENCODER.encode(_test_sweep(project, tables, mentions)), jobs if project.tests else 1)
    accounts = [*_accounts(project, tables, mentions, declared, memory, jobs)]
    told: dict[str, questions.Life] = {}
    filled: set[Place] = set()
    for account in accounts:
        for life, made_in in account.lives:
            if made_in and (_is_launcher(account.root) or made_in != account.root.file):
                filled.add(life.place)
                told[life.name] = life
            elif life.name not in told:
                told[life.name] = life
        filled |= {*account.mounted}
    launched = {life.name for account in accounts if _is_launcher(account.root) for life, _ in account.lives}
    launched |= {
        life.name for account in accounts for life, made_in in account.lives if made_in not in ("", account.root.file)
    }
    lives = [life for name, life in sorted(told.items()) if name in launched or life.place not in filled]
    lives = _without_doubles(lives)
    wanted = set(settings.applications)
    named = {life.name for life in lives} | {life.name.replace(":", ".") for life in lives}
    notes = tuple(
        f"applications names {name!r}, which was not found among {', '.join(life.name for life in lives) or 'none'}"
        for name in sorted(wanted - named)
    )
    if wanted & named:
        lives = [life for life in lives if life.name in wanted or life.name.replace(":", ".") in wanted]
    reached = {each for account in accounts for each in account.reached}
    imported = {file for account in accounts for file in account.imported}
    sweep = _sweep(project, tables, mentions, reached, imported, tests=False)
    test_sweep = (_decoded(swept(), Swept) or _test_sweep(project, tables, mentions)) if project.tests else None
    unreached = tuple(sweep.records.occurrences.values())
    tests = _test_writes(test_sweep, project, mentions.shapes)
    written_outside = frozenset(settings.external_writers) | _written_by_libraries(project, tables)
    blind = test_sweep is None or any(writes for _, _, writes, _ in test_sweep.dynamic)
    timeline = Timeline(
        lives,
        unreached=unreached,
        tests=tests,
        in_tests=() if test_sweep is None else test_sweep.occurrences,
        unseen=unseen,
        none_sources=_none_sources(accounts, project, tables),
        missing_sources=_missing_sources(project, tables),
        failing=() if blind else failing(project, tables, mentions, lives, {*tests, *written_outside}),
        written_outside=written_outside,
        read_outside=frozenset(settings.external_readers) | tables.read_outside,
        phasing=phasing,
    )
    extra = test_sweep.occurrences if include_tests and test_sweep is not None else ()
    dynamic = {
        Spot(file, line)
        for places in (*(account.dynamic for account in accounts), sweep.records.dynamic)
        for file, line, _, owner in places
        if not owner.endswith(YIELDED)
    }
    taken = {each.place for life in lives for each in life.occurrences} | {each.place for each in unreached}
    rest = untaken(project, tables, mentions, reached, taken)
    accesses = listed(lives, (*unreached, *extra), rest.occurrences, phasing)
    gaps = [gap for account in accounts for gap in _gaps(account, project)]
    gaps += [Gap(life.place.file, life.place.line, f"{life.name}: {CUT_SHORT}") for life in lives if life.exhausted]
    if sweep.exhausted or (test_sweep is not None and test_sweep.exhausted):
        gaps.append(Gap("", 0, f"code that no application reaches: {CUT_SHORT}"))
    if rest.exhausted:
        gaps.append(Gap("", 0, f"accesses on ways that nothing takes: {CUT_SHORT}"))
    return Telling(timeline, accesses, tuple(sorted(dynamic)), notes, tuple(gaps))


# ---------------------------------------------------------------- applications


class Account(NamedTuple):
    """What is told of the life that one launcher starts; the interpreter's memory of it is let go."""

    root: Root
    lives: tuple[tuple[questions.Life, str], ...]
    """The applications that it ends up with, and the file of the module that made each, empty where a function did."""
    mounted: tuple[Place, ...]
    """Where the applications of other modules are made that one of these mounts."""
    served: frozenset[Place]
    """Where the applications of modules are made that it serves."""
    reached: frozenset[tuple[str, int]]
    imported: tuple[str, ...]
    dynamic: frozenset[tuple[str, int, bool, str]]
    given: frozenset[tuple[str, int, str]]
    none_calls: tuple[NoneCall, ...]
    exhausted: bool = False
    fault: str = ""
    """What went wrong in the linter itself: then nothing is told."""


def _failed(root: Root, error: Exception) -> Account:
    """Return the account of a launcher in whose interpretation the linter failed."""
    fault, empty = faults.described(error), frozenset[Any]()
    return Account(root, (), (), empty, empty, (), empty, empty, (), fault=fault)


def _account(run: interpreter.Life, root: Root, project: Project) -> Account:
    run.run_all()
    return Account(
        root=root,
        lives=tuple(
            (_life(run, application, name, project), run.applications[application.site][1])
            for application, name in _named(run, root, project)
        ),
        mounted=tuple(run.applications[each.site][2] for each in run.mounted_elsewhere()),
        served=frozenset(run.applications[site][2] for site in run.served if run.applications[site][1]),
        reached=frozenset(run.records.reached),
        imported=tuple(run.imported),
        dynamic=frozenset(run.records.dynamic),
        given=frozenset(run.records.given),
        none_calls=tuple(run.records.none_calls.values()),
        exhausted=run.exhausted,
    )


def _gaps(account: Account, project: Project) -> Iterator[Gap]:
    """Yield why what starts at a launcher was not judged; what was cut short in an application is told of that."""
    file, function = account.root.file, account.root.function
    facts = project.function(file, function) if function != MODULE else None
    line = facts.at[0] if facts is not None else 1
    where = f"{project.modules.by_path[file].module}:{facts.qualname if facts is not None else '<module>'}"
    if account.fault:
        text = f"{where}: {account.fault}, so what starts there was not judged; please report it"
        yield Gap(file, line, text, fault=True)
    elif account.exhausted and not account.lives:
        yield Gap(file, line, f"{where}: {CUT_SHORT}")


class _Teller:
    """Interprets launchers, or remembers what others, or earlier analyses, found of them."""

    def __init__(
        self, project: Project, tables: Tables, mentions: Mentions, declared: Declared,
        factories: frozenset[tuple[str, int]], memory: Memory | None, jobs: int,
    ) -> None:  # fmt: skip
        self._project = project
        self._tables = tables
        self._mentions = mentions
        self._declared = declared
        self._factories = factories
        self._jobs = jobs
        self._memory = None if memory is None or declared != NOTHING else memory
        self._keys = Keys(self._memory, project, mentions, factories) if self._memory is not None else None

    def tell(self, root: Root, told: Set[Place] = frozenset()) -> Account:
        """Interpret one launcher."""
        life = interpreter.Life(
            self._project, self._tables, self._mentions, root, told, self._factories, self._declared
        )
        try:
            return _account(life, root, self._project)
        except Exception as error:
            return _failed(root, error)

    def all(self, roots: list[Root], told: Set[Place] = frozenset()) -> list[Account]:
        """Return the accounts of launchers, in their order."""
        files = {root: self._keys.files(root) for root in roots} if self._keys is not None else {}
        keys = {root: self._keys.key(root, files[root], told) for root in files} if self._keys is not None else {}
        known = {root: account for root in roots if (account := self._remembered(keys.get(root))) is not None}
        missing = [root for root in roots if root not in known]
        if self._jobs > 1:
            missing = _largest_first(missing, self._project)
        done = shared(lambda index: _ENCODER.encode(self.tell(missing[index], told)), len(missing), self._jobs)
        for index, root in enumerate(missing):
            account = _decoded(done[index], Account) if index in done else None
            known[root] = account if account is not None else self.tell(root, told)
            if root in keys and not known[root].fault and files[root] >= {*known[root].imported}:
                self._remember(keys[root], known[root])
        return [known[root] for root in roots]

    def _remembered(self, key: bytes | None) -> Account | None:
        blob = self._memory.get(key) if self._memory is not None and key is not None else None
        return _decoded(blob, Account) if blob is not None else None

    def _remember(self, key: bytes, account: Account) -> None:
        assert self._memory is not None
        with contextlib.suppress(ValueError, RecursionError, OverflowError):
            self._memory.put(key, _ENCODER.encode(account))


def _largest_first(roots: list[Root], project: Project) -> list[Root]:
    """Return launchers by the number of files in their folders and below: then several processes end together."""
    sizes = Counter(str(folder) for file in project.facts for folder in PurePosixPath(file).parents)
    return sorted(roots, key=lambda root: -sizes[str(PurePosixPath(root.file).parent)])


_ENCODER = msgspec.msgpack.Encoder()


def _decoded(blob: bytes, kind: type[Result]) -> Result | None:
    """Return what is in a blob, None if there is nothing of that kind."""
    try:
        return msgspec.msgpack.decode(blob, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _accounts(
    project: Project, tables: Tables, mentions: Mentions, declared: Declared, memory: Memory | None, jobs: int
) -> Iterator[Account]:
    """Interpret every launcher; where none leads to a place that makes an application, what is nearer to it."""
    found = roots(project, tables)
    teller = _Teller(project, tables, mentions, declared, found.factories, memory, jobs)
    accounts = teller.all([root for root in found.tops if _is_launcher(root)])
    served = frozenset(place for account in accounts for place in account.served)
    accounts += teller.all([root for root in found.tops if not _is_launcher(root)], served)
    yield from accounts
    reached = {each for account in accounts for each in account.reached}
    for maker in found.makers:
        for root in () if maker.function == MODULE else (*ancestors(maker, found.callers), maker):
            if (maker.file, maker.function) in reached:
                break
            if (root.file, root.function) in reached or root in found.tops or root.function == MODULE:
                continue
            account = teller.tell(root)
            reached |= account.reached
            yield account


def _named(run: interpreter.Life, root: Root, project: Project) -> list[tuple[Object, str]]:
    """Return the applications that a launcher ends up with, by the names that reports use."""
    module = project.modules.by_path[root.file].module
    found: list[tuple[Object, str]] = []
    for application, _, _ in run.targets:
        if root.function == MODULE and not root.main:
            found.append((application, _variable(run, application, root.file, project)))
            continue
        name = project.function(root.file, root.function).qualname if root.function != MODULE else "__main__"
        found.append((application, f"{module}:{name}"))
    counts: dict[str, int] = {}
    result: list[tuple[Object, str]] = []
    for application, name in found:
        counts[name] = counts.get(name, 0) + 1
        result.append((application, name if counts[name] == 1 else f"{name}#{counts[name]}"))
    return result


def _variable(run: interpreter.Life, application: Object, default: str, project: Project) -> str:
    """Return the module and variable that hold an application, or else its line."""
    _, file, place = run.applications[application.site]
    made_in = file or default
    names = [name for name, value in run.modules[made_in].env.items() if _holds(value, application)]
    elsewhere = "" if place.file == made_in else f"{project.modules.by_path[place.file].module}:"
    return f"{project.modules.by_path[made_in].module}:{names[0] if names else f'{elsewhere}{place.line}'}"


def _holds(value: object, application: Object) -> bool:
    return isinstance(value, Value) and application in options(plain(value))


def _is_launcher(root: Root) -> bool:
    return root.main or root.function != MODULE


def _life(run: interpreter.Life, application: Object, name: str, project: Project) -> questions.Life:
    inner = [each for each in run.mounted(application) if each.site in run.applications]  # others are not seen
    mounted = {each.site: each for each in inner if run.canonical(each).site == each.site}
    sites = {application.site} | {each.site for each in inner}
    own = run.canonical(application).site
    spec = run.spec(application)
    given = spec.stores if spec is not None else {}
    set_members = {
        (each.owner, each.component)
        for each in run.records.occurrences.values()
        if each.kind is Kind.WRITE and each.owner.endswith(f"/{MEMBERS}")
    }
    _, _, place = run.applications[application.site]
    yielded = tuple(each for each in run.records.occurrences.values() if each.owner == f"{own}{YIELDED}")
    return questions.Life(
        name=name,
        place=place,
        framework=spec.framework if spec is not None else "",
        by_item=spec is not None and spec.items,
        entry_points=run.served.get(application.site, 0),
        occurrences=tuple(
            each
            for each in run.records.occurrences.values()
            if each.owner == own or each.owner in sites or _in_part(each, sites, given, set_members)
        ),
        optional_parts=frozenset(f"{site}/{part}" for site in sites for part in (spec.optional if spec else ())),
        open_parts={
            site: entries[0] for site, entries in run.open.items() if entries and site.rpartition("/")[0] in sites
        },
        outside=tuple(each for (site, _), each in run.records.outside.items() if site == own),
        open=tuple(entry for site in sorted({own, *sites}) for entry in run.open.get(site, ())),
        dynamic_reads=any(site == own and not writes for _, _, writes, site in run.records.dynamic),
        exhausted=run.exhausted,
        used=frozenset(run.records.used),
        swallows=tuple(run.records.swallows[place] for place in sorted(run.records.swallows)),
        set_at_start=frozenset(run.set_at_start),
        written_somewhere=frozenset(name for _, written in _written_somewhere(run) for name in written),
        cut_off=frozenset(_cut_off(run, own, project)),
        written_beside=frozenset(_written_beside(run, {own, *sites})),
        entered=run.records.entered,
        readers={name: frozenset(each) for name, each in sorted(run.records.readers.items())},
        phased=frozenset(run.records.phased),
        marks=run.records.marks,
        late=tuple(run.records.late[place] for place in sorted(run.records.late)),
        not_run=tuple(run.records.not_run[place] for place in sorted(run.records.not_run)),
        dropped=tuple(run.records.dropped[place] for place in sorted(run.records.dropped)),
        yielded=yielded,
        yielded_doubts=_yielded_doubts(run, application, yielded),
        entries=tuple(sorted(set(_entries(run, sites)))),
        mounted=tuple((site, _variable(run, each, place.file, project)) for site, each in sorted(mounted.items())),
    )


def _written_somewhere(run: interpreter.Life) -> Iterator[tuple[tuple[str, int], Mapping[str, int]]]:
    """Yield the code in which a path ended, or all if start-up did, with the names that it writes and how often."""
    for code in _all_code(run) if run.records.cut_early else sorted(run.records.cut):
        yield code, run.mentions.written(*code)


def _written_beside(run: interpreter.Life, sites: Set[str]) -> Iterator[str]:
    """Yield the names that are written on other applications of the launcher than those of ``sites``."""
    others = {run.canonical(each).site for each, _, _ in run.applications.values()} - sites
    for each in run.records.occurrences.values():
        if each.kind is Kind.WRITE and each.owner in others:
            yield each.component


def _cut_off(run: interpreter.Life, own: str, project: Project) -> Iterator[str]:
    """Yield the names that code writes, as it seems, in a place that was not seen to write to the state of ``own``."""
    places = {
        (each.place, each.function, each.component)
        for each in run.records.occurrences.values()
        if each.kind is Kind.WRITE and f"{each.owner}/".startswith(f"{own}/")
    }
    seen = Counter((place.file, function, component) for place, function, component in places)
    for (file, index), written in _written_somewhere(run):
        function = project.function(file, index).qualname if index >= 0 else "<module>"
        yield from (name for name, times in written.items() if seen[file, function, name] < times)


def _entries(run: interpreter.Life, sites: Set[str]) -> Iterator[EntryPoint]:
    """Yield the functions that the framework calls for an application of ``sites``, and those started beside."""
    waiting, seen = list(sites), set(sites)
    while waiting:
        for each in run.registrations.get(waiting.pop(), ()):
            inner = {option.site for option in options(plain(each.value)) if isinstance(option, Object)} - seen
            waiting.extend(inner)
            seen |= inner
            websocket = any("WEBSOCKET" in route.verbs for route in each.routes)
            yield from _functions(run, each.value, each.role, websocket)
            for dependency in each.dependencies:
                yield from _functions(run, dependency, "dependency", websocket=False)
    for spawned in run.waiting.values():
        yield from _functions(run, spawned.value, "background", websocket=False)


def _functions(run: interpreter.Life, value: Value, role: str, websocket: bool) -> Iterator[EntryPoint]:
    for option in options(plain(value)):
        match option:
            case FunctionValue(file=file, index=index):
                yield EntryPoint(file, index, role, websocket)
            case Invocation(function=FunctionValue(file=file, index=index)):
                yield EntryPoint(file, index, role, websocket)
            case (ClassValue() as cls) | Object(cls=ClassValue() as cls):
                for name in ("__call__", "dispatch", "__init__"):
                    method = run.method(cls, name)
                    if method is not None:
                        yield EntryPoint(method.file, method.index, role, websocket)


def _in_part(
    each: Occurrence, sites: set[str], given: dict[str, tuple[str, ...]], set_members: set[tuple[str, str]]
) -> bool:
    """Tell whether an access is to a component in a part of an application, and not to what that has of its own."""
    site, _, part = each.owner.rpartition("/")
    if site not in sites or part == YIELDED[1:]:
        return False
    if part == MEMBERS:
        return (each.owner, each.component) in set_members
    return each.component not in given.get(part, ())


def _yielded_doubts(
    run: interpreter.Life, application: Object, yielded: tuple[Occurrence, ...]
) -> frozenset[str] | None:
    """Return the names that code which is not run sets on some state, ``None`` where any name may be set."""
    written = {each.component for each in yielded if each.kind is Kind.WRITE}
    if all(each.component in written for each in yielded):
        return frozenset()
    if run.open.get(f"{run.canonical(application).site}{YIELDED}") or run.unseen_middleware(application):
        return None
    facts, tests = run.project.facts, run.project.tests
    functions = ((file, index) for file in facts if file not in tests for index in run.mentions.shaped(file))
    return frozenset(
        name
        for file, index in functions
        if (file, index) not in run.records.reached
        for name in run.mentions.shapes.set_on_holder(facts[file].functions[index].body)
    )


def _all_code(run: interpreter.Life) -> Iterable[tuple[str, int]]:
    """Return all code of the modules that a life imports: start-up seemed to end early, so any of it may run."""
    for file in run.imported:
        for index in range(MODULE, len(run.project.facts[file].functions)):
            yield file, index


def _without_doubles(lives: list[questions.Life]) -> list[questions.Life]:
    """Drop what an application only possibly reaches where another one surely does: it belongs to that one.

    A write may be for two applications that live together: for one surely, possibly for the other.
    """
    sure: dict[tuple[Place, str], set[tuple[str, str]]] = {}
    for life in lives:
        for each in life.occurrences:
            if not each.possible:
                sure.setdefault((each.place, each.component), set()).add((life.name, each.owner))

    def kept(each: Occurrence, life: str) -> bool:
        holders = sure.get((each.place, each.component), set())
        if not each.possible or not holders:
            return True
        return each.kind is Kind.WRITE and {name for name, _ in holders} == {life} and (life, each.owner) not in holders

    return [
        life._replace(occurrences=tuple(each for each in life.occurrences if kept(each, life.name))) for life in lives
    ]


# ---------------------------------------------------------------- what no application reaches


def _sweep(
    project: Project, tables: Tables, mentions: Mentions, reached: set[tuple[str, int]], imported: set[str], tests: bool
) -> interpreter.Sweep:
    sweep = interpreter.Sweep(project, tables, mentions, None)
    files = [file for file in sorted(project.facts) if file not in project.tests]
    functions = [(file, index) for file in files for index in mentions.shaped(file) if (file, index) not in reached]
    modules = [file for file in files if file not in imported and mentions.module_touches(file)]
    sweep.sweep(iter(functions), iter(modules))
    return sweep


class Swept(NamedTuple):
    """What is told of code that is run on its own."""

    occurrences: tuple[Occurrence, ...]
    dynamic: frozenset[tuple[str, int, bool, str]]
    exhausted: bool


def _test_sweep(project: Project, tables: Tables, mentions: Mentions) -> Swept:
    files = [file for file in sorted(project.tests) if file in project.facts]
    sweep = interpreter.Sweep(project, tables, mentions, Root(files[0], MODULE)) if files else None
    assert sweep is not None
    functions = [(file, index) for file in files for index in mentions.shaped(file)]
    modules = [file for file in files if mentions.module_touches(file)]
    sweep.sweep(iter(functions), iter(modules))
    return Swept(tuple(sweep.records.occurrences.values()), frozenset(sweep.records.dynamic), sweep.exhausted)


def _test_writes(sweep: Swept | None, project: Project, shapes: Shapes) -> dict[str, Place]:
    """Return where tests write components: by the interpreter, and by the look of the code (fakes, patches)."""
    found: dict[str, Place] = {}
    if sweep is None:
        return found
    for each in sweep.occurrences:
        if each.kind is Kind.WRITE and each.place.file in project.tests:
            found.setdefault(each.component, each.place)
    for file in sorted(project.tests & project.facts.keys()):
        for name, at in shapes.faked(file):
            found.setdefault(name, Place(file, *at))
    return found


def _written_by_libraries(project: Project, tables: Tables) -> frozenset[str]:
    """Return the components that the third-party packages write which the project imports."""
    packages: dict[str, tuple[str, ...]] = {}
    for library in tables.libraries:
        packages[library.package] = (*packages.get(library.package, ()), *library.writes)
    return frozenset(
        name
        for imported in project.imported_names
        for package in prefixes(imported)
        for name in packages.get(package, ())
    )


# ---------------------------------------------------------------- sources of state


def _none_sources(accounts: list[Account], project: Project, tables: Tables) -> list[NoneSource]:
    given = {key for account in accounts for key in account.given}
    found: dict[tuple[Place, str], NoneSource] = {}
    for account in accounts:
        for call in account.none_calls:
            key = (call.file, call.function, call.parameter)
            if call.reached_state or call.place.file in project.tests or call.fallback:
                continue
            if not call.explicit and call.returned:
                continue
            if key not in given and not wants_state(project, tables, call.file, call.function, call.parameter):
                continue
            if not uses_state(project, tables, call.file, call.function, call.parameter):
                continue
            function = project.function(call.file, call.function).qualname
            name = next((life.name for life, _ in account.lives), "")
            found.setdefault((call.place, call.parameter), NoneSource(call, function, name, call.file))
    return list(found.values())


def wants_state(project: Project, tables: Tables, file: str, index: int, parameter: str) -> bool:
    """Tell whether a parameter is annotated or named as an application, its state, or a request."""
    function = project.function(file, index)
    param = next(each for each in function.params if each.name == parameter)
    if parameter in tables.variables or any(parameter.endswith(f"app_{name}") for name in tables.holders):
        return True
    if _is_request_like(function.body, parameter, tables):
        return True
    for node in flow.nodes(param.annotation):
        if isinstance(node, (flow.Name, flow.Attr)):
            symbol = project.resolve(file, node, project.local_names(file, function.scope))
            if symbol is not None and symbol.kind == "external":
                spec = tables.classes.get(symbol.name)
                if spec is not None and spec.kind in ("application", "request", "state"):
                    return True
    return False


def _is_request_like(body: flow.Block, parameter: str, tables: Tables) -> bool:
    """Tell whether a body takes the state of the application that a parameter leads to."""
    for node in flow.nodes(body):
        match node:
            case flow.Attr(value=flow.Attr(value=flow.Name(id=name), name=lead), name=attribute):
                if name == parameter and lead in tables.leads and attribute in tables.holders | tables.stores:
                    return True
            case flow.Item(value=flow.Attr(value=flow.Name(id=name), name=lead)):
                if name == parameter and lead in tables.leads | tables.chains:
                    return True
    return False


def uses_state(project: Project, tables: Tables, file: str, index: int, parameter: str) -> bool:
    """Tell whether a function takes components from a parameter: as attributes, as items, or by ``getattr``."""
    holders = tables.holders | tables.stores
    body = project.function(file, index).body
    if _is_request_like(body, parameter, tables):
        return True
    for node in flow.nodes(body):
        match node:
            case flow.Attr(value=flow.Name(id=name), name=attribute) if name == parameter:
                if attribute in holders | tables.leads or parameter.endswith(tuple(tables.holders)):
                    return True
            case flow.Item(value=flow.Name(id=name)) if name == parameter:
                if parameter in tables.variables:
                    return True
            case flow.Call(func=flow.Name(id=name), args=(flow.Name(id=first), *_)):
                if name in ("getattr", "hasattr") and first == parameter:
                    return True
    return False


def _missing_sources(project: Project, tables: Tables) -> list[MissingSource]:
    """Return imports of a name that its module does not define, where the file takes state from that name."""
    found: list[MissingSource] = []
    for file in sorted(project.facts):
        if file in project.tests:
            continue
        for statement in imports(project.facts[file]):
            if not isinstance(statement, flow.ImportFrom) or statement.name == "*":
                continue
            source = project.source_of(file, statement)
            if source.kind != "module" or project.has_unseen_names(source.file):
                continue
            if project.attribute(source, statement.name).kind != "missing":
                continue
            alias = statement.alias or statement.name
            if _takes_state(project.facts[file], alias, tables.holders):
                module = project.modules.by_path[source.file].module
                found.append(MissingSource(Place(file, *statement.at), module, statement.name, ""))
    return found


def _takes_state(facts: flow.FileFacts, name: str, holders: Set[str]) -> bool:
    """Tell whether a file mentions a holder of ``name``."""
    for node in flow.nodes(facts.body, facts.functions, facts.classes):
        if isinstance(node, flow.Attr) and node.name in holders and flow.last_name(node.value) == name:
            return True
    return False


def _with_large_stack(work: Callable[[], Result]) -> Result:
    """Run ``work`` in a thread with a large stack; what it raises is raised here."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    collecting = gc.isenabled()
    gc.disable()
    limit, size = sys.getrecursionlimit(), threading.stack_size(STACK_BYTES)
    sys.setrecursionlimit(max(limit, min(DEEP_RECURSION_LIMIT, 100_000)))
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
        if collecting:
            gc.enable()
    if errors:
        raise errors[0]
    return results[0]


__all__ = ["Phase", "Telling", "interpret"]
