"""Names resolved to definitions through imports, re-exports and star imports, and classes to their bases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from appstate_lint.facts import flow
from appstate_lint.facts.flow import Block, Expr, FileFacts
from appstate_lint.project.modules import Modules
from appstate_lint.source import SourceFile

MOST_HOPS = 40


class Symbol(NamedTuple):
    """What a name means.

    ``kind`` is ``function`` or ``class`` (``file`` and ``index``), ``module`` (``file``), ``variable`` (``file``,
    ``name``), ``external`` (``name`` is dotted), ``package`` (a folder without a file, ``name`` is dotted) or
    ``missing`` (a module of the project that defines no such name).
    """

    kind: str
    file: str = ""
    index: int = -1  # type: ignore[assignment]  # nobody asks a Symbol for the index of a member
    name: str = ""


class Project:
    """The facts of the parsed files, joined; answers what names mean.

    ``modules`` knows the files that are not parsed too; nothing is defined in these. Without it, all are parsed.
    """

    def __init__(self, files: Mapping[SourceFile, FileFacts], modules: Modules | None = None) -> None:
        self.facts: dict[str, FileFacts] = {file.path: facts for file, facts in files.items()}
        self.modules = modules if modules is not None else Modules(files)
        self.tests = frozenset(file.path for file in files if file.is_test)
        self._bindings: dict[str, dict[str, Symbol | tuple[str, flow.ImportFrom]]] = {}
        self._stars: dict[str, list[flow.ImportFrom]] = {}
        self._mro: dict[tuple[str, int], tuple[Symbol, ...]] = {}
        self._methods: dict[tuple[str, int], dict[str, int]] = {}
        self._owned: dict[str, dict[int, dict[str, int]]] = {}
        self._found: dict[tuple[str, str, int], Symbol | None] = {}
        self._packages: dict[str, tuple[str, ...]] = {}
        self._sources: dict[tuple[str, str, int], Symbol] = {}
        self._local: dict[tuple[str, int], dict[str, Symbol]] = {}
        self.annotated: dict[tuple[int, str, int], list[tuple[str, str, int, str]]] = {}
        """What annotations were found to name, by the identity of the record, the file and the function around it."""

    # ------------------------------------------------------------ records

    def function(self, file: str, index: int) -> flow.Function:
        """Return a function's facts."""
        return self.facts[file].functions[index]

    def cls(self, file: str, index: int) -> flow.Class:
        """Return a class's facts."""
        return self.facts[file].classes[index]

    def methods(self, file: str, index: int) -> dict[str, int]:
        """Return the methods that a class defines itself: name → index of the function."""
        owned = self._owned.get(file)
        if owned is None:
            owned = self._owned[file] = {}
            for number, function in enumerate(self.facts[file].functions):
                if function.owner >= 0:
                    table = owned.setdefault(function.owner, {})
                    if not _is_setter(function):
                        table[function.name] = number
        return owned.get(index, {})

    # ------------------------------------------------------------ names

    def imported(self, file: str, statement: flow.ImportFrom | flow.Import) -> Symbol:
        """Return what an import statement of ``file`` binds."""
        if isinstance(statement, flow.Import):
            name = statement.module if statement.name else statement.module.partition(".")[0]
            return self.module(file, name)
        source = self.source_of(file, statement)
        return self.attribute(source, statement.name) if statement.name != "*" else source

    def packages_around(self, file: str) -> tuple[str, ...]:
        """Return the ``__init__`` files of the packages around a module, the outermost first, its own left out."""
        known = self._packages.get(file)
        if known is None:
            chain: list[str] = []
            folder = file.rpartition("/")[0]
            while folder and (package := f"{folder}/__init__.py") in self.facts:
                chain.append(package)
                folder = folder.rpartition("/")[0]
            known = self._packages[file] = tuple(each for each in reversed(chain) if each != file)
        return known

    def source_of(self, file: str, statement: flow.ImportFrom) -> Symbol:
        """Return the module that ``from module import`` names."""
        key = (file, statement.module, statement.level)
        known = self._sources.get(key)
        if known is None:
            known = self._sources[key] = self._source_of(file, statement.module, statement.level)
        return known

    def _source_of(self, file: str, module: str, level: int) -> Symbol:
        if not level:
            return self.module(file, module)
        path = self.modules.relative(file, level, module)
        if path is not None:
            return Symbol("module", path)
        package = self.modules.package(file).split(".")
        base = package[: len(package) - (level - 1)]
        return Symbol("package", file, name=".".join([*base, *([module] if module else [])]))

    def module(self, importer: str, name: str) -> Symbol:
        """Return the module ``name`` as ``importer`` sees it."""
        path = self.modules.find(name, importer)
        if path is not None:
            return Symbol("module", path)
        if self.modules.is_folder(name):
            return Symbol("package", importer, name=name)
        return Symbol("external", name=name)

    def attribute(self, owner: Symbol, name: str, hops: int = 0) -> Symbol:
        """Return what ``owner.name`` means for a module, package or external name."""
        if owner.kind == "external":
            return Symbol("external", name=f"{owner.name}.{name}")
        if owner.kind == "package":
            return self.module(owner.file, f"{owner.name}.{name}")
        if owner.kind == "module":
            found = self.lookup(owner.file, name, hops + 1)
            if found is not None and found.kind != "missing":
                return found
            inner = self.submodule(owner.file, name)
            if inner is not None:
                return Symbol("module", inner)
            return Symbol("missing", owner.file, name=name)
        return Symbol("missing", owner.file, name=name)

    def submodule(self, package: str, name: str) -> str | None:
        """Return the path of the module ``name`` inside the package whose file is ``package``."""
        folder, _, last = package.rpartition("/")
        if last != "__init__.py":
            return None
        prefix = f"{folder}/{name}" if folder else name
        for path in (f"{prefix}.py", f"{prefix}/__init__.py"):
            if path in self.modules.by_path:
                return path
        return None

    def lookup(self, file: str, name: str, hops: int = 0) -> Symbol | None:
        """Return what the module-level ``name`` of ``file`` means, ``None`` where the file does not bind it."""
        key = (file, name, hops)
        if key not in self._found:
            self._found[key] = self._lookup(file, name, hops)
        return self._found[key]

    def _lookup(self, file: str, name: str, hops: int) -> Symbol | None:
        if hops > MOST_HOPS or file not in self.facts:
            return None
        bindings = self.bindings(file)
        found = bindings.get(name)
        if isinstance(found, Symbol):
            return found
        if found is not None:
            source = self.source_of(file, found[1])
            return self.attribute(source, found[1].name, hops + 1)
        for star in self._stars[file]:
            source = self.source_of(file, star)
            if source.kind == "module" and source.file != file and not name.startswith("_"):
                symbol = self.lookup(source.file, name, hops + 1)
                if symbol is not None and symbol.kind != "missing":
                    return symbol
        return None

    def has_unseen_names(self, file: str) -> bool:
        """Tell whether a module can have names that its text does not show."""
        if self._is_dark(file):
            return True
        self.bindings(file)
        stars = (self.source_of(file, star) for star in self._stars[file])
        return "__getattr__" in self._bindings[file] or any(
            source.kind != "module" or self._is_dark(source.file) for source in stars
        )

    def _is_dark(self, file: str) -> bool:
        """Tell whether nothing is known of what a module defines."""
        facts = self.facts.get(file)
        return facts is None or bool(facts.error)

    def bindings(self, file: str) -> dict[str, Symbol | tuple[str, flow.ImportFrom]]:
        """Return the module-level names of ``file``: definitions, or the import that brings them."""
        known = self._bindings.get(file)
        if known is None:
            known = self._bindings[file] = {}
            stars = self._stars[file] = []
            for statement in statements(self.facts[file].body):
                self._bind(file, statement, known, stars)
            for function in self.facts[file].functions:
                for statement in statements(function.body):
                    if isinstance(statement, flow.Outer) and statement.kind == "global":
                        for name in statement.names:
                            known.setdefault(name, Symbol("variable", file, name=name))
        return known

    def _bind(
        self,
        file: str,
        statement: flow.Stmt,
        known: dict[str, Symbol | tuple[str, flow.ImportFrom]],
        stars: list[flow.ImportFrom],
    ) -> None:
        match statement:
            case flow.ImportFrom(name="*"):
                stars.append(statement)
            case flow.ImportFrom():
                known[statement.alias or statement.name] = ("import", statement)
            case flow.Import():
                known[statement.name or statement.module.partition(".")[0]] = self.imported(file, statement)
            case flow.Define(function=index):
                known[self.facts[file].functions[index].name] = Symbol("function", file, index)
            case flow.DefineClass(index=index):
                known[self.facts[file].classes[index].name] = Symbol("class", file, index)
            case _:
                for name in bound_names(statement):
                    if not isinstance(known.get(name), tuple):
                        known[name] = Symbol("variable", file, name=name)

    def resolve(self, file: str, expr: Expr, local: Mapping[str, Symbol] | None = None) -> Symbol | None:
        """Return what a dotted expression means at module level of ``file``, ``None`` if that is not known."""
        match expr:
            case flow.Name(id=name):
                if local and name in local:
                    return local[name]
                return self.lookup(file, name) or Symbol("external", name=name)
            case flow.Attr(value=value, name=name):
                owner = self.resolve(file, value, local)
                return self.attribute(owner, name) if owner and owner.kind in _OPEN else None
            case flow.Item(value=value):
                return self.resolve(file, value, local)
        return None

    # ------------------------------------------------------------ classes

    def mro(self, file: str, index: int) -> tuple[Symbol, ...]:
        """Return a class and its bases, nearest first; what is not in the project is ``external``."""
        known = self._mro.get((file, index))
        return self._linearized((file, index)) if known is None else known

    def _linearized(self, cls: tuple[str, int]) -> tuple[Symbol, ...]:
        """Work out the bases of a class, theirs before its own: without recursion, for they may be many deep."""
        bases: dict[tuple[str, int], list[Symbol]] = {}
        waiting = [cls]
        while waiting:
            here = waiting[-1]
            if here in bases:
                self._mro[waiting.pop()] = tuple(dict.fromkeys(self._joined(here, bases[here])))
                continue
            self._mro.setdefault(here, (Symbol("class", *here),))  # what a class that extends itself finds
            bases[here] = self._bases(*here)
            places = ((each.file, each.index) for each in bases[here] if each.kind == "class")
            waiting += [place for place in places if place not in self._mro]
        return self._mro[cls]

    def _bases(self, file: str, index: int) -> list[Symbol]:
        """Return what the bases of a class mean, ``external`` where that is no class of the project."""
        cls = self.cls(file, index)
        found = [self.resolve(file, base, self.local_names(file, cls.scope)) for base in cls.bases]
        none = Symbol("external", name="?")
        return [each if each is not None and each.kind in ("class", "external") else none for each in found]

    def _joined(self, cls: tuple[str, int], bases: Iterable[Symbol]) -> Iterator[Symbol]:
        """Yield a class and what is known of its bases, those of the project first."""
        yield Symbol("class", *cls)
        later: list[Symbol] = []
        for base in bases:
            own = self._mro[base.file, base.index] if base.kind == "class" else (base,)
            yield from (each for each in own if each.kind == "class")
            later.extend(each for each in own if each.kind != "class")
        yield from later

    @cached_property
    def heirs(self) -> dict[str, set[str]]:
        """The names of the classes that extend one of a name, by the look of it."""
        found: dict[str, set[str]] = {}
        for facts in self.facts.values():
            for cls in facts.classes:
                for base in cls.bases:
                    found.setdefault(flow.last_name(base), set()).add(cls.name)
        return found

    def family(self, name: str) -> frozenset[str]:
        """Return the names of the classes that extend one of this name, by the look of it, and the name itself."""
        found, waiting = {name}, [name]
        while waiting:
            new = self.heirs.get(waiting.pop(), set()) - found
            found |= new
            waiting.extend(new)
        return frozenset(found)

    @cached_property
    def imported_names(self) -> frozenset[str]:
        """The dotted names of all that the project's files import, as they write them."""
        return frozenset(
            each.module if isinstance(each, flow.Import) else f"{each.module}.{each.name}" for each in self._imports
        )

    @cached_property
    def _imports(self) -> tuple[flow.Import | flow.ImportFrom, ...]:
        return tuple(each for facts in self.facts.values() for each in imports(facts))

    def called(self, name: str) -> frozenset[str]:
        """Return the names that files may have for what is called ``name``: itself, and what imports rename it to."""
        named = (each for each in self._imports if isinstance(each, flow.ImportFrom))
        renamed = {(each.name, each.alias) for each in named if each.alias}
        found = {name}
        while more := {alias for known, alias in renamed if known in found} - found:
            found |= more
        return frozenset(found)

    def dotted(self, symbol: Symbol) -> str:
        """Return the dotted name of a function or class of the project, or of what is not in it."""
        if symbol.kind not in ("class", "function"):
            return symbol.name
        facts = self.facts[symbol.file]
        made = facts.classes[symbol.index] if symbol.kind == "class" else facts.functions[symbol.index]
        return f"{self.modules.by_path[symbol.file].module}.{made.qualname}"

    def class_names(self, file: str, index: int) -> Iterator[str]:
        """Yield the dotted names of a class and of its bases, nearest first."""
        return map(self.dotted, self.mro(file, index))

    def local_names(self, file: str, scope: int) -> dict[str, Symbol]:
        """Return the imports and definitions inside the function ``scope`` and those around it; not to be changed."""
        if (file, scope) not in self._local:
            self._local[file, scope] = self._local_names(file, scope)
        return self._local[file, scope]

    def _local_names(self, file: str, scope: int) -> dict[str, Symbol]:
        known: dict[str, Symbol] = {}
        while scope >= 0:
            function = self.facts[file].functions[scope]
            for statement in statements(function.body):
                match statement:
                    case flow.ImportFrom() if statement.name != "*":
                        known.setdefault(statement.alias or statement.name, self.imported(file, statement))
                    case flow.Import():
                        name = statement.name or statement.module.partition(".")[0]
                        known.setdefault(name, self.imported(file, statement))
                    case flow.Define(function=index):
                        known.setdefault(self.facts[file].functions[index].name, Symbol("function", file, index))
                    case flow.DefineClass(index=index):
                        known.setdefault(self.facts[file].classes[index].name, Symbol("class", file, index))
            scope = function.scope
        return known


_OPEN = frozenset({"module", "package", "external"})


def _is_setter(function: flow.Function) -> bool:
    return any(
        isinstance(decorator, flow.Attr) and decorator.name in ("setter", "deleter")
        for decorator in function.decorators
    )


def imports(facts: FileFacts) -> Iterator[flow.Import | flow.ImportFrom]:
    """Yield the imports of a file, those inside functions too."""
    for _, statement in placed_imports(facts):
        yield statement


def placed_imports(facts: FileFacts) -> Iterator[tuple[int, flow.Import | flow.ImportFrom]]:
    """Yield the imports of a file, each with the function that it stands in (-1 for the module)."""
    for index, block in enumerate((facts.body, *(function.body for function in facts.functions)), start=-1):
        for statement in statements(block):
            if isinstance(statement, (flow.Import, flow.ImportFrom)):
                yield index, statement


def mentions_of(facts: FileFacts, index: int, name: str) -> Iterator[flow.Name]:
    """Yield where code mentions ``name`` that may see it as a function (-1: the module) binds it."""
    for node in flow.nodes(_seeing(facts, index, name)):
        if isinstance(node, flow.Name) and node.id == name:
            yield node


def _seeing(facts: FileFacts, index: int, name: str) -> tuple[flow.Record | Block, ...]:
    """Return the code that may see ``name`` as a function binds it: what is inside that function; else the file."""
    if index < 0 or name not in facts.functions[index].locals:
        return (facts.body, *facts.functions, *facts.classes)
    inside = [index]
    for number, function in enumerate(facts.functions):
        if function.scope in inside:
            inside.append(number)
    return (
        *(facts.functions[number] for number in inside),
        *(cls for cls in facts.classes if cls.scope in inside),
    )


def statements(block: Block) -> Iterator[flow.Stmt]:
    """Yield the statements of ``block`` and of the blocks inside it, functions and classes not entered."""
    stack = list(reversed(block))
    while stack:
        statement = stack.pop()
        yield statement
        if type(statement) in _NESTING:
            for inner in reversed(tuple(blocks(statement))):
                stack.extend(reversed(inner))


_NESTING = frozenset({flow.If, flow.For, flow.While, flow.Try, flow.With, flow.Match})
"""The statements that have blocks inside; most have none."""


def blocks(statement: flow.Stmt) -> Iterator[Block]:
    """Yield the blocks directly inside ``statement``."""
    match statement:
        case flow.If() | flow.For() | flow.While():
            yield statement.body
            yield statement.orelse
        case flow.Try():
            yield statement.body
            yield from (handler.body for handler in statement.handlers)
            yield statement.orelse
            yield statement.final
        case flow.With():
            yield statement.body
        case flow.Match():
            yield from (case.body for case in statement.cases)


def bound_names(statement: flow.Stmt) -> Iterator[str]:
    """Yield the names that a statement assigns."""
    match statement:
        case flow.Bind(targets=targets):
            for target in targets:
                yield from _target_names(target)
        case flow.Augment(target=target) | flow.For(target=target):
            yield from _target_names(target)
        case flow.With(entries=entries):
            for _, entry_target in entries:
                if entry_target is not None:
                    yield from _target_names(entry_target)


def _target_names(target: Expr) -> Iterator[str]:
    match target:
        case flow.Name(id=name):
            yield name
        case flow.Star(value=value):
            yield from _target_names(value)
        case flow.Sequence(items=items):
            for item in items:
                yield from _target_names(item)
