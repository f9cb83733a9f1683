"""Code that runs beside what started it."""

from __future__ import annotations

from appstate_lint.facts.flow import At
from appstate_lint.model import Phase
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.presence import ABSENT, Key, is_mark, join_stores, lasting
from appstate_lint.timeline.registrations import Spawned
from appstate_lint.timeline.statements import Statements
from appstate_lint.timeline.values import ClassValue, Invocation, Value, plain


class Spawning(Statements):
    """Keeps what was started."""

    waiting: dict[tuple[Value, bool], Spawned]
    fresh: list[Spawned]

    def spawn(self, code: Value, path: Path, at: At, certain: bool) -> None:
        if path.dead or self.muted:
            return
        code = single(plain(code))
        if isinstance(code, ClassValue):
            return
        key = (code, certain)
        self.activity += 1
        known = self.waiting.get(key)
        if known is not None and known.possible == self.possible:
            known.facts &= path.facts
            known.marks &= _marks(path)
            known.store = join_stores(known.store, path.store, frozenset(), frozenset())
            known.left = known.left or known.place != self.place(at)
            return
        if known is not None and self.possible:
            return
        entry = Spawned(code, path.store, lasting(path.facts), certain, self.place(at), self.phase, tuple(self.stack))
        entry.possible = self.possible
        entry.marks = _marks(path)
        entry.application = self.application.site if self.application is not None else ""
        self.waiting[key] = entry
        if certain and isinstance(code, Invocation) and code.kind == "coroutine":
            self.fresh.append(entry)

    def started(self, task: Invocation) -> Spawned | None:
        """Return what was noted when a task was started."""
        kept = (Invocation(kind, task.function, task.args, task.keywords) for kind in ("coroutine", "partial"))
        return next((found for each in kept if (found := self.waiting.get((each, True))) is not None), None)

    def wait_for(self, task: Invocation, path: Path) -> bool:
        entry = self.started(task)
        if entry is None:
            return True
        if self.phase is Phase.SHUTDOWN and entry.phase is not Phase.SHUTDOWN:
            return False
        known = entry.end
        entry.end = path.store if known is None else join_stores(known, path.store, frozenset(), frozenset())
        return True

    def settle(self, path: Path) -> None:
        if not self.fresh or path.dead:
            return
        for entry in self.fresh:
            entry.store = path.store
        self.fresh.clear()


def _marks(path: Path) -> frozenset[Key]:
    return frozenset(key for key, cell in path.store.items() if is_mark(key) and not cell.bits & ABSENT)
