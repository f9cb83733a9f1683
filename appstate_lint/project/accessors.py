"""Declared accessors → what they name: functions, methods, classes and variables of the project, or nothing any more.

A declaration is ``module:qualified name`` or dotted; ``*`` stands for any part of one name between dots.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import NamedTuple

from appstate_lint.config import Migration
from appstate_lint.facts import flow
from appstate_lint.facts.flow import At
from appstate_lint.project.meanings import Definition, Meanings
from appstate_lint.project.modules import Modules
from appstate_lint.project.symbols import Project, imports, statements


class Accessor(NamedTuple):
    """One accessor of a migration: what the declaration says, and what that is.

    ``kind`` is ``function`` or ``class`` (``number`` is its place in the file's facts), ``variable``, ``external`` (of
    another project), or ``missing``: its module, or something in it, is there no more. ``at`` is where it is defined.
    """

    migration: Migration
    declared: str
    definition: Definition
    kind: str
    number: int = -1
    at: At = (1, 0, 1, 0)

    @property
    def name(self) -> str:
        """The name without its module, as messages say it."""
        return self.definition.name if self.definition.file else self.definition.last


def homes(modules: Modules, declared: str) -> list[str]:
    """Return the files of the modules that a declaration may speak of."""
    found = {file for module, _ in splits(declared) for file in files_of(modules, module)}
    return sorted(found)


def splits(declared: str) -> Iterator[tuple[str, str]]:
    """Yield module and qualified name of a declaration, in every way in which it can be read."""
    if ":" in declared:
        module, _, name = declared.partition(":")
        yield module, name
        return
    parts = declared.split(".")
    for end in range(len(parts) - 1, 0, -1):
        yield ".".join(parts[:end]), ".".join(parts[end:])


def files_of(modules: Modules, name: str) -> list[str]:
    """Return the files of the modules that a name, or a pattern, means."""
    if "*" not in name:
        path = modules.find(name, "")
        return [path] if path is not None else []
    pattern = _pattern(name)
    return sorted(path for path, file in modules.by_path.items() if pattern.fullmatch(file.module))


def matches(pattern: str, dotted: str) -> bool:
    """Tell whether a name, or a pattern, means the dotted name."""
    return _pattern(pattern.replace(":", ".")).fullmatch(dotted.replace(":", ".")) is not None


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name).replace(r"\*", r"[^.:]*"))


def accessors(project: Project, migrations: Iterable[Migration]) -> tuple[Accessor, ...]:
    """Return what the accessors of ``migrations`` are, each definition once for a migration."""
    found: dict[tuple[str, Definition], Accessor] = {}
    for migration in migrations:
        for declared in migration.accessors:
            for each in _resolved(project, migration, declared):
                found.setdefault((migration.name, each.definition), each)
    return tuple(found.values())


def _resolved(project: Project, migration: Migration, declared: str) -> Iterator[Accessor]:
    """Yield what one declaration names; what it names no more, unless it is a pattern."""
    missing: Accessor | None = None
    for module, name in splits(declared):
        files = files_of(project.modules, module)
        for file in files:
            inside = list(_inside(project, migration, declared, file, name))
            yield from inside
            if inside:
                missing = None
            elif missing is None and "*" not in declared:
                missing = Accessor(migration, declared, Definition(file, name), "missing")
        if files and missing is None:
            return
    if missing is not None:
        yield missing
    elif "*" not in declared:
        dotted = declared.replace(":", ".")
        ours = project.modules.is_folder(dotted.partition(".")[0])
        yield Accessor(migration, declared, Definition("", dotted), "missing" if ours else "external")


def _inside(project: Project, migration: Migration, declared: str, file: str, name: str) -> Iterator[Accessor]:
    """Yield what a qualified name, or pattern, means in a module."""
    if file not in project.facts:
        return
    head, _, rest = name.partition(".")
    pattern = _pattern(head)
    bindings = project.bindings(file)
    names = [head] if "*" not in head else sorted(each for each in bindings if pattern.fullmatch(each))
    for each in names:
        symbol = project.lookup(file, each)
        if symbol is None or ("*" in head and symbol.file != file):
            continue  # a pattern means what the module defines, not what it imports
        if symbol.kind == "class":
            cls = project.cls(symbol.file, symbol.index)
            if rest:
                yield from _members(project, migration, declared, symbol.file, symbol.index, rest)
            elif "*" not in head:
                definition = Definition(symbol.file, cls.qualname)
                yield Accessor(migration, declared, definition, "class", symbol.index, cls.at)
        elif symbol.kind == "function" and not rest:
            function = project.function(symbol.file, symbol.index)
            definition = Definition(symbol.file, function.qualname)
            yield Accessor(migration, declared, definition, "function", symbol.index, function.at)
        elif symbol.kind == "variable" and not rest:
            at = _assigned(project.facts[symbol.file].body, symbol.name)
            if at is not None:
                yield Accessor(migration, declared, Definition(symbol.file, symbol.name), "variable", at=at)


def _members(
    project: Project, migration: Migration, declared: str, file: str, index: int, name: str
) -> Iterator[Accessor]:
    """Yield what a name, or pattern, means in a class, or in the bases that it inherits from."""
    pattern = _pattern(name)
    meanings = Meanings(project)
    for symbol in project.mro(file, index):
        if symbol.kind != "class":
            continue
        cls = project.cls(symbol.file, symbol.index)
        methods = project.methods(symbol.file, symbol.index)
        found = sorted(each for each in meanings.members(symbol.file, symbol.index) if pattern.fullmatch(each))
        for each in found:
            definition = Definition(symbol.file, f"{cls.qualname}.{each}")
            if each in methods:
                at = project.function(symbol.file, methods[each]).at
                yield Accessor(migration, declared, definition, "function", methods[each], at)
            else:
                yield Accessor(migration, declared, definition, "variable", at=_assigned(cls.body, each) or cls.at)
        if found:
            return


def _assigned(block: flow.Block, name: str) -> At | None:
    """Return where a block first binds a name."""
    for statement in statements(block):
        if isinstance(statement, flow.Bind):
            for node in flow.nodes(statement.targets):
                if isinstance(node, flow.Name) and node.id == name:
                    return node.at
    return None


def names(project: Project, known: Set[Definition], texts: Mapping[str, str]) -> set[str]:
    """Return the names by which files may speak of definitions: their own, and those that imports and modules give.

    ``texts`` are those of the files whose bindings count.
    """
    words = {each.last for each in known}
    meanings = Meanings(project, known)
    while True:
        more: set[str] = set()
        for file in mentioning(texts, words):
            if file not in project.facts:
                continue
            for statement in imports(project.facts[file]):
                if isinstance(statement, flow.ImportFrom) and statement.alias:
                    meant = meanings.imported(file, statement)
                    if meant is not None and meant.definition in known:
                        more.add(statement.alias)
            for name in project.bindings(file):
                value = meanings.values(file, name)
                if len(value) == 1 and isinstance(value[0], (flow.Name, flow.Attr)):
                    meant = meanings.global_name(file, name)
                    if meant is not None and meant.definition in known:
                        more.add(name)
        if more <= words:
            return words
        words |= more


def mentioning(texts: Mapping[str, str], words: Iterable[str]) -> Iterator[str]:
    """Yield the files whose text has one of ``words``; one with other than ASCII letters may spell them otherwise."""
    found = re.compile("|".join(map(re.escape, sorted(words))) or "(?!)")
    yield from (file for file, text in texts.items() if not text.isascii() or found.search(text))
