"""Settings and project → contracts: what is declared of components, in the configuration and in the project's code."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import msgspec

from appstate_lint.config import Component, Settings, nearest
from appstate_lint.contracts.objects import declarations
from appstate_lint.model import Place
from appstate_lint.project import Project, Symbol
from appstate_lint.project.dotted import find


class Contract(msgspec.Struct, frozen=True):
    """What is declared of one component, and where.

    ``cls`` is its type, if that is a class which the project has; ``problems`` say what the contract names that the
    project does not have; ``unread`` are keys whose values cannot be read without running the code that declares it.
    """

    declared: Component
    place: Place
    cls: Symbol | None = None
    problems: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the component."""
        return self.declared.name

    @property
    def in_code(self) -> bool:
        """Whether the project's code declares it, and not its configuration."""
        return self.place.file.endswith((".py", ".pyi"))


def contracts_of(project: Project, settings: Settings) -> tuple[Contract, ...]:
    """Return the contracts that hold for a project: those of its configuration, then those in its code."""
    return (*_configured(project, settings), *_coded(project, settings))


def _configured(project: Project, settings: Settings) -> Iterator[Contract]:
    for component in settings.components:
        place = Place(settings.file or "", component.line, 0, component.line, 1)
        symbol = find(project, component.type) if component.type is not None else None
        yield _contract(project, component, place, symbol, ())


def _coded(project: Project, settings: Settings) -> Iterator[Contract]:
    for each in declarations(project, settings):
        made = _contract(project, each.component, each.place, each.type, each.problems)
        yield msgspec.structs.replace(made, unread=each.unread)


def _contract(
    project: Project, component: Component, place: Place, symbol: Symbol | None, problems: tuple[str, ...]
) -> Contract:
    if symbol is not None and (problem := _unknown_type(project, component, symbol)):
        problems = (*problems, problem)
    cls = symbol if symbol is not None and symbol.kind == "class" else None
    return Contract(component, place, cls, problems)


def _unknown_type(project: Project, component: Component, symbol: Symbol) -> str:
    """Return what is wrong with the name of a type: it is of this project, which does not have it."""
    name = component.type or symbol.name
    if symbol.kind == "missing":
        if project.has_unseen_names(symbol.file):
            return ""
        module = project.modules.by_path[symbol.file].module
        known = [name for name, each in project.bindings(symbol.file).items() if isinstance(each, Symbol)]
        return f"its type is {name}, but {module} defines no {symbol.name!r}{_hint(symbol.name, known)}"
    if symbol.kind == "function":
        return f"its type is {name}, which is a function; name a class"
    if symbol.kind == "package":
        return f"its type is {name}, which is a folder; name a class"
    if symbol.kind == "module":
        return f"its type is {name}, which is a module; name a class in it"
    if symbol.kind == "external" and ":" in name:
        return _unknown_module(project, name)
    return ""


def _unknown_module(project: Project, name: str) -> str:
    """Return what is wrong with a module that is not in the project, if it was meant to be; else it is a package's."""
    module = name.partition(":")[0]
    top = module.partition(".")[0]
    if project.modules.is_folder(top) or project.modules.find(top, "") is not None:
        return f"its type is {name}, but the project has no module {module}{_hint(module, project.modules.names())}"
    imported = {each.partition(".")[0] for each in project.imported_names}
    tops = {each.partition(".")[0] for each in project.modules.names() if "." in each}
    if top in imported or top in sys.stdlib_module_names or nearest(top, tops) is None:
        return ""
    return f"its type is {name}, but the project has no module {module}{_hint(top, tops)}"


def _hint(name: str, known: object) -> str:
    guess = nearest(name, known if isinstance(known, (list, set)) else sorted(map(str, known)))  # type: ignore[call-overload]
    return f"; did you mean {guess!r}?" if guess else ""
