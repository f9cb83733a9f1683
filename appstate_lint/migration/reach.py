"""Which entry points reach a function: callers are followed backward, as far as names resolve to it.

A method on a receiver that is not known counts as called by every function that mentions its name where few do; such
paths are marked as possible.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec

from appstate_lint.facts import flow
from appstate_lint.frameworks import Tables
from appstate_lint.model import Phase
from appstate_lint.project import Project
from appstate_lint.project.launchers import MODULE, is_main
from appstate_lint.project.meanings import Definition, Meanings, Scope
from appstate_lint.project.mentions import Mentions
from appstate_lint.project.symbols import statements
from appstate_lint.project.uses import Form, Use, uses
from appstate_lint.timeline.told import Life

SCRIPT = -2
"""The index of what a module does only where it is run as a script."""

MOST_FUNCTIONS = 2000
MOST_ALIKE = 12
_KINDS = {
    "endpoint": "route", "handler": "handler", "dispatch": "middleware", "middleware": "middleware",
    "dependency": "dependency", "startup": "start-up", "lifespan": "start-up", "context": "start-up",
    "boot": "start-up", "shutdown": "shutdown", "background": "background", "thread": "background",
}  # fmt: skip
_PHASES = {
    "import": Phase.IMPORT, "launcher": Phase.BUILD, "start-up": Phase.STARTUP, "shutdown": Phase.SHUTDOWN,
    "route": Phase.SERVING, "websocket": Phase.SERVING, "middleware": Phase.SERVING, "dependency": Phase.SERVING,
    "handler": Phase.SERVING, "background": Phase.SERVING,
}  # fmt: skip


class Reached(msgspec.Struct, frozen=True, order=True):
    """An entry point that reaches some code: its kind, where it is, and the applications that have it.

    It is ``possible`` if no call surely leads from there.
    """

    kind: str
    function: str
    file: str
    line: int
    possible: bool = False
    applications: tuple[str, ...] = ()

    @property
    def phase(self) -> Phase | None:
        """The phase in which it runs; none for tests."""
        return _PHASES.get(self.kind)


class Reach:
    """Answers what reaches the functions of a project."""

    def __init__(self, project: Project, tables: Tables, lives: tuple[Life, ...]) -> None:
        self.project = project
        self.tables = tables
        self.lives = lives
        self._meanings = Meanings(project)
        self._callers: dict[tuple[str, int], tuple[tuple[str, int, bool], ...]] = {}

    @cached_property
    def _entries(self) -> dict[tuple[str, int], tuple[str, ...]]:
        """The kinds of entry point that functions are; what is handed to unseen code is one only if nothing else."""
        found: dict[tuple[str, int], set[str]] = {}
        for life in self.lives:
            for each in life.entries:
                kind = _KINDS.get(each.role, "background")
                found.setdefault((each.file, each.function), set()).add("websocket" if each.websocket else kind)
        for life in self.lives:
            module, _, name = life.name.partition(":")
            for path, source in self.project.modules.by_path.items():
                if source.module == module and path in self.project.facts:
                    for index, function in enumerate(self.project.facts[path].functions):
                        if function.qualname == name:
                            found.setdefault((path, index), set()).add("launcher")
        return {key: tuple(sorted(kinds - {"background"} or kinds)) for key, kinds in found.items()}

    @cached_property
    def _applications(self) -> dict[tuple[str, int], set[str]]:
        """The applications that have an entry point."""
        found: dict[tuple[str, int], set[str]] = {}
        for life in self.lives:
            for each in life.entries:
                found.setdefault((each.file, each.function), set()).add(life.name)
        return found

    @cached_property
    def _scripts(self) -> frozenset[int]:
        """The statements that only run where their module is the script, by identity."""
        return frozenset(
            id(inner)
            for facts in self.project.facts.values()
            for statement in facts.body
            if is_main(statement)
            for inner in statements((statement,))
        )

    @cached_property
    def _mentioning(self) -> dict[str, list[tuple[str, int]]]:
        """The functions and module bodies that mention a name."""
        mentions = Mentions(self.project, self.tables)
        found: dict[str, list[tuple[str, int]]] = {}
        for file, facts in self.project.facts.items():
            for index in range(MODULE, len(facts.functions)):
                for name in mentions.names(file, index):
                    found.setdefault(name, []).append((file, index))
        return found

    def of(self, file: str, index: int) -> tuple[Reached, ...]:
        """Return what reaches a function (or module body, -1), nearest kinds of entry points first by name."""
        found: set[Reached] = set()
        seen = {(file, index)}
        waiting = [(file, index, False)]
        while waiting and len(seen) < MOST_FUNCTIONS:
            here, number, possible = waiting.pop()
            found |= set(self._at(here, number, possible))
            for caller, at, unsure in self.callers(here, number):
                if (caller, at) not in seen:
                    seen.add((caller, at))
                    waiting.append((caller, at, possible or unsure))
        return tuple(sorted(found))

    def _at(self, file: str, index: int, possible: bool) -> Iterator[Reached]:
        if index == SCRIPT:
            name = f"{self.project.modules.by_path[file].module}:__main__"
            yield Reached("launcher", '__name__ == "__main__"', file, 1, possible, (name,))
            return
        if index == MODULE:
            kind = "test" if file in self.project.tests else "import"
            yield Reached(kind, "<module>", file, 1, possible)
            return
        function = self.project.function(file, index)
        kinds = self._entries.get((file, index), ())
        if file in self.project.tests and (function.name.startswith("test") or _is_fixture(function)):
            kinds = ("test",)
        for kind in kinds:
            names = set(self._applications.get((file, index), ()))
            if kind == "launcher":
                names.add(f"{self.project.modules.by_path[file].module}:{function.qualname}")
            yield Reached(kind, function.qualname, file, function.at[0], possible, tuple(sorted(names)))

    def callers(self, file: str, index: int) -> tuple[tuple[str, int, bool], ...]:
        """Return the functions that call or hand on a function, and whether that is only possible."""
        known = self._callers.get((file, index))
        if known is None:
            known = self._callers[file, index] = tuple(sorted(set(self._find(file, index))))
        return known

    def _find(self, file: str, index: int) -> Iterator[tuple[str, int, bool]]:
        if index < 0:
            return
        function = self.project.function(file, index)
        if function.scope >= 0 and function.owner < 0:
            yield file, function.scope, False
            return
        definition = Definition(file, function.qualname)
        name = function.name
        if function.owner >= 0 and name.startswith("__") and name.endswith("__"):
            cls = self.project.cls(file, function.owner)
            definition, name = Definition(file, cls.qualname), cls.name
        certain: set[tuple[str, int]] = set()
        mentioning = self._mentioning.get(name, [])
        for each in sorted({caller for caller, _ in mentioning}):
            for use in uses(self._meanings, each, {definition}.__contains__):
                if id(use.top) in self._scripts:
                    certain.add((each, SCRIPT))
                elif use.form is Form.CALL or use.function != MODULE:
                    certain.add((each, use.function))
                elif use.form is not Form.IMPORT and (file, index) not in self._entries and not self._keeps(each, use):
                    yield each, MODULE, True  # handed to something by the module, which may call it at once
        yield from ((*each, False) for each in certain)
        if function.owner >= 0 and len(mentioning) <= MOST_ALIKE:
            yield from ((*each, True) for each in mentioning if each not in certain and each != (file, index))

    def _keeps(self, file: str, use: Use) -> bool:
        """Tell whether a module hands a function to a framework, as in ``Depends(f)``, which calls it later."""
        if use.form is not Form.ARGUMENT or use.call is None:
            return False
        meant = self._meanings.of(use.call.func, Scope(file, MODULE, -1))
        return meant is not None and meant.kind == "external" and meant.name.partition(".")[0] in self._frameworks

    @cached_property
    def _frameworks(self) -> frozenset[str]:
        """The packages of the frameworks that are known."""
        return frozenset(name.partition(".")[0] for name in self.tables.classes)


def _is_fixture(function: flow.Function) -> bool:
    return any("fixture" in flow.last_name(each) or _calls_fixture(each) for each in function.decorators)


def _calls_fixture(expr: flow.Expr) -> bool:
    return isinstance(expr, flow.Call) and "fixture" in flow.last_name(expr.func)
