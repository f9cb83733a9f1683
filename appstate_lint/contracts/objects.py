"""Contracts that a project declares as Python objects, read from the facts of its files: calls of one class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from appstate_lint.config import Component, Settings
from appstate_lint.facts import flow
from appstate_lint.facts.flow import Expr
from appstate_lint.model import Phase, Place, Severity
from appstate_lint.project import Project, Symbol
from appstate_lint.project.dotted import find
from appstate_lint.project.symbols import statements
from appstate_lint.timeline.phasing import Phasing

_LISTS = ("depends-on", "applications")
_FLAGS = ("optional", "nullable")
_TEXTS = ("description", "business-value", "owner")


class Declaration(NamedTuple):
    """A contract as a call declares it: its place, what its type means, and what it names that is not there.

    ``unread`` are the keys whose values cannot be read without running the code.
    """

    component: Component
    place: Place
    type: Symbol | None
    problems: tuple[str, ...]
    unread: tuple[str, ...]


class Said(NamedTuple):
    """An expression with the file and the function (-1 for none) in which it stands."""

    file: str
    function: int
    expr: Expr


def declarations(project: Project, settings: Settings) -> Iterator[Declaration]:
    """Yield the contracts that product code declares, by place; see :func:`unread` for the others."""
    calls = [each for each in _calls(project, settings) if _text(project, each[1].get("name"))]
    phasing = Phasing(project, settings) if calls else None
    for call, keywords in calls:
        assert phasing is not None
        declared, problems = _declared(project, settings, phasing, keywords)
        symbol = _type(project, keywords.get("type"))
        missed = {
            "type": symbol is None,
            "phase": declared.phase is None and not problems,
            "depends-on": _are_missed(project, keywords.get("depends-on")),
        }
        keys = tuple(key for key, lost in missed.items() if lost and _is_given(keywords.get(key)))
        yield Declaration(declared, _place(call), symbol, problems, keys)


def unread(project: Project, settings: Settings) -> Iterator[Place]:
    """Yield the calls that declare a contract of which not even the component can be read without running the code."""
    for call, keywords in _calls(project, settings):
        if "name" in keywords and not _text(project, keywords["name"]):
            yield _place(call)


def _place(call: Said) -> Place:
    assert isinstance(call.expr, flow.Call)
    return Place(call.file, *call.expr.at)


def _is_given(said: Said | None) -> bool:
    return said is not None and said.expr != flow.Const(None)


def _are_missed(project: Project, said: Said | None) -> bool:
    """Tell whether some of several strings cannot be read."""
    if said is None or said.expr == flow.Const(None):
        return False
    if isinstance(said.expr, flow.Sequence):
        return len(list(_texts(project, said))) < len(said.expr.items)
    return not any(_texts(project, said))


def _calls(project: Project, settings: Settings) -> Iterator[tuple[Said, Mapping[str, Said]]]:
    """Yield the calls of the class of contracts, with their arguments by the keys of a contract."""
    wanted = settings.contract_class.call.replace(":", ".")
    last = wanted.rpartition(".")[2]
    names = project.called(last)
    keywords = settings.contract_class.keywords
    spelled = [*((key.replace("-", "_"), key) for key, _ in keywords), *((keyword, key) for key, keyword in keywords)]
    for file in sorted(project.facts.keys() - project.tests):
        facts = project.facts[file]
        blocks = [(-1, facts.body), *((index, each.body) for index, each in enumerate(facts.functions))]
        blocks += [(each.scope, each.body) for each in facts.classes]
        found: dict[flow.At, tuple[Said, Mapping[str, Said]]] = {}
        for function, block in blocks:
            for node in flow.nodes(block):
                if not isinstance(node, flow.Call) or flow.last_name(node.func) not in names:
                    continue
                symbol = _resolve(project, Said(file, function, node.func))
                name = flow.last_name(node.func) if symbol is None else project.dotted(symbol)
                if name.rpartition(".")[2] != last or ("." in wanted and not f".{name}".endswith(f".{wanted}")):
                    continue
                parameters = _parameters(project, symbol) if symbol is not None else ()
                given = dict(zip(parameters, node.args, strict=False)) | dict(node.keywords)
                arguments = {key: Said(file, function, given[name]) for name, key in spelled if name in given}
                found.setdefault(node.at, (Said(file, function, node), arguments))
        yield from (found[at] for at in sorted(found))


def _parameters(project: Project, symbol: Symbol) -> tuple[str, ...]:
    """Return the parameters of a class of the project in order: those of ``__init__``, or its annotated fields."""
    if symbol.kind != "class":
        return ()
    init = project.methods(symbol.file, symbol.index).get("__init__")
    if init is not None:
        return tuple(each.name for each in project.function(symbol.file, init).params[1:])
    body = project.cls(symbol.file, symbol.index).body
    fields = (each for each in statements(body) if isinstance(each, flow.Bind) and each.annotation is not None)
    return tuple(flow.last_name(each.targets[0]) for each in fields)


def _declared(
    project: Project, settings: Settings, phasing: Phasing, said: Mapping[str, Said]
) -> tuple[Component, tuple[str, ...]]:
    """Return what a call declares, and what is wrong with it."""
    name = _text(project, said.get("name")) or ""
    problems: list[str] = []
    values: dict[str, object] = {}
    phase = _phase(project, settings, phasing, said.get("phase"), problems)
    for key in _TEXTS:
        values[key.replace("-", "_")] = _text(project, said.get(key)) or ""
    for key in _LISTS:
        values[key.replace("-", "_")] = tuple(_texts(project, said.get(key)))
    for key in _FLAGS:
        given = said.get(key)
        values[key] = given is not None and given.expr == flow.Const(True)
    severity = (_text(project, said.get("severity")) or "").lower()
    known = {each.value: each for each in Severity}
    dotted = _dotted(project, said.get("type"))
    component = Component(name=name, type=dotted, phase=phase, severity=known.get(severity), **values)  # type: ignore[arg-type]
    return component, tuple(problems)


def _phase(
    project: Project, settings: Settings, phasing: Phasing, said: Said | None, problems: list[str]
) -> str | None:
    """Return the phase that an argument names: a declared one, ``build`` or ``startup``."""
    words = tuple(_words(project, phasing, said))
    names = dict(settings.contract_class.names)
    found = next((names[word] for word in words if word in names), "") or phasing.declared_as(words)
    if not found:
        built_in = (Phase.BUILD.value, Phase.STARTUP.value)
        found = next((word.lower() for word in words if word.lower() in built_in), "")
    if not found and words:
        known = ", ".join(settings.phases) or "none is declared"
        problems.append(f"its phase is {words[0]}, which is none of the phases ({known}); add it to phases or names")
    return found or None


def _words(project: Project, phasing: Phasing, said: Said | None) -> Iterator[str]:
    """Yield what a phase may be called in the settings: the constant, or the member of an enum."""
    if said is None or said.expr == flow.Const(None):
        return
    if isinstance(said.expr, flow.Attr):
        last = said.expr.value if said.expr.name == "value" else said.expr
        if flow.last_name(last):
            yield flow.last_name(last)
    if constant := _text(project, said):
        yield constant
        yield from phasing.members(constant)


def _type(project: Project, said: Said | None) -> Symbol | None:
    """Return what the type of a contract means: an imported class, or the dotted name in a string."""
    if said is None:
        return None
    if isinstance(said.expr, flow.Const):
        return find(project, said.expr.value, said.file) if isinstance(said.expr.value, str) else None
    symbol = _resolve(project, said)
    return symbol if symbol is not None and symbol.kind in ("class", "external", "missing") else None


def _dotted(project: Project, said: Said | None) -> str | None:
    """Return the name of a type as messages show it."""
    if said is None:
        return None
    if isinstance(said.expr, flow.Const):
        return str(said.expr.value) if said.expr.value is not None else None
    symbol = _type(project, said)
    return (project.dotted(symbol) or flow.last_name(said.expr)) if symbol is not None else None


def _text(project: Project, said: Said | None) -> str | None:
    """Return the string that an expression is: a literal, a constant of a module or class, a member of an enum."""
    if said is None:
        return None
    if isinstance(said.expr, flow.Const):
        return said.expr.value if isinstance(said.expr.value, str) else None
    if isinstance(said.expr, flow.Attr) and said.expr.name == "value":
        return _text(project, said._replace(expr=said.expr.value))
    found = _constant(project, said)
    return _text(project, found) if found is not None else None


def _constant(project: Project, said: Said) -> Said | None:
    """Return what a name stands for that is bound once at module level, or in a class body."""
    block: flow.Block = ()
    file, name = said.file, flow.last_name(said.expr)
    symbol = _resolve(project, said)
    if symbol is not None and symbol.kind == "variable":
        file, block, name = symbol.file, project.facts[symbol.file].body, symbol.name
    elif isinstance(said.expr, flow.Attr):
        owner = _resolve(project, said._replace(expr=said.expr.value))
        if owner is None or owner.kind != "class":
            return None
        file, block = owner.file, project.cls(owner.file, owner.index).body
    values = [
        each.value
        for each in statements(block)
        if isinstance(each, flow.Bind) and name in map(flow.last_name, each.targets)
    ]
    known = [each for each in values if each is not None]
    return Said(file, -1, known[0]) if len(known) == 1 and known[0] != said.expr else None


def _texts(project: Project, said: Said | None) -> Iterator[str]:
    """Yield the strings of a list, tuple or set, or of one that a constant names."""
    if said is None:
        return
    if isinstance(said.expr, flow.Sequence):
        for each in said.expr.items:
            text = _text(project, said._replace(expr=each))
            if text is not None:
                yield text
    elif isinstance(said.expr, flow.Call) and len(said.expr.args) == 1:  # set([...]), frozenset({...})
        yield from _texts(project, said._replace(expr=said.expr.args[0]))
    elif (found := _constant(project, said)) is not None:
        yield from _texts(project, found)


def _resolve(project: Project, said: Said) -> Symbol | None:
    local = project.local_names(said.file, said.function) if said.function >= 0 else None
    return project.resolve(said.file, said.expr, local)
