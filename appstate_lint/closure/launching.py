"""Files whose importers may launch an application: code that makes or serves one when it is called.

Launchers are followed upward from the call that makes an application (``project.launchers``). A launcher needs no word
of the tables, only an import that leads here; so all that imports these files counts, and what imports that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from appstate_lint.closure.imports import Import
from appstate_lint.closure.words import last
from appstate_lint.facts import flow
from appstate_lint.frameworks import Tables
from appstate_lint.project import Project
from appstate_lint.project.launchers import calls, finishers


class Launching:
    """Finds the files that make applications in functions, or give application classes and servers other names."""

    def __init__(self, project: Project, tables: Tables, imports: Mapping[str, Iterable[Import]]) -> None:
        self.project = project
        self.tables = tables
        self.imports = imports
        applications = {name for name, spec in tables.classes.items() if spec.kind == "application"}
        servers = {name for name, call in tables.functions.items() if call.role == "serve"}
        self.dotted = applications | servers
        self.packages = {name.partition(".")[0] for name in self.dotted}
        self.servers = {name.partition(".")[0] for name in servers}
        self.serving = {last(name) for name in servers}
        self.names = {last(name) for name in self.dotted}
        self.own_words = {last(name) for name in applications}

    def files(self, texts: Mapping[str, str]) -> set[str]:
        """Return the files; ``texts`` are those of the files to look at."""
        found = {*self._renaming(), *self._deriving()}
        making = _called(self.names - self.serving)
        serving = _called(self.serving)
        for file, text in texts.items():
            if file not in found and (
                making.search(text) or (any(name in text for name in self.servers) and serving.search(text))
            ):
                found |= {file} if self._makes(file) else set()
        return found

    def _renaming(self) -> Iterator[str]:
        """Yield files through which others may get an application class or server that they do not name."""
        for file, statements in self.imports.items():
            for statement in statements:
                if isinstance(statement, flow.Import):
                    if statement.name and statement.module.partition(".")[0] in self.packages:
                        yield file
                elif statement.name in self.names and (statement.alias or statement.name) not in self.own_words:
                    self.names.add(statement.alias or statement.name)
                    yield file

    def _deriving(self) -> Iterator[str]:
        """Yield files that define application classes, and take these classes' names for names of applications."""
        classes = [
            (file, index, cls)
            for file in self.imports
            for index, cls in enumerate(self.project.facts[file].classes)
            if cls.bases
        ]
        while True:
            known = len(self.names)
            for file, index, cls in classes:
                if any(_last_name(base) in self.names for base in cls.bases) and self._is_application(file, index):
                    self.names.add(cls.name)
                    yield file
            if len(self.names) == known:
                return

    def _makes(self, file: str) -> bool:
        """Tell whether a function of a file makes or serves an application, or gives out one that the module makes."""
        facts = self.project.facts[file]
        bodies = [(function.body, index) for index, function in enumerate(facts.functions)]
        bodies += [(cls.body, cls.scope) for cls in facts.classes if cls.scope >= 0]
        for body, scope in bodies:
            for call in calls(body):
                if _last_name(call.func) in self.names:
                    symbols = self.project.local_names(file, scope)
                    symbol = self.project.resolve(file, call.func, symbols)
                    if symbol is not None and symbol.kind == "external" and symbol.name in self.dotted:
                        return True
                    if (
                        symbol is not None
                        and symbol.kind == "class"
                        and self._is_application(symbol.file, symbol.index)
                    ):
                        return True
        return any(True for _ in finishers(self.project, self.tables, (file,)))

    def _is_application(self, file: str, index: int) -> bool:
        return any(name in self.dotted for name in self.project.class_names(file, index))


def _called(names: Iterable[str]) -> re.Pattern[str]:
    """Return what finds calls of ``names`` in a text."""
    return re.compile(rf"(?:{'|'.join(map(re.escape, sorted(names)))})[\s\\)]*\(")


def _last_name(expr: flow.Expr) -> str:
    while isinstance(expr, flow.Item):
        expr = expr.value
    if isinstance(expr, flow.Attr):
        return expr.name
    return expr.id if isinstance(expr, flow.Name) else ""
