"""Where a function has an application, its state or a request in scope, and how a component is taken from it."""

from __future__ import annotations

from typing import NamedTuple

from appstate_lint.frameworks import Tables
from appstate_lint.project import Project
from appstate_lint.project.meanings import Meanings, Scope
from appstate_lint.schema import FrameworkClass
from appstate_lint.timeline.told import Life


class Source(NamedTuple):
    """A variable that leads to application state; ``path`` comes after it, with ``items`` the components are items.

    It is ``serving`` if it is a request's or websocket's, which is there after start-up only.
    """

    variable: str
    path: tuple[str, ...]
    items: bool
    serving: bool

    def component(self, name: str) -> str:
        """Return the expression that reads a component."""
        holder = ".".join((self.variable, *self.path))
        return f'{holder}["{name}"]' if self.items else f"{holder}.{name}"


class Sources:
    """Answers what leads to the state in the functions of a project."""

    def __init__(self, project: Project, tables: Tables, lives: tuple[Life, ...]) -> None:
        self.project = project
        self.tables = tables
        self._meanings = Meanings(project)
        self._frameworks = [life.framework for life in lives]

    def of(self, file: str, index: int) -> Source | None:
        """Return the parameter of a function, or of one around it, that is annotated as such a class."""
        while index >= 0:
            function = self.project.function(file, index)
            for param in function.params:
                if param.annotation is None or param.kind in ("args", "kwargs"):
                    continue
                meant = self._meanings.of(param.annotation, Scope(file, function.scope, function.owner))
                spec = self._spec(meant.kind, meant.file, meant.name, meant.number) if meant is not None else None
                found = self._source(param.name, spec) if spec is not None else None
                if found is not None:
                    return found
            index = function.scope
        return None

    def _spec(self, kind: str, file: str, name: str, number: int) -> FrameworkClass | None:
        if kind == "external":
            return self.tables.classes.get(name)
        if kind == "class":
            for base in self.project.mro(file, number):
                if base.kind == "external" and base.name in self.tables.classes:
                    return self.tables.classes[base.name]
        return None

    def _source(self, name: str, spec: FrameworkClass) -> Source | None:
        if spec.kind == "application":
            return self._on(name, (), spec)
        if spec.kind == "request" and spec.application:
            application = self._application(spec)
            found = self._on(name, (spec.application[0],), application) if application is not None else None
            return found._replace(serving=True) if found is not None else None
        return None

    def _on(self, name: str, path: tuple[str, ...], application: FrameworkClass) -> Source | None:
        if application.holder:
            return Source(name, (*path, application.holder), False, False)
        return Source(name, path, True, False) if application.items else None

    def _application(self, request: FrameworkClass) -> FrameworkClass | None:
        """Return the class of the applications whose requests are of a class."""
        found = [spec for spec in self.tables.classes.values() if spec.kind == "application"]
        same = [spec for spec in found if spec.framework == request.framework]
        used = [spec for spec in found if spec.framework in self._frameworks]
        return next(iter(same or used), None)
