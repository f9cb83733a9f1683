"""The survey of a project: its declared migrations, and all that is left of what they move away from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

import msgspec

from appstate_lint.config import Migration, Settings, Status, is_misspelling
from appstate_lint.facts import flow
from appstate_lint.frameworks import Tables
from appstate_lint.migration import accessors as shapes
from appstate_lint.migration.doubles import Double, doubles
from appstate_lint.migration.finding import Old, dotted_name, leftovers, taken
from appstate_lint.migration.leftovers import Leftover, allowance, reported
from appstate_lint.migration.reach import Reach
from appstate_lint.model import Kind, Left, Place, Related
from appstate_lint.project import Project
from appstate_lint.project.accessors import Accessor, accessors, files_of, mentioning, names, splits
from appstate_lint.project.meanings import Definition, Meanings
from appstate_lint.timeline.questions import Timeline
from appstate_lint.timeline.records import Occurrence

_IDENTIFIER = re.compile(r"[^\W\d]\w*")


_KINDS = {Kind.READ: Left.RETIRED, Kind.GUARD: Left.RETIRED, Kind.WRITE: Left.DEFINITION}


class Survey:
    """What checks and commands ask of a project's migrations; ``over`` are those that allow nothing any more.

    ``texts`` are those of the project's files, as far as they can be shown; ``core`` are the files that applications
    may run, whatever else was parsed; ``unread`` are directories that could not be read.
    """

    def __init__(
        self,
        project: Project,
        timeline: Timeline,
        tables: Tables,
        settings: Settings,
        over: tuple[str, ...],
        texts: Mapping[str, str],
        core: frozenset[str],
        unread: tuple[str, ...] = (),
    ) -> None:
        self.project = project
        self.timeline = timeline
        self.tables = tables
        self.settings = settings
        self.over = frozenset(over)
        self.texts = texts
        self.core = core
        self.unread = unread

    @cached_property
    def accessors(self) -> tuple[Accessor, ...]:
        """The accessors that are declared, as they are found, or missed, in the project."""
        return accessors(self.project, self.settings.migrations)

    @cached_property
    def leftovers(self) -> tuple[Leftover, ...]:
        """All leftovers of all migrations, also those that are allowed or of a planned migration, by place."""
        found = [*leftovers(self._old, self.mentioning(self._old.words))] if self.accessors else []
        found += [each for migration in self.settings.migrations for each in self._retired(migration)]
        found = list(_with_patches(found, self.project))
        unique = {(each.place, each.kind, each.migration.name, each.accessor): each for each in found}
        return tuple(sorted(unique.values(), key=lambda each: each.sort_key))

    def words(self, definitions: Iterable[Definition]) -> frozenset[str]:
        """Return all names that files have for definitions."""
        return frozenset(names(self.project, frozenset(definitions), self.texts))

    def mentioning(self, words: Iterable[str]) -> list[str]:
        """Return the files that mention one of ``words``."""
        return [file for file in mentioning(self.texts, words) if file in self.project.facts]

    @cached_property
    def doubles(self) -> tuple[Double, ...]:
        """The undeclared singletons whose class is also a component's, among what any application may run."""
        return tuple(doubles(self))

    def reported(self, *kinds: Left) -> Iterator[Leftover]:
        """Yield the leftovers of ``kinds`` that are findings."""
        for each in self.leftovers:
            if each.kind in kinds and reported(each, self.over):
                yield each

    def dotted(self, accessor: Accessor) -> str:
        """Return the dotted name of an accessor, as leftovers say it."""
        return dotted_name(self.project, accessor.definition)

    @cached_property
    def taken(self) -> frozenset[tuple[str, str]]:
        """The names that files import from other files: the file that they are taken from, and the name."""
        return taken(self.project)

    def means(self, file: str, statement: flow.ImportFrom) -> str:
        """Return the dotted name of what an import of ``file`` binds, empty if that is not known."""
        found = self._old.meanings.imported(file, statement)
        return dotted_name(self.project, found.definition) if found is not None else ""

    def is_setter(self, accessor: str) -> bool:
        """Tell whether an accessor, by its dotted name, is a function that sets a global and gives nothing."""
        for each in self.accessors:
            if each.kind == "function" and self.dotted(each) == accessor:
                body = self.project.function(each.definition.file, each.number).body
                gives = any(isinstance(node, flow.Return) and node.value is not None for node in flow.nodes(body))
                return not gives and any(isinstance(node, flow.Outer) for node in flow.nodes(body))
        return False

    def write_of(self, component: str | None) -> Occurrence | None:
        """Return the first certain write of a component outside tests, ``None`` where there is none."""
        found = [
            each
            for life in self.timeline.lives
            for each in life.occurrences
            if each.component == component and each.kind is Kind.WRITE and not each.possible
        ]
        return min(found, key=lambda each: (each.phase.rank, each.order), default=None)

    def writes_of(self, component: str | None) -> Iterator[tuple[str, int, str]]:
        """Yield file, line and phase of each write of a component outside tests that is reached."""
        found = {
            (each.place.file, each.place.line, each.phase)
            for life in self.timeline.lives
            for each in life.occurrences
            if each.component == component and each.kind is Kind.WRITE
        }
        for file, line, phase in sorted(found, key=lambda each: (each[2].rank, each)):
            yield file, line, phase.value

    @cached_property
    def reach(self) -> Reach:
        """What reaches the functions of the project."""
        return Reach(self.project, self.tables, self.timeline.lives)

    def unparsable(self, migration: Migration) -> Iterator[str]:
        """Yield what may mention an accessor of a migration, or a retired component: files that cannot be parsed.

        Directories that cannot be read are among them.
        """
        yield from self.unread
        names = {each.definition.last for each in self.accessors if each.migration.name == migration.name}
        names |= set(migration.retired)
        for file, facts in sorted(self.project.facts.items()):
            text = self.texts.get(file, "")
            if facts.error and (not text or names & set(_IDENTIFIER.findall(text))):
                yield file

    def accessors_of(self, migration: Migration) -> Iterator[Accessor]:
        """Yield the accessors of one migration."""
        yield from (each for each in self.accessors if each.migration.name == migration.name)

    def unresolved(self, migration: Migration) -> Iterator[str]:
        """Yield the declared accessors that mean nothing: of no package of the project, and imported by no file.

        A pattern that matches nothing is one of these too, unless the migration is complete.
        """
        known = {each.declared for each in self.accessors_of(migration) if each.kind != "external"}
        used = {each.accessor for each in self.leftovers if each.migration.name == migration.name}
        for declared in migration.accessors:
            done = "*" in declared and migration.status is Status.COMPLETE
            if declared not in known and declared.replace(":", ".") not in used and not done:
                yield declared

    def misspelled(self, migration: Migration) -> Iterator[tuple[str, str]]:
        """Yield declared accessors that are not there, used by nothing, and what their module defines almost so.

        Of a complete migration none: there, an accessor is meant to be gone.
        """
        used = {each.accessor for each in self.leftovers if each.migration.name == migration.name}
        for each in self.accessors_of(migration) if migration.status is not Status.COMPLETE else ():
            file, name = each.definition.file, each.definition.last
            if each.kind != "missing" or not file or self.dotted(each) in used:
                continue
            for other in sorted(self.project.bindings(file)):
                if other[:1] == name[:1] and is_misspelling(name, other):
                    yield each.declared, other
                    break

    def is_written(self, component: str) -> bool:
        """Tell whether some code, product or table of a library, sets a component of an application."""
        if component in self.timeline.written_outside:
            return True
        return any(
            each.component == component and each.kind is Kind.WRITE
            for life in self.timeline.lives
            for each in life.occurrences
        )

    @cached_property
    def _old(self) -> Old:
        known: dict[Definition, list[tuple[Accessor, shapes.Shape]]] = {}
        for each in self.accessors:
            shape = shapes.shape(self.project, self.tables, each)
            for definition in _keys(self.project, each):
                known.setdefault(definition, []).append((each, shape))
        return Old(
            self.project,
            Meanings(self.project, known),
            {definition: tuple(pairs) for definition, pairs in known.items()},
            {each.name: frozenset(self._replacements(each)) for each in self.settings.migrations},
            self._written(),
            self.words(known),
            tuple(sorted(self.tables.holders | self.tables.stores | self.tables.variables | self.tables.leads)),
        )

    def _replacements(self, migration: Migration) -> Iterator[Definition]:
        """Yield what may be meant by a migration's replacement."""
        for module, name in splits(migration.replacement or ""):
            for file in files_of(self.project.modules, module):
                yield Definition(file, name)
                symbol = self.project.lookup(file, name) if file in self.project.facts else None
                if symbol is not None and symbol.kind == "function":
                    yield Definition(symbol.file, self.project.function(symbol.file, symbol.index).qualname)

    def _written(self) -> dict[str, frozenset[tuple[str, int]]]:
        """Return the lines on which components are written, by name."""
        found: dict[str, set[tuple[str, int]]] = {}
        for each in self._occurrences():
            if each.kind is Kind.WRITE:
                found.setdefault(each.component, set()).add((each.place.file, each.place.line))
        return {name: frozenset(lines) for name, lines in found.items()}

    def _occurrences(self) -> Iterator[Occurrence]:
        for life in self.timeline.lives:
            yield from life.occurrences
        yield from self.timeline.unreached
        yield from self.timeline.in_tests

    # ------------------------------------------------------------ retired components

    def _retired(self, migration: Migration) -> Iterator[Leftover]:
        """Yield the accesses of components that must not be read any more, and, as final ones, the writes."""
        if not migration.retired:
            return
        allowed = allowance(migration)
        seen: set[tuple[Place, str]] = set()
        for each, application in self._accesses(migration.retired):
            kind = _KINDS.get(each.kind)
            if kind is None or (each.place, each.component) in seen:
                continue
            seen.add((each.place, each.component))
            source = self.project.modules.by_path[each.place.file]
            name = each.function
            yield Leftover(
                kind=kind,
                migration=migration,
                accessor=each.component,
                place=each.place,
                how={Kind.WRITE: "still set", Kind.GUARD: "asked for"}.get(each.kind, "read"),
                function=name,
                index=self._index(each.place.file, name),
                form=each.kind.value,
                allowed=allowed.covers(source.path, source.module if name == "<module>" else f"{source.module}.{name}"),
                final=kind is Left.DEFINITION,
                is_test=source.path in self.project.tests,
                phase=each.phase,
                application=application,
            )

    def _accesses(self, names: Iterable[str]) -> Iterator[tuple[Occurrence, str]]:
        wanted = frozenset(names)
        for life in self.timeline.lives:
            yield from ((each, life.name) for each in life.occurrences if each.component in wanted)
        rest = (*self.timeline.unreached, *self.timeline.in_tests)
        yield from ((each, "") for each in rest if each.component in wanted)

    def _index(self, file: str, name: str) -> int:
        functions = self.project.facts[file].functions
        return next((index for index, function in enumerate(functions) if function.qualname == name), -1)


def _with_patches(found: Iterable[Leftover], project: Project) -> Iterator[Leftover]:
    """Yield leftovers; an import that nothing uses says which strings of tests patch it."""
    found = list(found)
    for each in found:
        if each.kind is Left.IMPORT and each.form == Left.IMPORT.value:
            module = project.modules.by_path[each.place.file].module
            patches = [
                Related(other.place.file, other.place.line, "only this patch needs the import")
                for other in found
                if other.kind is Left.PATCH and f"'{module}." in other.how and other.accessor == each.accessor
            ]
            if patches:
                how = f"imported, but only for the patch at {patches[0].file}:{patches[0].line}"
                each = msgspec.structs.replace(each, how=how, related=tuple(patches))
        yield each


def _keys(project: Project, accessor: Accessor) -> Iterator[Definition]:
    """Yield the definitions by which uses of an accessor are known; of what is gone, also its class and its module."""
    definition = accessor.definition
    yield definition
    if accessor.kind != "missing" or not definition.file:
        return
    yield Definition("", f"{project.modules.by_path[definition.file].module}.{definition.name}")
    parts = definition.name.split(".")
    if len(parts) > 1 and definition.file in project.facts and parts[0] not in project.bindings(definition.file):
        yield Definition(definition.file, parts[0])
