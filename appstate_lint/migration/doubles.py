"""Singletons whose class is also a component's: one object for two owners, or two objects for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from appstate_lint.facts import flow
from appstate_lint.migration.singletons import Pattern, Singleton, singletons
from appstate_lint.model import Kind, Spot
from appstate_lint.project.launchers import MODULE
from appstate_lint.project.meanings import Definition, Meanings, Scope
from appstate_lint.project.symbols import statements
from appstate_lint.project.uses import Form, uses
from appstate_lint.timeline.records import Occurrence

if TYPE_CHECKING:
    from appstate_lint.migration.survey import Survey


def undeclared(survey: Survey, files: Iterable[str]) -> list[Singleton]:
    """Return the singletons that ``files`` define, tests left out, and that no migration declares."""
    chosen = sorted(set(files) - survey.project.tests)
    declared = {each.definition for each in survey.accessors}
    return [
        each for each in singletons(survey.project, survey.tables, chosen)
        if declared.isdisjoint((*each.accessors, Definition(each.file, each.variable)))
        and (each.cls is None or each.cls not in declared)
    ]  # fmt: skip


def component_writes(survey: Survey, singleton: Singleton, spots: Iterable[Spot]) -> list[Occurrence]:
    """Return the writes that put a singleton, or another instance of its class, into a component.

    The class counts if it is the only one of that name; ``spots`` are the places that use the singleton.
    """
    classes = (cls for facts in survey.project.facts.values() for cls in facts.classes)
    alone = singleton.cls is not None and sum(cls.qualname == singleton.class_name for cls in classes) == 1
    here = set(spots)
    stored = {spot: name for spot, name in _stored(survey, _writes(survey)).items() if spot in here}
    names = {each.last for each in singleton.accessors}
    return [
        each
        for life in survey.timeline.lives
        for each in life.occurrences
        if each.kind is Kind.WRITE
        and (
            (alone and each.made_class == singleton.class_name)
            or stored.get(Spot(each.place.file, each.place.line)) in names
        )
    ]


def _writes(survey: Survey) -> list[Occurrence]:
    return [each for life in survey.timeline.lives for each in life.occurrences if each.kind is Kind.WRITE]


def _stored(survey: Survey, writes: Iterable[Occurrence]) -> dict[Spot, str]:
    """Return the last name of what each write stores, where that is a name, or what a call of a name gives."""
    places = {Spot(each.place.file, each.place.line) for each in writes}
    found: dict[Spot, str] = {}
    for file in sorted({place.file for place in places}):
        facts = survey.project.facts[file]
        for block in (facts.body, *(each.body for each in facts.functions)):
            for statement in statements(block):
                if isinstance(statement, flow.Bind) and Spot(file, statement.line) in places:
                    value = statement.value.value if isinstance(statement.value, flow.Await) else statement.value
                    value = value.func if isinstance(value, flow.Call) else value
                    found[Spot(file, statement.line)] = flow.last_name(value) if value is not None else ""
    return found


def users(survey: Survey, found: list[Singleton], files: Iterable[str]) -> list[tuple[Spot, ...]]:
    """Return for each singleton the places in ``files`` that use it, those in its own functions and class left out."""
    wanted: dict[Definition, list[int]] = defaultdict(list)
    for number, each in enumerate(found):
        for accessor in each.accessors:
            wanted[accessor].append(number)
    spots: list[set[Spot]] = [set() for _ in found]
    meanings = Meanings(survey.project, wanted)
    words = survey.words(wanted)
    speaking = set(survey.mentioning(words))
    for file in files:
        facts = survey.project.facts[file]
        further = {each.line for each in facts.body if isinstance(each, flow.Bind) and _gives_a_name(each)}
        for use in uses(meanings, file, wanted.__contains__, words) if file in speaking else ():
            if use.form in (Form.IMPORT, Form.ANNOTATION, Form.BASE):
                continue
            for number in wanted[use.definition]:
                name = facts.functions[use.scope.function].qualname if use.scope.function >= 0 else ""
                if use.at[0] in further and file == found[number].file:
                    continue
                if not _is_own(found[number], file, name) and _gets(found[number], use.form, use.member):
                    spots[number].add(Spot(file, use.at[0]))
    return [tuple(sorted(each)) for each in spots]


def _gives_a_name(statement: flow.Bind) -> bool:
    """Tell whether a statement only keeps what a call gives: a further name, used by others or by nobody."""
    return isinstance(statement.value, flow.Call) and all(isinstance(each, flow.Name) for each in statement.targets)


class Double(msgspec.Struct, frozen=True):
    """A singleton whose class is also that of a component: who uses it, who sets the component, who reads it.

    ``apart`` tells that they are two objects, as far as can be seen: nothing that sets the component has to do with
    the singleton, and both are used.
    """

    singleton: Singleton
    users: tuple[Spot, ...]
    write: Occurrence
    reads: tuple[Occurrence, ...]
    application: str
    apart: bool


def doubles(survey: Survey) -> Iterator[Double]:
    """Yield the undeclared singletons whose class is also a component's, among what any application may run."""
    classes, stored = {each.made_class for each in _writes(survey)} - {""}, _stored(survey, _writes(survey))
    found = [
        each for each in undeclared(survey, survey.core)
        if each.class_name in classes or any(accessor.last in stored.values() for accessor in each.accessors)
    ]  # fmt: skip
    used = users(survey, found, sorted(survey.core - survey.project.tests)) if found else []
    for each, spots in zip(found, used, strict=True):
        writes = component_writes(survey, each, spots)
        if not writes:
            continue
        write = min(writes, key=lambda write: (write.phase.rank, write.order))
        life, reads = _readers(survey, write)
        apart = each.pattern in _SEPARATE and bool(spots) and bool(reads)
        apart = apart and all(_makes(survey, each, other) and not _is_related(survey, each, other) for other in writes)
        apart = apart and not _is_another_program(survey, spots, life)
        if spots or each.pattern is not Pattern.INSTANCE:
            yield Double(each, spots, write, reads, life, apart)


_SEPARATE = frozenset({Pattern.LAZY_GLOBAL, Pattern.TRIPLE, Pattern.CACHED, Pattern.CLASS_METHOD, Pattern.INSTANCE})


def _readers(survey: Survey, write: Occurrence) -> tuple[str, tuple[Occurrence, ...]]:
    """Return the application of a write, and the reads of its component there."""
    for life in survey.timeline.lives:
        if write in life.occurrences:
            reads = [
                each for each in life.occurrences
                if (each.owner, each.component) == (write.owner, write.component)
                and each.kind is Kind.READ and not each.possible
            ]  # fmt: skip
            return life.name, tuple(reads)
    return "", ()


def _makes(survey: Survey, singleton: Singleton, write: Occurrence) -> bool:
    """Tell whether a write stores an instance that is made right there, or in a variable of the same function."""
    file = write.place.file
    facts = survey.project.facts[file]
    meanings = Meanings(survey.project)
    for index, block in [(MODULE, facts.body), *((n, each.body) for n, each in enumerate(facts.functions))]:
        for statement in statements(block):
            if not isinstance(statement, flow.Bind) or statement.line != write.place.line:
                continue
            value = statement.value.value if isinstance(statement.value, flow.Await) else statement.value
            if isinstance(value, flow.Name) and index != MODULE:
                bound = meanings.bound(file, index).get(value.id)
                value = bound if isinstance(bound, flow.Call) else None
            if isinstance(value, flow.Call):
                made = meanings.of(value, Scope(file, index))
                if made is not None and made.kind == "instance" and made.definition == singleton.cls:
                    return True
    return False


def _is_related(survey: Survey, singleton: Singleton, write: Occurrence) -> bool:
    """Tell whether the function that sets a component also has to do with a singleton: it may be the same object.

    A method of its class stores the object that it was called on.
    """
    file = write.place.file
    if singleton.class_name and write.function.startswith(f"{singleton.class_name}."):
        return True
    own = {*singleton.accessors, *singleton.setters, Definition(singleton.file, singleton.variable)}
    if file == singleton.file and any(write.function == each.name for each in own):
        return True
    facts = survey.project.facts[file]
    for use in uses(Meanings(survey.project, own), file, own.__contains__):
        name = facts.functions[use.scope.function].qualname if use.scope.function >= 0 else "<module>"
        if use.form is not Form.IMPORT and name == write.function:
            return True
    return False


def _is_another_program(survey: Survey, spots: Iterable[Spot], application: str) -> bool:
    """Tell whether what uses a singleton are modules that make applications of their own, and not this one.

    An example beside the package runs in another process than its server.
    """
    lives = survey.timeline.lives
    own = {life.place.file for life in lives if life.name == application}
    others = {life.place.file for life in lives if life.name != application} - own
    return all(spot.file in others for spot in spots)


def _gets(singleton: Singleton, form: Form, member: str) -> bool:
    """Tell whether a use of a singleton gets the object; a class is also used for other ends."""
    if singleton.pattern not in (Pattern.NEW, Pattern.METACLASS, Pattern.DECORATOR):
        return True
    return form is Form.CALL


def _is_own(singleton: Singleton, file: str, function: str) -> bool:
    """Tell whether a function of ``file`` is part of a singleton."""
    if file != singleton.file:
        return False
    own = {each.name for each in (*singleton.accessors, *singleton.setters)}
    if singleton.cls is not None and singleton.cls.file == file:
        own.add(singleton.cls.name)
    return any(function == each or function.startswith(f"{each}.") for each in own)
