"""What is told of an application: its life, without the memory of the interpreter that lived it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import TypeVar

from appstate_lint.model import Kind, Place
from appstate_lint.project import Project
from appstate_lint.project.launchers import MODULE, Root
from appstate_lint.timeline import life as interpreter
from appstate_lint.timeline.components import MEMBERS, YIELDED
from appstate_lint.timeline.records import Occurrence
from appstate_lint.timeline.told import EntryPoint, Life
from appstate_lint.timeline.values import ClassValue, FunctionValue, Invocation, Object, Value, options, plain

Noted = TypeVar("Noted")


def named(run: interpreter.Life, root: Root, project: Project) -> list[tuple[Object, str]]:
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


def life_of(run: interpreter.Life, application: Object, name: str, project: Project) -> Life:
    """Return what is told of an application that a launcher ends up with."""
    inner = [each for each in run.mounted(application) if each.site in run.applications]  # others are not seen
    mounted = {each.site: each for each in inner if run.canonical(each).site == each.site}
    sites = {application.site} | {each.site for each in inner}
    own = run.canonical(application).site
    spec = run.spec(application)
    _, _, place = run.applications[application.site]
    yielded = tuple(each for each in run.records.occurrences.values() if each.owner == f"{own}{YIELDED}")
    return Life(
        name=name,
        place=place,
        framework=spec.framework if spec is not None else "",
        by_item=spec is not None and spec.items,
        entry_points=run.served.get(application.site, 0),
        occurrences=_occurrences(run, {own, *sites}, sites, spec.stores if spec is not None else {}),
        optional_parts=frozenset(f"{site}/{part}" for site in sites for part in (spec.optional if spec else ())),
        open_parts={
            site: entries[0] for site, entries in run.open.items() if entries and site.rpartition("/")[0] in sites
        },
        outside=tuple(each for (site, _), each in run.records.outside.items() if site == own),
        open=tuple(entry for site in sorted({own, *sites}) for entry in run.open.get(site, ())),
        dynamic_reads=any(site == own and not writes for _, _, writes, site in run.records.dynamic),
        exhausted=run.exhausted,
        waits=run.records.waits,
        used=frozenset(run.records.used),
        swallows=_by_place(run.records.swallows),
        set_at_start=frozenset(run.set_at_start),
        written_somewhere=frozenset(name for _, written in _written_somewhere(run) for name in written),
        cut_off=frozenset(_cut_off(run, own, project)),
        written_beside=frozenset(_written_beside(run, {own, *sites})),
        entered=run.records.entered,
        readers={name: frozenset(each) for name, each in sorted(run.records.readers.items())},
        phased=frozenset(run.records.phased),
        marks=run.records.marks,
        late=_by_place(run.records.late),
        without_application=_by_place(run.records.without_application),
        not_run=_by_place(run.records.not_run),
        dropped=_by_place(run.records.dropped),
        yielded=yielded,
        yielded_doubts=_yielded_doubts(run, application, yielded),
        entries=tuple(sorted(set(_entries(run, sites)))),
        mounted=tuple((site, _variable(run, each, place.file, project)) for site, each in sorted(mounted.items())),
    )


def _by_place(noted: Mapping[Place, Noted]) -> tuple[Noted, ...]:
    """Return what was noted at places, in their order."""
    return tuple(noted[place] for place in sorted(noted))


def _occurrences(
    run: interpreter.Life, owners: set[str], sites: set[str], given: dict[str, tuple[str, ...]]
) -> tuple[Occurrence, ...]:
    """Return the accesses to components of ``owners``, and to those in parts of the applications of ``sites``."""
    found = run.records.occurrences.values()
    set_members = {
        (each.owner, each.component) for each in found if each.kind is Kind.WRITE and each.owner.endswith(f"/{MEMBERS}")
    }
    return tuple(each for each in found if each.owner in owners or _in_part(each, sites, given, set_members))


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


def _all_code(run: interpreter.Life) -> Iterable[tuple[str, int]]:
    """Return all code of the modules that a life imports: start-up seemed to end early, so any of it may run."""
    for file in run.imported:
        for index in range(MODULE, len(run.project.facts[file].functions)):
            yield file, index


def without_doubles(lives: list[Life]) -> list[Life]:
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
