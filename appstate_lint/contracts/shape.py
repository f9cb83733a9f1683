"""The shape of a project's start-up, and the phases that its code seems to have, for a first configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from appstate_lint.contracts.compliance import Compliance
from appstate_lint.facts import flow
from appstate_lint.facts.enums import is_closed
from appstate_lint.model import Kind, Phase
from appstate_lint.project import Project, Symbol
from appstate_lint.project.symbols import statements

FEWEST_MEMBERS = 3
_SOUNDS_LIKE_PHASES = re.compile(r"phase|stage|step", re.IGNORECASE)


class StartUp(NamedTuple):
    """What starts an application: the functions that the framework calls, and how many components start-up writes."""

    application: str
    functions: tuple[str, ...]
    components: int


class Phased(NamedTuple):
    """A function that seems to say in which phase start-up is: its name, parameter, and the members of its enum."""

    call: str
    argument: str
    enum: str
    members: tuple[str, ...]
    file: str
    line: int


def start_ups(compliance: Compliance) -> Iterator[StartUp]:
    """Yield the start-up of each application in which it touches state."""
    for life in compliance.timeline.lives:
        touched = [each for each in life.occurrences if each.phase is Phase.STARTUP and each.stack]
        functions = dict.fromkeys(each.stack[0].function for each in sorted(touched, key=lambda each: each.order))
        written = {(each.owner, each.component) for each in touched if each.kind is Kind.WRITE}
        if functions:
            yield StartUp(life.name, tuple(functions), len(written))


def phased(project: Project) -> Phased | None:
    """Return the function that is called with most members of an enum of phases, if that is with some."""
    found = [each for each in _candidates(project) if len(each.members) >= FEWEST_MEMBERS]
    return max(found, key=lambda each: (len(each.members), each.call), default=None)


def _candidates(project: Project) -> Iterator[Phased]:
    said = _said(project)
    for file in sorted(project.facts.keys() - project.tests):
        for function in project.facts[file].functions:
            for param in function.params:
                enum = _enum(project, file, param.annotation)
                if enum is None or "<locals>" in function.qualname:
                    continue
                cls = project.cls(enum.file, enum.index)
                members = [name for name in _members(cls) if (function.name, enum, name) in said]
                call = f"{project.modules.by_path[file].module}:{function.qualname}"
                yield Phased(call, param.name, cls.name, tuple(members), file, function.at[0])


def _enum(project: Project, file: str, annotation: flow.Expr | None) -> Symbol | None:
    """Return the enum of phases that an annotation names."""
    symbol = project.resolve(file, annotation) if isinstance(annotation, (flow.Name, flow.Attr)) else None
    if symbol is None or symbol.kind != "class" or not _SOUNDS_LIKE_PHASES.search(flow.last_name(annotation or _NONE)):
        return None
    bases = project.cls(symbol.file, symbol.index).bases
    return symbol if any(is_closed(flow.last_name(base)) for base in bases) else None


_NONE = flow.Const(None)


def _members(cls: flow.Class) -> Iterator[str]:
    for statement in statements(cls.body):
        if isinstance(statement, flow.Bind) and statement.value is not None:
            yield from (target.id for target in statement.targets if isinstance(target, flow.Name))


def _said(project: Project) -> set[tuple[str, Symbol, str]]:
    """Return which members of which classes are passed to functions of which names."""
    found: set[tuple[str, Symbol, str]] = set()
    for file in project.facts.keys() - project.tests:
        facts = project.facts[file]
        for node in flow.nodes(facts.body, facts.functions, facts.classes):
            if not isinstance(node, flow.Call):
                continue
            for value in (*node.args, *(each for _, each in node.keywords)):
                if isinstance(value, flow.Attr) and _SOUNDS_LIKE_PHASES.search(flow.last_name(value.value)):
                    owner = project.resolve(file, value.value)
                    if owner is not None and owner.kind == "class":
                        found.add((flow.last_name(node.func), owner, value.name))
    return found
