"""Results: what running a function did to state, remembered by situation, and done again without running it."""

from __future__ import annotations

from appstate_lint.facts import flow
from appstate_lint.timeline.frames import Frame
from appstate_lint.timeline.marking import Marking
from appstate_lint.timeline.parts import Result
from appstate_lint.timeline.paths import Path, merge
from appstate_lint.timeline.phasing import PHASE
from appstate_lint.timeline.presence import ABSENT, HAS, MISSING, Facts, Store, about, replaced
from appstate_lint.timeline.truth import truth_of
from appstate_lint.timeline.values import UNKNOWN, Literal, Narrow, Object, Test, Value, join_all

MOST_SITUATIONS = 12
PLAIN_DECORATORS = frozenset({"staticmethod", "classmethod", "contextmanager", "asynccontextmanager"})


class Results(Marking):
    """Remembers what functions did."""

    def made_anew(self, facts: flow.Function) -> frozenset[str]:
        """Return the sites of the objects that each call of the function just run makes; a decorator may keep them."""
        if any(flow.last_name(decorator) not in PLAIN_DECORATORS for decorator in facts.decorators):
            return frozenset()
        return frozenset(site for site, (conditions, _) in self.made_here.items() if conditions <= self.conditional)

    def note_made(self, sites: frozenset[str]) -> None:
        """Note the objects that a call in the running statement has made."""
        for site in sites:
            self.made_here[site] = (self.conditional, self.making)

    def store_result(
        self,
        key: object,
        frame: Frame,
        start: Store,
        facts: Facts,
        end: Path | None,
        raised: Store | None,
        value: Value,
        made: frozenset[str],
    ) -> None:
        touched = sorted(frame.touched)
        found = self.results.setdefault(key, [])
        if len(found) >= MOST_SITUATIONS:
            found.pop()
        consulted = frozenset(frame.consulted)
        found.insert(
            0,
            Result(
                before=tuple((each, start.get(each, MISSING)) for each in touched),
                facts=frozenset(fact for fact in facts if fact[0] in consulted),
                after=tuple((each, end.store.get(each, MISSING)) for each in touched) if end is not None else None,
                new_facts=end.facts - facts if end is not None else frozenset(),
                raised=tuple((each, raised.get(each, MISSING)) for each in touched) if raised is not None else None,
                value=value,
                consulted=consulted,
                made=made,
                read=frozenset(frame.read),
            ),
        )

    def remembered(self, key: object, path: Path) -> Result | None:
        """Return what the call did before in the same situation."""
        several = self.results.get(key)
        if not several:
            return None
        store = path.store
        for position, result in enumerate(several):
            if all(store.get(each, MISSING) == known for each, known in result.before) and result.facts == frozenset(
                fact for fact in path.facts if fact[0] in result.consulted
            ):
                if position:
                    several.insert(0, several.pop(position))
                return result
        return None

    def replay(self, result: Result, path: Path) -> Value:
        """Apply a remembered result to a path."""
        frame = self.frames[-1] if self.frames else None
        if frame is not None:
            frame.touched.update(each for each, _ in result.before)
            frame.consulted |= result.consulted
            frame.read |= result.read
        self.note_made(result.made)
        if result.raised is not None and self.raising:
            self.raising[-1].add(self.frame, path.env, path.store | dict(result.raised))
        if result.after is None:
            path.dead = True
            return UNKNOWN
        path.put_all(result.after)
        path.facts = replaced(path.facts, result.new_facts)
        for (key, before), (_, after) in zip(result.before, result.after, strict=True):
            if before.bits & ABSENT and not after.bits & ABSENT:
                self.hold(path, about(key, HAS), True)
        return result.value

    def result(self, finished: list[tuple[Path, Value]], frame: Frame, joined: Path | None) -> Value:
        """Return the joined return value; ``True`` here and ``False`` there becomes a test of what differs."""
        if joined is None:
            return UNKNOWN
        values = [value for each, value in finished if not each.dead]
        truths = [truth_of(value) if isinstance(value, Literal) else None for value in values]
        if len(values) > 1 and True in truths and False in truths and None not in truths:
            yes: Path | None = None
            no: Path | None = None
            alive = [each for each, _ in finished if not each.dead]
            for each, truth in zip(alive, truths, strict=True):
                yes, no = (merge(yes, each), no) if truth else (yes, merge(no, each))
            if yes is not None and no is not None:
                return Test(self.differences(frame, yes, joined), self.differences(frame, no, joined))
        return join_all(values)

    def differences(self, frame: Frame, path: Path, joined: Path) -> tuple[Narrow, ...]:
        """Return what is narrower on ``path`` than on ``joined``."""
        found: list[Narrow] = []
        for site, name in sorted(frame.touched - {PHASE}):
            here, there = path.store.get((site, name), MISSING), joined.store.get((site, name), MISSING)
            if here.bits != there.bits:
                found.append(Narrow(Object(site), name, here.bits))
        found.extend(Narrow(None, name, 0, truth) for name, truth in sorted(path.facts - joined.facts))
        return tuple(found)
