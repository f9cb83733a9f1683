"""Statements on abstract values: which method runs which, and how paths end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from appstate_lint.facts import flow
from appstate_lint.facts.flow import Block
from appstate_lint.model import Phase
from appstate_lint.timeline.contexts import Contexts
from appstate_lint.timeline.failures import cannot_raise
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.values import NONE as NONE_VALUE
from appstate_lint.timeline.values import UNKNOWN, FunctionValue, Invocation, Value, options, plain


class Statements(Contexts):
    """Runs blocks of statements."""

    def block(self, block: Block, path: Path) -> None:
        """Run the statements of a block until the path ends."""
        for statement in block:
            if path.dead:
                return
            if self.unsettled and not cannot_raise(statement):
                self.settle_failures(path)
            self.ended_in = None
            _RUNNERS[type(statement)](self, statement, path)
            if path.dead and isinstance(statement, _PLAIN) and self.frame.function is not None:
                early = self.phase.rank < Phase.SHUTDOWN.rank  # what shutdown leaves out would come too late for all
                if early:
                    self.cut_off(block, self.frame.function)

    def cut_off(self, block: Block, function: flow.Function) -> None:
        """Note that a path ended in a plain statement: impossible, it seems, unless what it called always raises."""
        here = (self.frame.file, self.frame.index)
        if self.ended_in is not None and self.never_returns(self.ended_in):
            if block is function.body and not any(isinstance(node, flow.Return) for node in flow.nodes(function.body)):
                self.raising_always.add(here)
            return
        self.records.cut.add(here)
        starting = self.phase.rank < Phase.SERVING.rank and not self.possible
        self.records.cut_early |= starting and not self.muted

    def never_returns(self, function: tuple[str, int]) -> bool:
        """Tell whether a function raises whatever happens, itself or through a function that does.

        A method that does nothing else is there to be overridden.
        """
        if function in self.raising_always:
            return True
        facts = self.project.function(*function)
        raises = [
            each.value for each in flow.nodes(facts.body) if isinstance(each, flow.Raise) and each.value is not None
        ]
        kinds = {flow.last_name(each.func if isinstance(each, flow.Call) else each) for each in raises}
        stub = "NotImplementedError" in kinds or (facts.owner >= 0 and len(facts.body) == 1)
        return not stub and flow.always_raises(facts.body)

    def do(self, node: flow.Do, path: Path) -> None:
        since, self.made_since = self.made_since, self.begin_making()
        before = self.begin(node.value)
        self.evaluate(node.value, path)
        if before is not None:
            self.note_use(node.value)
        self.end(before)
        self.made_since = since

    def returned(self, node: flow.Return, path: Path) -> None:
        value = self.evaluate(node.value, path) if node.value is not None else NONE_VALUE
        if not path.dead:
            self.frame.returns.append((path.fork(), value))
        path.dead = True

    def raised(self, node: flow.Raise, path: Path) -> None:
        if node.value is not None:
            self.evaluate(node.value, path)
        if not path.dead:
            self.may_raise(path)
        path.dead = True

    def asserted(self, node: flow.Assert, path: Path) -> None:
        yes, _ = self.branch(node.test, path)
        path.become(yes)

    def nothing(self, node: flow.Outer, path: Path) -> None:
        """``global`` and ``nonlocal`` are in the facts of the function."""

    # ------------------------------------------------------------ await, yield

    def awaited(self, expr: flow.Await, path: Path) -> Value:
        value = self.evaluate(expr.value, path)
        self.settle(path)
        if path.dead:
            return UNKNOWN
        code = plain(value)
        return (
            self.finish(code, path, expr.at) if any(isinstance(each, Invocation) for each in options(code)) else value
        )

    def yielded(self, expr: flow.Yield, path: Path) -> Value:
        value = self.evaluate(expr.value, path) if expr.value is not None else NONE_VALUE
        self.settle(path)
        hook = self.frame.hook
        self.yield_at = expr.at
        if hook is None or path.dead:
            return UNKNOWN
        return hook(path, value)

    def delegated(self, expr: flow.YieldFrom, path: Path) -> Value:
        value = single(plain(self.evaluate(expr.value, path)))
        if isinstance(value, Invocation) and isinstance(value.function, FunctionValue):
            self.run(value.function, value.args, value.keywords, path, expr.at, self.frame.hook)
        return UNKNOWN

    def settle(self, path: Path) -> None:
        """Let tasks that were created run from here on: their creator waits."""
        raise NotImplementedError


_PLAIN = (flow.Do, flow.Bind, flow.Augment)
_S = Statements
_RUNNERS: dict[type, Callable[[Statements, Any, Path], None]] = {
    flow.Do: _S.do, flow.Bind: _S.bind_statement, flow.Augment: _S.augment, flow.Return: _S.returned,
    flow.Raise: _S.raised, flow.If: _S.choose, flow.For: _S.loop, flow.While: _S.while_loop, flow.Try: _S.attempt,
    flow.With: _S.within, flow.Match: _S.match, flow.Define: _S.define, flow.DefineClass: _S.define_class,
    flow.Import: _S.import_statement, flow.ImportFrom: _S.import_from, flow.Delete: _S.deleted,
    flow.Outer: _S.nothing, flow.Assert: _S.asserted, flow.Break: _S.leave_loop, flow.Continue: _S.next_round,
}  # fmt: skip
