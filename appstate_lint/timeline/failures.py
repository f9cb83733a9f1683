"""``try``: from which states code fails, and how what catches that goes on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TypeAlias

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Block
from appstate_lint.model import Phase
from appstate_lint.project.mentions import EVERYTHING
from appstate_lint.timeline.components import AGAIN
from appstate_lint.timeline.frames import Raised
from appstate_lint.timeline.loops import Loops
from appstate_lint.timeline.paths import Path, merge
from appstate_lint.timeline.presence import ABSENT, MISSING, Cell
from appstate_lint.timeline.records import Swallow
from appstate_lint.timeline.values import NONE as NONE_VALUE
from appstate_lint.timeline.values import Literal, Unknown, join

_CANCELED = frozenset({"CancelledError", "KeyboardInterrupt", "SystemExit", "GeneratorExit"})
Final: TypeAlias = Callable[[Path, bool], None]
"""What ends a block; it is told whether the block failed."""


class Failures(Loops):
    """Runs what fails, catches and ends in any case."""

    def attempt(self, node: flow.Try, path: Path) -> None:
        phase = self.phase
        frame = self.frame
        returns = len(frame.returns)
        names = [self.caught_names(handler) for handler in node.handlers]
        rest = self.harmless_beginning(node.body, path)
        before = path.fork()
        in_final = flow.nodes(node.final) if self.is_around_serving(phase) else ()
        self.expect_failures(path, [each.id for each in in_final if isinstance(each, flow.Name)])
        bare = frozenset({"BaseException"}) if any(not each for each in names) else frozenset()
        self.catching.append(frozenset(name for each in names for name in each) | bare | self.again(node))
        self.block(rest, path)
        self.catching.pop()
        failing = self.failed_paths(before, path, self.raising.pop())
        after: Path | None = path
        left = merge(None, path.fork())
        for each, _ in frame.returns[returns:]:
            left = merge(left, each)
        if not path.dead:
            self.block(node.orelse, path)
        swallowed = False
        end_phase = self.phase
        again: list[Path] = []
        for handler, caught in zip(node.handlers, names, strict=True):
            entry = (
                left.fork()
                if left is not None and self.is_never_raised(handler)
                else functools.reduce(_merged, failing).fork()
            )
            self.phase = phase
            if handler.name:
                entry.bind(handler.name, Unknown(handler.name))
            if self.is_around_serving(phase) and self.lets_through(node.handlers, handler):
                kept = {} if path.dead else path.store
                entry.put_all((key, Cell(cell.bits)) for key, cell in kept.items() if not cell.bits & ABSENT)
            self.raising.append(Raised(frame))
            self.conditional += 1
            self.block(handler.body, entry)
            self.conditional -= 1
            raised_again = self.raising.pop().joined()
            if raised_again is not None:
                again.append(Path(dict(entry.env), raised_again, before.facts))
            if end_phase is phase or self.phase is not phase:
                self.note_swallow(handler.at, phase, path, entry)
            swallowed = swallowed or not caught or bool(caught & EVERYTHING)
            after = merge(after, entry)
        self.phase = end_phase
        failures = [*again, *(() if swallowed else failing)]
        self.pass_on(failures)
        if node.final:
            final = node.final
            self.finally_block(lambda each, failed: self.block(final, each), after, failures, returns, phase)
        path.become(after)

    def is_never_raised(self, handler: flow.Handler) -> bool:
        """Tell whether a handler of start-up code is for exceptions of the project that no code that ran so far names.

        Where something raises it that is not seen, the handler is taken to run after all that it guards.
        """
        if self.phase is Phase.SERVING or self.frame.function is None or not handler.types:
            return False
        kinds = [self.project.resolve(self.frame.file, each) for each in handler.types]
        if any(kind is None or kind.kind != "class" for kind in kinds):
            return False
        names = {name for each in self.caught_names(handler) for name in self.project.family(each)}
        return names.isdisjoint(self.named_by_what_ran())

    def named_by_what_ran(self) -> set[str]:
        """Return the names that the code uses which ran so far."""
        records = self.records
        new = records.reached - records.looked_at
        new.update((file, -1) for file in self.modules if (file, -1) not in records.looked_at)
        records.named.update(*(self.mentions.used(*each) for each in new))
        records.looked_at |= new
        return records.named

    def lets_through(self, handlers: tuple[flow.Handler, ...], handler: flow.Handler) -> bool:
        """Tell whether a handler, or one before it, raises again what start-up raises in place of any failure.

        What is then left for the handler cannot be told: the steps that it could leave out are not. Nor does it matter
        what is missing where the start-up was cancelled: there is nobody to serve.
        """
        kinds = self.caught_names(handler)
        if kinds and kinds <= _CANCELED:
            return True
        earlier = handlers[: handlers.index(handler)]
        spared = {name for each in earlier if flow.always_raises(each.body) for name in self.caught_names(each)}
        for statement in handler.body:
            if isinstance(statement, flow.If) and flow.always_raises(statement.body):
                spared |= _kinds_of(statement.test, handler.name)
        return bool(spared - EVERYTHING) and any(
            not spared.isdisjoint(self.mentions.raised_for_any(file, index)) for file, index in self.records.reached
        )

    def again(self, node: flow.Try) -> frozenset[str]:
        """Return the mark of a ``try`` whose handlers let a loop go on."""
        leaving = any(isinstance(each, _LEAVES) for handler in node.handlers for each in flow.nodes(handler.body))
        return AGAIN if self.frame.jumps and node.handlers and not leaving else frozenset()

    def expect_failures(self, path: Path, names: Iterable[str]) -> None:
        """Let what follows note from which states it may raise, apart by those of ``names`` that are flags."""
        flags = {name for name in names if path.env.get(name) in _UNSET}
        if self.raising and self.raising[-1].frame is self.frame:
            flags |= set(self.raising[-1].flags)
        self.raising.append(Raised(self.frame, tuple(sorted(flags))))
        self.may_raise(path)

    def harmless_beginning(self, block: Block, path: Path) -> Block:
        """Run the first statements of a block, as far as they cannot raise; return the others."""
        harmless = 0
        while harmless < len(block) and cannot_raise(block[harmless]):
            self.block(block[harmless : harmless + 1], path)
            harmless += 1
        return block[harmless:]

    def finally_block(
        self, final: Final, after: Path | None, failing: Iterable[Path], returns: int, phase: Phase
    ) -> None:
        """Run what ends a block after its normal end, after each ``return``, and after each way to fail."""
        frame = self.frame
        if after is not None and not after.dead:
            final(after, False)
        kept = frame.returns[:returns]
        left = frame.returns[returns:]
        frame.returns[:] = kept
        joined: Path | None = None
        for each, _ in left:
            joined = merge(joined, each)
        if joined is not None:
            final(joined, False)
            if not joined.dead:
                frame.returns.extend((joined if len(left) == 1 else joined.fork(), value) for _, value in left)
        now = self.phase
        inside = self.is_around_serving(phase)
        self.phase, self.partial = (Phase.SHUTDOWN, True) if inside else (phase, self.partial)
        self.conditional += 1
        for each in failing:
            final(each.fork(), True)
        self.conditional -= 1
        self.phase = now
        self.partial = False if inside else self.partial

    def is_around_serving(self, phase: Phase) -> bool:
        """Tell whether a block that began in ``phase`` stands around the ``yield`` of a lifespan."""
        return self.frame.hook is not None and phase is Phase.STARTUP

    def failed_paths(self, before: Path, path: Path, raised: Raised) -> list[Path]:
        """Return the paths on which a ``try`` body fails: any state that it went through."""
        joined = dict(before.env)
        for name, value in path.env.items():
            known = joined.get(name)
            joined[name] = value if known is None else join(known, value)
        found: list[Path] = []
        for key, course in raised.states.items():
            known_flags = zip(raised.flags, key, strict=True) if key is not None else ()
            env = joined | {name: value for name, value in known_flags if value is not None}
            found.append(Path(env, course.joined(), before.facts))
        return found

    def note_swallow(self, at: At, phase: Phase, ended: Path, failed: Path) -> None:
        """Note what is missing where the code that start-up consists of goes on after a failure of its own."""
        entered = len(self.frames) > 1 and self.frames[-2].function is None
        if phase is not Phase.STARTUP or not entered or self.muted or ended.dead or failed.dead:
            return
        missing = frozenset(
            key
            for key, cell in ended.store.items()
            if not cell.bits & ABSENT and failed.store.get(key, MISSING).bits & ABSENT
        )
        if missing:
            place = self.place(at)
            known = self.records.swallows.get(place)
            missing |= known.missing if known is not None else frozenset()
            self.records.swallows[place] = Swallow(place, self.frame.name, self.trail(), missing)

    def pass_on(self, failing: Iterable[Path]) -> None:
        """Let the next outer ``try`` know the states of exceptions that are not swallowed."""
        for each in failing if self.raising else ():
            self.raising[-1].add(self.frame, each.env, each.store)

    def caught_names(self, handler: flow.Handler) -> frozenset[str]:
        """Return the names of the exceptions that a handler catches; empty for a bare ``except``."""
        return frozenset(flow.last_name(kind) for kind in handler.types)

    def settle_failures(self, path: Path) -> None:
        """Let what was changed just now matter to failures from here on."""
        self.unsettled = False
        self.may_raise(path)


def _kinds_of(test: flow.Expr, name: str) -> set[str]:
    """Return the names of the exceptions of which ``test`` says that ``name`` is one."""
    match test:
        case flow.Call(func=flow.Name(id="isinstance"), args=(flow.Name(id=tested), kind)) if tested == name:
            return {flow.last_name(each) for each in (kind.items if isinstance(kind, flow.Sequence) else (kind,))}
    return set()


def cannot_raise(statement: flow.Stmt) -> bool:
    """Tell whether a statement only defines a function or stores a constant, a variable or an empty display."""
    match statement:
        case flow.Define() | flow.Outer():
            return True
        case flow.Bind(targets=targets, value=flow.Const() | flow.Name() | flow.Lambda()):
            return all(isinstance(target, (flow.Name, flow.Attr, flow.Item)) for target in targets)
        case flow.Bind(value=flow.Sequence(items=()) | flow.Mapping(items=())):
            return True
    return False


def _merged(left: Path, right: Path) -> Path:
    return merge(left, right) or left


_LEAVES = (flow.Raise, flow.Return, flow.Break)
_UNSET = (NONE_VALUE, Literal(False), Literal(True))
