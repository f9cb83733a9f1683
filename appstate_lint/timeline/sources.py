"""Sources of state that are missing: ``None`` passed for it, and imports of names that no module defines."""

from __future__ import annotations

from collections.abc import Set

from appstate_lint.facts import flow
from appstate_lint.frameworks import Tables
from appstate_lint.model import Place
from appstate_lint.project import Project
from appstate_lint.project.symbols import imports
from appstate_lint.timeline.accounts import Account
from appstate_lint.timeline.told import MissingSource, NoneSource


def none_sources(accounts: list[Account], project: Project, tables: Tables) -> list[NoneSource]:
    """Return the calls that pass ``None`` for state which the function called takes components from."""
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


def missing_sources(project: Project, tables: Tables) -> list[MissingSource]:
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
