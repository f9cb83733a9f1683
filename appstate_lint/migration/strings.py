"""Strings that name a definition: patch targets, tables of imports by string, and what no module has any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Expr
from appstate_lint.project.meanings import Definition, Meaning, Meanings, Scope
from appstate_lint.project.uses import Wanted

_PATCHES = frozenset({"patch", "setattr", "delattr", "multiple", "spy", "stub", "object", "replace"})
_NO_NAMES = frozenset({"getLogger", "get_logger", "warn", "debug", "info", "warning", "error", "exception", "critical"})
_NOWHERE = frozenset({"missing"})


class Named(NamedTuple):
    """A string that names something in a module of the project.

    ``definition`` is what it means, if that was asked for; else it means nothing although its module is there.
    ``patches`` tells that a call replaces what it names, ``lenient`` that this call does not mind if nothing is there.
    """

    text: str
    at: At
    definition: Definition | None
    patches: bool
    lenient: bool


class _Given(NamedTuple):
    """How a string is used: by the names of the calls that it is given to, and their keywords."""

    calls: frozenset[str]
    keywords: frozenset[str]


def strings(meanings: Meanings, file: str, wanted: Wanted) -> Iterator[Named]:
    """Yield the strings of ``file`` that name what is ``wanted``, or something that their module does not have."""
    facts = meanings.project.facts[file]
    given: dict[str, set[str]] = {}
    keywords: dict[str, set[str]] = {}
    built: list[tuple[str, At]] = []
    for index, block in [(-1, (facts.body, facts.classes)), *enumerate(facts.functions)]:
        for node in flow.nodes(block):
            if isinstance(node, flow.Call):
                name = flow.last_name(node.func)
                for value in (*node.args, *(each for _, each in node.keywords)):
                    if isinstance(value, flow.Const) and isinstance(value.value, str):
                        given.setdefault(value.value, set()).add(name)
                        keywords.setdefault(value.value, set()).update(word for word, _ in node.keywords)
                    elif isinstance(value, (flow.Text, flow.Binary)):
                        text = _folded(meanings, value, Scope(file, index if index >= 0 else -1))
                        if text is not None and "." in text:
                            given.setdefault(text, set()).add(name)
                            built.append((text, node.at))
                if name == "multiple" and node.args:
                    built += _multiple(meanings, node, Scope(file, index), given)
            elif isinstance(node, flow.Bind) and isinstance(node.value, (flow.Text, flow.Binary)):
                text = _folded(meanings, node.value, Scope(file, index))
                target = node.targets[0]
                if text is not None and isinstance(target, flow.Name):
                    built.append((text, target.at))
    for text, at in [*((quote.text, quote.at) for quote in facts.quotes), *dict.fromkeys(built)]:
        calls = given.get(text, set())
        if calls and calls <= _NO_NAMES:
            continue
        meant = resolved(meanings, file, text)
        if meant is None:
            continue
        lenient = bool(keywords.get(text, set()) & {"create", "raising"})
        patches = bool(calls & _PATCHES)
        if wanted(meant.definition):
            yield Named(text, at, meant.definition, patches, lenient)
        elif meant.kind in _NOWHERE:
            yield Named(text, at, None, patches, lenient)


def resolved(meanings: Meanings, file: str, text: str) -> Meaning | None:
    """Return what a dotted string, or one with a colon, means to code of ``file``; a colon ends the module."""
    module, colon, name = text.partition(":")
    if module.startswith("."):
        level = len(module) - len(module.lstrip("."))
        statement = flow.ImportFrom(module[level:], level, "", "", (0, 0, 0, 0))
        owner = meanings.symbol(meanings.project.source_of(file, statement))
        return _attributes(meanings, owner, name.split("."))
    if colon:
        return _attributes(meanings, meanings.symbol(meanings.project.module(file, module)), name.split("."))
    parts = text.split(".")
    for end in range(len(parts) - 1, 0, -1):
        path = meanings.project.modules.find(".".join(parts[:end]), file)
        if path is not None:
            return _attributes(meanings, Meaning("module", path), parts[end:])
    return Meaning("external", name=text)


def _attributes(meanings: Meanings, owner: Meaning | None, names: list[str]) -> Meaning | None:
    """Return what names lead to; past something that a module lacks, that is missing, too."""
    lacking = False
    for name in names:
        if owner is None:
            return None
        lacking = lacking or owner.kind == "missing"
        owner = meanings.attribute(owner, name)
    return owner._replace(kind="missing") if owner is not None and lacking else owner


def _multiple(meanings: Meanings, call: flow.Call, scope: Scope, given: dict[str, set[str]]) -> list[tuple[str, At]]:
    """Return the names that ``patch.multiple("module", name=...)`` patches."""
    module = call.args[0]
    if not isinstance(module, flow.Const):
        return []
    found = [(f"{module.value}.{name}", call.at) for name, _ in call.keywords if name]
    for text, _ in found:
        given.setdefault(text, set()).add("multiple")
    return found


def _folded(meanings: Meanings, expr: Expr, scope: Scope, depth: int = 0) -> str | None:
    """Return the text of an expression that builds a string of constants, ``None`` for any other."""
    if depth > 20:
        return None
    match expr:
        case flow.Const(value=str(text)):
            return text
        case flow.Text(parts=parts):
            pieces = [_folded(meanings, part, scope, depth + 1) for part in parts]
            return "".join(each for each in pieces if each is not None) if None not in pieces else None
        case flow.Binary(op="+", left=left, right=right):
            ends = (_folded(meanings, left, scope, depth + 1), _folded(meanings, right, scope, depth + 1))
            return f"{ends[0]}{ends[1]}" if None not in ends else None
        case flow.Name(id="__name__"):
            return meanings.project.modules.by_path[scope.file].module
        case flow.Attr(value=value, name="__name__"):
            owner = meanings.of(value, scope)
            if owner is not None and owner.kind == "module":
                return meanings.project.modules.by_path[owner.file].module
            return owner.name.rpartition(".")[2] if owner is not None and owner.name else None
        case flow.Name() | flow.Attr():
            owner = meanings.of(expr, scope)
            if owner is not None and owner.kind == "member":
                values = meanings.values(owner.file, owner.name)
                if len(values) == 1 and values[0] is not None:
                    return _folded(meanings, values[0], Scope(owner.file), depth + 1)
            if isinstance(expr, flow.Name) and scope.function >= 0:
                bound = meanings.bound(scope.file, scope.function).get(expr.id)
                if isinstance(bound, (flow.Const, flow.Text, flow.Binary)):
                    return _folded(meanings, bound, scope, depth + 1)
    return None
