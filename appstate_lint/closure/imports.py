"""What the imports of a file name: of a parsed one by its facts, of a skipped one by the text of its imports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from appstate_lint.facts import flow
from appstate_lint.facts.flow import FileFacts
from appstate_lint.project import Project, Symbol
from appstate_lint.project.symbols import statements
from appstate_lint.source import SourceFile

Import = flow.Import | flow.ImportFrom

_BRACKETED = re.compile(rb"import\s*\((?:[^()#]|#[^\n]*)*\)?")
_STATEMENT = re.compile(r"(?:\bfrom\b\s*(?P<dots>\.*)(?P<module>[\w.]*)\s*)?\bimport\b\s*\(?(?P<names>.*)", re.DOTALL)
_COMMENT = re.compile(r"#[^\n]*")
_AROUND_DOTS = re.compile(r"\s*\.\s*")
_NOWHERE = (0, 0, 0, 0)


class Reached(msgspec.Struct, frozen=True):
    """What the imports of a file lead to.

    ``runs`` are all files that they may run, ``names`` those that they make names of, or take names from.
    """

    runs: frozenset[str]
    names: frozenset[str]


class Tree:
    """The files of a project as imports see them: packages, and what lies in them."""

    def __init__(self, resolver: Project, files: Iterable[SourceFile]) -> None:
        self.resolver = resolver
        self._children: dict[str, dict[str, str]] = {}
        self._parents: dict[str, tuple[str, ...]] = {}
        self._places: dict[str, tuple[str, ...]] = {}
        for file in files:
            folder, _, name = file.path.rpartition("/")
            stem = name.removesuffix(".py")
            if stem == "__init__":
                folder, _, stem = folder.rpartition("/")
            if stem:
                self._children.setdefault(folder, {})[stem] = file.path

    def reached(self, file: str, imports: Iterable[Import], text: str) -> Reached:
        """Return what ``imports`` of ``file`` lead to; ``text`` tells which parts of packages it may mention."""
        runs: set[str] = set()
        names: set[str] = set()
        bound: list[Symbol] = []
        for statement in imports:
            if isinstance(statement, flow.Import):
                found = list(self._import(file, statement))
            else:
                source = self.resolver.source_of(file, statement)
                if source.kind == "module":
                    names.add(source.file)
                found = list(self._submodule(source, statement.name))
                runs |= {source.file} if source.kind == "module" else set()
            bound.extend(found)
            runs |= {symbol.file for symbol in found if symbol.kind == "module"}
            if isinstance(statement, flow.Import):
                full = self.resolver.module(file, statement.module)
                runs |= {full.file} if full.kind == "module" else set()
        inner = set(self._mentioned(bound, text))
        names |= {symbol.file for symbol in bound if symbol.kind == "module"} | inner
        return Reached(frozenset(self.with_parents(runs | inner)), frozenset(names))

    def _import(self, file: str, statement: flow.Import) -> Iterator[Symbol]:
        """Yield the modules and folders that ``import a.b.c`` makes names of."""
        parts = statement.module.split(".")
        for end in range(len(parts), len(parts) - 1 if statement.name else 0, -1):
            yield self.resolver.module(file, ".".join(parts[:end]))

    def _submodule(self, source: Symbol, name: str) -> Iterator[Symbol]:
        """Yield the module that ``from source import name`` may mean."""
        if source.kind == "package":
            yield self.resolver.module(source.file, f"{source.name}.{name}")
        elif source.kind == "module":
            inner = self.resolver.submodule(source.file, name)
            if inner is not None:
                yield Symbol("module", inner)

    def _mentioned(self, bound: Iterable[Symbol], text: str) -> Iterator[str]:
        """Yield the files inside packages that have a name in a file whose ``text`` mentions them (``pkg.sub.x``)."""
        waiting = [folder for symbol in bound for folder in self._folders(symbol)]
        seen: set[str] = set()
        while waiting:
            folder = waiting.pop()
            if folder in seen:
                continue
            seen.add(folder)
            for name, path in self._children.get(folder, {}).items():
                if name in text:
                    yield path
                    if path.endswith("/__init__.py"):
                        waiting.append(path.removesuffix("/__init__.py"))

    def _folders(self, symbol: Symbol) -> Iterator[str]:
        if symbol.kind == "module" and symbol.file.endswith("/__init__.py"):
            yield symbol.file.removesuffix("/__init__.py")
        elif symbol.kind == "package":
            if symbol.name not in self._places:
                path = symbol.name.replace(".", "/")
                found = (each for each in self._children if each == path or each.endswith(f"/{path}"))
                self._places[symbol.name] = tuple(found)
            yield from self._places[symbol.name]

    def with_parents(self, files: Iterable[str]) -> Iterator[str]:
        """Yield files and the ``__init__`` modules of the packages around them."""
        for file in files:
            yield file
            yield from self._packages(file.rpartition("/")[0])

    def _packages(self, folder: str) -> tuple[str, ...]:
        """Return the ``__init__`` modules of a folder and of the packages around it, nearest first."""
        known = self._parents.get(folder)
        if known is None:
            package = f"{folder}/__init__.py"
            inside = folder and package in self.resolver.modules.by_path
            known = (package, *self._packages(folder.rpartition("/")[0])) if inside else ()
            self._parents[folder] = known
        return known


def imports_of(facts: FileFacts) -> Iterator[Import]:
    """Yield the import statements of a file, in functions and classes too."""
    for block in (facts.body, *(each.body for each in facts.functions), *(each.body for each in facts.classes)):
        for statement in statements(block):
            if isinstance(statement, (flow.Import, flow.ImportFrom)):
                yield statement


# ---------------------------------------------------------------- skipped files


def import_text(content: bytes | str) -> bytes:
    """Return the lines of a file that import, or may: what is kept of one that is not parsed."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    if b"\\" in data:
        data = data.replace(b"\\\r\n", b" ").replace(b"\\\n", b" ")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    kept: list[bytes] = []
    at = data.find(b"import")
    while at >= 0:
        bracketed = _BRACKETED.match(data, at)
        end = bracketed.end() if bracketed is not None else data.find(b"\n", at)
        kept.append(data[data.rfind(b"\n", 0, at) + 1 : end if end >= 0 else len(data)])
        at = data.find(b"import", end) if end >= 0 else -1
    return b"\0".join(kept)


def imports_in(text: bytes) -> Iterator[Import]:
    """Yield the imports of what :func:`import_text` kept; of prose that looks like one, perhaps more."""
    for line in text.decode("utf-8", "replace").split("\0"):
        for part in _COMMENT.sub("", line).split(";"):
            found = _STATEMENT.search(_AROUND_DOTS.sub(".", part))
            if found is None:
                continue
            names = [name.split() for name in found["names"].strip(" \t\n()").split(",")]
            for name in (each[0] for each in names if each):
                if found["module"] is None:
                    yield flow.Import(name, "", 0)
                else:
                    yield flow.ImportFrom(found["module"], len(found["dots"]), name, "", _NOWHERE)
