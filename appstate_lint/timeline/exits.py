"""Exit stacks: what is put on them, and what they do when they are left."""

from __future__ import annotations

from appstate_lint.facts.flow import At
from appstate_lint.frameworks import Call as CallTable
from appstate_lint.model import Phase
from appstate_lint.timeline.frames import Frame
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.parts import Exit
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.presence import join_stores
from appstate_lint.timeline.spawning import Spawning
from appstate_lint.timeline.values import (
    FAILURE,
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Invocation,
    Keywords,
    Object,
    Value,
    plain,
)
from appstate_lint.timeline.values import NONE as NONE_VALUE


class Exits(Spawning):
    """Keeps what exit stacks run."""

    exits: dict[str, list[Exit]]

    def stacked(
        self, table: CallTable, stack: Object, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At
    ) -> Value:
        """Put code, or the exit of a context manager, on an exit stack."""
        code = self.argument(table.arguments, table.function, args, keywords)
        if code is None:
            return UNKNOWN
        if table.role == "enter":
            return self.enter(code, path, at, stack.site)
        if table.role == "exit-callback":
            passed = tuple(pair for pair in keywords if pair[0] != table.function)
            self.later(code, self.rest_of(table, args), passed, path, at, stack.site)
            return code
        target = single(plain(code))
        if isinstance(target, Object) and target.cls is not None:
            self.push_exit(target, target.cls, path, at, stack.site)
        else:
            self.later(target, None, (), path, at, stack.site)
        return code

    def push_exit(self, manager: Object, cls: ClassValue, path: Path, at: At, stack: str) -> None:
        """Let an exit stack run the exit of an object."""
        for name in ("__aexit__", "__exit__"):
            method = self.method(cls, name)
            if method is not None:
                bound = FunctionValue(method.file, method.index, method.scope, manager)
                self.later(bound, None, (), path, at, stack)
                return

    def enter(self, code: Value, path: Path, at: At, stack: str = "") -> Value:
        """Enter a context manager on an exit stack: up to its ``yield`` now, the rest at shutdown."""
        target = single(plain(code))
        if not isinstance(target, Invocation) or not isinstance(target.function, FunctionValue):
            if isinstance(target, Object) and target.cls is not None:
                for name in ("__aenter__", "__enter__"):
                    method = self.method(target.cls, name)
                    if method is not None:
                        bound = FunctionValue(method.file, method.index, method.scope, target)
                        entered_as = self.run(bound, (), (), path, at)
                        self.push_exit(target, target.cls, path, at, stack)
                        return entered_as
            return UNKNOWN
        entered: list[tuple[Path, Value]] = []
        phase = self.phase

        def stop(inner: Path, value: Value) -> Value:
            entered.append((inner.fork(), value))
            self.phase = Phase.SHUTDOWN if phase in (Phase.STARTUP, Phase.BUILD) else phase
            return UNKNOWN

        outside = path.fork()
        self.run(target.function, target.args, target.keywords, outside, at, stop)
        self.phase = phase
        joined: Path | None = None
        for inner, _ in entered:
            joined = Path(path.env, inner.store, inner.facts) if joined is None else _joined(joined, inner)
        if joined is None:
            path.dead = True
            return UNKNOWN
        path.store, path.facts = joined.store, joined.facts
        return entered[0][1] if len(entered) == 1 else UNKNOWN

    def later(
        self, code: Value, args: tuple[Value, ...] | None, keywords: Keywords, path: Path, at: At, stack: str = ""
    ) -> None:
        if path.dead or self.muted:
            return
        known = self.exits.setdefault(stack, [])
        place = self.place(at)
        entry = Exit(code, args, keywords, place, path.store, path.facts)
        if not any((each.code, each.args, each.place) == (code, args, place) for each in known):
            self.activity += 1
            known.append(entry)
            self.fresh_exits.append(entry)
            self.unsettled = True

    def settle_failures(self, path: Path) -> None:
        super().settle_failures(path)
        for entry in self.fresh_exits:
            entry.store, entry.facts = path.store, path.facts
        self.fresh_exits.clear()

    def unwind(self, stack: str, path: Path, failed: bool) -> None:
        frame = self.frame
        for each in reversed(self.exits.get(stack, ())):
            each.done = True
            partial = failed or self.partial
            once = Path({}, each.store, each.facts) if partial else Path({}, path.store, path.facts)
            self.frames.append(Frame(each.place.file, None, 0, 0))
            args = each.args if each.args is not None else (FAILURE if partial else NONE_VALUE,) * 3
            at = (each.place.line, each.place.column, each.place.end_line, each.place.end_column)
            self.finish(self.invoke(each.code, args, each.keywords, once, at), once, at)
            frame.touched |= self.frames.pop().touched
            if not partial and not once.dead:
                path.store, path.facts = once.store, once.facts


def _joined(left: Path, right: Path) -> Path:
    store = join_stores(left.store, right.store, left.facts, right.facts)
    return Path(left.env, store, left.facts & right.facts)
