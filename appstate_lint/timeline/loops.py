"""Loops: rounds over known members, or as many as change something."""

from __future__ import annotations

from collections.abc import Callable

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At
from appstate_lint.timeline.alternatives import Alternatives
from appstate_lint.timeline.frames import Jumps
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.paths import Path, merge
from appstate_lint.timeline.values import (
    EACH,
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Invocation,
    TupleValue,
    Unknown,
    Value,
    join_all,
    plain,
)

MOST_ROUNDS = 3
MOST_UNROLLED = 200
MOST_CODE = 2000
"""Rounds of a loop over a table of code, all of which is registered, as a rule."""
NOWHERE: At = (0, 0, 0, 0)


class Loops(Alternatives):
    """Runs ``for`` and ``while``, and what leaves their rounds."""

    def loop(self, node: flow.For, path: Path) -> None:
        source = self.evaluate(node.iterable, path)
        if path.dead:
            return
        self.use(source)
        source = self.finish_generators(source, path)
        items = self.members(source)
        jumps = Jumps()
        self.frame.jumps.append(jumps)
        if items is not None and len(items) <= (MOST_CODE if self.holds_code(items) else MOST_UNROLLED):
            for item in items:
                if path.dead:
                    break
                self.assign(node.target, item, path)
                self.block(node.body, path)
                path.become(merge(path, jumps.continues))
                jumps.continues = None
        else:
            self.known_rounds(node, source, path, jumps)
            element = self.element(source)
            if isinstance(element, Unknown) and isinstance(node.target, flow.Name):
                element = Unknown(f"{EACH}{node.target.id}")
            self.repeat(path, jumps, lambda once: self.round(node, element, once))
        self.frame.jumps.pop()
        if not path.dead:
            self.block(node.orelse, path)
        path.become(merge(path, jumps.breaks))

    def known_rounds(self, node: flow.For, source: Value, path: Path, jumps: Jumps) -> None:
        """Run the rounds that there are if what is iterated over is one of several values whose members are known."""
        self.conditional += 1
        for item in self.some_members(source)[:MOST_UNROLLED]:
            once = path.fork()
            path.become(merge(merge(path, self.round(node, item, once)), jumps.continues))
            jumps.continues = None
        self.conditional -= 1

    def holds_code(self, items: tuple[Value, ...]) -> bool:
        """Tell whether there is code among the members of a collection, or in tuples and the like that are."""
        return any(isinstance(each, (FunctionValue, ClassValue)) for each in self.flattened(list(items)))

    def round(self, node: flow.For, element: Value, path: Path) -> Path | None:
        self.assign(node.target, element, path)
        self.block(node.body, path)
        return path

    def repeat(self, path: Path, jumps: Jumps, body: Callable[[Path], Path | None]) -> None:
        """Run a loop body until presences no longer change; the loop may also not run at all."""
        self.conditional += 1
        for _ in range(MOST_ROUNDS):
            once = path.fork()
            end = merge(body(once), jumps.continues)
            joined = merge(path.fork(), end)
            settled = joined is None or joined.store == path.store
            path.become(joined)
            if settled:
                break
        self.conditional -= 1

    def finish_generators(self, source: Value, path: Path) -> Value:
        """Run generators of the project that are iterated over; return the values that they yield."""
        value = single(plain(source))
        if not isinstance(value, Invocation) or value.kind != "generator":
            return source
        if not isinstance(value.function, FunctionValue):
            return UNKNOWN
        yielded: list[Value] = []

        def collect(inner: Path, each: Value) -> Value:
            if each not in yielded and len(yielded) < MOST_UNROLLED:
                yielded.append(each)
            return UNKNOWN

        self.run(value.function, value.args, value.keywords, path, NOWHERE, collect)
        return join_all([TupleValue((each,)) for each in yielded]) if len(yielded) == 1 else TupleValue(tuple(yielded))

    def while_loop(self, node: flow.While, path: Path) -> None:
        jumps = Jumps()
        self.frame.jumps.append(jumps)
        forever = isinstance(node.test, flow.Const) and bool(node.test.value)
        left: Path | None = None

        def body(once: Path) -> Path | None:
            nonlocal left
            yes, no = self.branch(node.test, once)
            left = merge(left, no)
            if yes is not None:
                self.block(node.body, yes)
            return yes

        self.repeat(path, jumps, body)
        self.frame.jumps.pop()
        if forever:
            path.become(jumps.breaks)
            return
        _, no = self.branch(node.test, path)
        path.become(merge(no, left))
        if not path.dead:
            self.block(node.orelse, path)
        path.become(merge(path, jumps.breaks))

    def leave_loop(self, node: flow.Break, path: Path) -> None:
        if self.frame.jumps:
            jumps = self.frame.jumps[-1]
            jumps.breaks = merge(jumps.breaks, path.fork())
        path.dead = True

    def next_round(self, node: flow.Continue, path: Path) -> None:
        if self.frame.jumps:
            jumps = self.frame.jumps[-1]
            jumps.continues = merge(jumps.continues, path.fork())
        path.dead = True
