"""``with``: context managers of the project, of the language and of frameworks."""

from __future__ import annotations

import functools
from collections.abc import Callable

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Expr
from appstate_lint.model import Phase
from appstate_lint.timeline.components import PERHAPS
from appstate_lint.timeline.failures import Failures, Final
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.loops import NOWHERE
from appstate_lint.timeline.parts import ENOUGH_RUNS
from appstate_lint.timeline.paths import Path, merge
from appstate_lint.timeline.values import (
    FAILURE,
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Invocation,
    Object,
    Suppress,
    Value,
    join_all,
    options,
    plain,
)
from appstate_lint.timeline.values import NONE as NONE_VALUE


class Contexts(Failures):
    """Enters context managers, and leaves them."""

    def within(self, node: flow.With, path: Path) -> None:
        self.enter_entries(node, 0, path)

    def enter_entries(self, node: flow.With, index: int, path: Path) -> None:
        """Enter one context manager of a ``with`` and run what is inside it."""
        if path.dead:
            return
        if index == len(node.entries):
            self.block(node.body, path)
            return
        expr, target = node.entries[index]
        before = self.begin(expr)
        value = self.evaluate(expr, path)
        if before is not None:
            self.note_target(target, self.made_from())
        self.end(before)
        if path.dead:
            return
        value = (
            self.finish(value, path, NOWHERE) if isinstance(value, Invocation) and value.kind == "coroutine" else value
        )
        managers = options(plain(value))
        manager = single(plain(value)) if len(managers) > 1 else managers[0]
        if isinstance(manager, Invocation) and manager.kind == "generator":
            self.inside_generator(manager, node, index, target, path)
            return
        if isinstance(manager, Suppress):
            self.inside_suppress(manager, node, index, expr.at if isinstance(expr, flow.Call) else NOWHERE, path)
            return
        if isinstance(manager, Object) and manager.cls is not None and self.has_exit(manager.cls):
            self.inside_object(manager, manager.cls, node, index, target, path)
            return
        leave = _LEAVING.get(self.kind(manager)) if isinstance(manager, Object) else None
        if leave is not None and isinstance(manager, Object):
            if target is not None:
                self.assign(target, manager, path)
            self.inside_exit(functools.partial(leave, self, manager.site), node, index, path)
            return
        if target is not None:
            self.assign(target, manager if isinstance(manager, Object) else UNKNOWN, path)
        seen = isinstance(manager, Object) and self.tables.describes(manager.external)
        self.catching.append(frozenset() if seen else PERHAPS)
        self.enter_entries(node, index + 1, path)
        self.catching.pop()

    def has_exit(self, cls: ClassValue) -> bool:
        """Tell whether a class of the project is a context manager."""
        return any(self.method(cls, name) is not None for name in ("__aenter__", "__enter__"))

    def inside_generator(
        self, manager: Invocation, node: flow.With, index: int, target: Expr | None, path: Path
    ) -> None:
        """Run a generator of the project up to its ``yield``, then the body, then the rest."""
        if not isinstance(manager.function, FunctionValue):
            self.enter_entries(node, index + 1, path)
            return
        code = (manager.function.file, manager.function.index)
        if self.phase is Phase.SERVING and self.inert.get(code, 0) >= ENOUGH_RUNS:
            if target is not None:
                self.assign(target, self.inert_results[code][0], path)
            self.enter_entries(node, index + 1, path)
            return
        outer_frames, outer_stack = list(self.frames), list(self.stack)
        bodies: list[Path] = []
        handed: list[Value] = []
        env = path.env

        def body(inner: Path, value: Value) -> Value:
            generator_frames, generator_stack = self.frames, self.stack
            self.frames, self.stack = outer_frames, outer_stack
            once = Path(dict(env), inner.store, inner.facts)
            returns = len(self.frame.returns)
            handed.append(value)
            if self.phase is Phase.STARTUP and self.frame.hook is not None:
                self.inner_yields.update(self.yielded_names(value) or ())
            if target is not None:
                self.assign(target, value, once)
            self.enter_entries(node, index + 1, once)
            left = self.frame.returns[returns:]
            self.frames, self.stack = generator_frames, generator_stack
            bodies.append(once)
            ended: Path | None = None if once.dead else once
            for each, _ in left:
                ended = merge(ended, each)
            if ended is None:
                inner.dead = True
            else:
                inner.store, inner.facts = ended.store, ended.facts
            return UNKNOWN

        outside = Path(dict(env), path.store, path.facts)
        self.run(manager.function, manager.args, manager.keywords, outside, NOWHERE, body)
        if not bodies and not outside.dead:
            path.store, path.facts = outside.store, outside.facts
            self.enter_entries(node, index + 1, path)
            return
        if not self.generator_touches:
            self.note_inert(manager.function, False, join_all(handed), True)
        joined: Path | None = None
        for each in bodies:
            joined = merge(joined, each)
        if joined is not None and not outside.dead:
            joined.store, joined.facts = outside.store, outside.facts
        path.become(joined)

    def inside_suppress(self, manager: Suppress, node: flow.With, index: int, at: At, path: Path) -> None:
        before = path.fork()
        self.expect_failures(path, ())
        self.catching.append(frozenset(name.rpartition(".")[2] for name in manager.names))
        self.enter_entries(node, index + 1, path)
        self.catching.pop()
        ended = path.fork()
        for each in self.failed_paths(before, path, self.raising.pop()):
            self.note_swallow(at, self.phase, ended, each)
            path.become(merge(path, each))

    def inside_object(
        self, manager: Object, cls: ClassValue, node: flow.With, index: int, target: Expr | None, path: Path
    ) -> None:
        entered: Value = manager
        for name in ("__aenter__", "__enter__"):
            method = self.method(cls, name)
            if method is not None:
                bound = FunctionValue(method.file, method.index, method.scope, manager)
                entered = self.run(bound, (), (), path, NOWHERE)
                break
        if target is not None:
            self.assign(target, entered, path)
        self.inside_exit(functools.partial(self.leave, manager, cls), node, index, path)

    def inside_exit(self, leave: Final, node: flow.With, index: int, path: Path) -> None:
        """Run what is inside a ``with`` whose context manager does something when it is left, be it by a failure."""
        phase, returns = self.phase, len(self.frame.returns)
        last = index + 1 == len(node.entries)
        rest = self.harmless_beginning(node.body, path) if last else ()
        before = path.fork()
        self.expect_failures(path, ())
        if last:
            self.block(rest, path)
        else:
            self.enter_entries(node, index + 1, path)
        failing = self.failed_paths(before, path, self.raising.pop())
        self.pass_on(failing)
        self.finally_block(leave, path, failing if self.is_around_serving(phase) else (), returns, phase)

    def leave(self, manager: Object, cls: ClassValue, path: Path, failed: bool) -> None:
        """Run ``__aexit__`` or ``__exit__`` of an object."""
        for name in ("__aexit__", "__exit__"):
            method = self.method(cls, name)
            if method is not None:
                bound = FunctionValue(method.file, method.index, method.scope, manager)
                self.run(bound, (FAILURE if failed else NONE_VALUE,) * 3, (), path, NOWHERE)
                break

    def unwind(self, stack: str, path: Path, failed: bool) -> None:
        """Run what an exit stack was given, the last first."""
        raise NotImplementedError

    def gather(self, group: str, path: Path, failed: bool) -> None:
        """Run what a group of tasks was given to its end."""
        raise NotImplementedError


_LEAVING: dict[str, Callable[[Contexts, str, Path, bool], None]] = {
    "exit-stack": lambda self, site, path, failed: self.unwind(site, path, failed),
    "task-group": lambda self, site, path, failed: self.gather(site, path, failed),
}
