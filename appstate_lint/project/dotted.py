"""Names that a configuration gives (``shop.boot:Boot.run``, ``shop.boot.Boot.run``), resolved to definitions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from appstate_lint.project.symbols import Project, Symbol

ANY = "*"


def find(project: Project, name: str, importer: str = "") -> Symbol:
    """Return what a dotted name means as ``importer`` sees it.

    ``missing`` is a name that its module, or class, does not define (``file`` is the module); ``external`` one of no
    module of the project.
    """
    for module, names in _splits(name):
        symbol = project.module(importer, module)
        if symbol.kind == "external":
            continue
        for each in names:
            symbol = _member(project, symbol, each)
        return symbol
    return Symbol("external", name=name.replace(":", "."))


def functions_named(project: Project, pattern: str) -> frozenset[tuple[str, int]]:
    """Return the functions that a pattern names: file and index; ``*`` stands for any characters of one name.

    A module may be named by the end of its dotted path, if none has exactly that name. Without ``*``, a method may be
    inherited and a function imported.
    """
    matches = re.compile(re.escape(pattern.replace(":", ".")).replace(r"\*", r"[^.]*")).fullmatch
    exact: set[tuple[str, int]] = set()
    ending: set[tuple[str, int]] = set()
    for file in sorted(project.facts):
        source = project.modules.by_path[file]
        folders = source.path.removesuffix(".py").removesuffix("/__init__").split("/")
        for index, function in enumerate(project.facts[file].functions):
            qualname = function.qualname.replace("<locals>.", "")
            if matches(f"{source.module}.{qualname}"):
                exact.add((file, index))
            elif any(matches(".".join([*folders[start:], qualname])) for start in range(len(folders))):
                ending.add((file, index))
    found = exact or ending
    if not found and ANY not in pattern:
        symbol = find(project, pattern)
        if symbol.kind == "function":
            return frozenset({(symbol.file, symbol.index)})
    return frozenset(found)


def with_nested(project: Project, functions: frozenset[tuple[str, int]]) -> frozenset[tuple[str, int]]:
    """Return functions and those defined inside of them."""
    found = set(functions)
    for file in {file for file, _ in functions}:
        for index, function in enumerate(project.facts[file].functions):  # the outer one stands before the inner one
            if function.scope >= 0 and (file, function.scope) in found:
                found.add((file, index))
    return frozenset(found)


def _splits(name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the ways to read a name as a module and names in it, the longest module first."""
    module, colon, rest = name.partition(":")
    if colon:
        yield module, rest.split(".")
        return
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        yield ".".join(parts[:end]), parts[end:]


def _member(project: Project, owner: Symbol, name: str) -> Symbol:
    """Return what ``name`` means in a module, package or class."""
    if owner.kind != "class":
        return project.attribute(owner, name)
    for base in project.mro(owner.file, owner.index):
        if base.kind != "class":
            return Symbol("external", name=f"{project.dotted(owner)}.{name}")
        index = project.methods(base.file, base.index).get(name)
        if index is not None:
            return Symbol("function", base.file, index)
        inner = f"{project.cls(base.file, base.index).qualname}.{name}"
        for number, cls in enumerate(project.facts[base.file].classes):
            if cls.qualname == inner:
                return Symbol("class", base.file, number)
    return Symbol("missing", owner.file, name=name)
