"""``if`` and ``match``: how paths split, and join again."""

from __future__ import annotations

from appstate_lint.facts import flow
from appstate_lint.facts.flow import Block
from appstate_lint.model import Phase
from appstate_lint.timeline.definitions import Definitions
from appstate_lint.timeline.paths import Path, merge
from appstate_lint.timeline.truth import equality, none_test
from appstate_lint.timeline.values import NONE as NONE_VALUE
from appstate_lint.timeline.values import ClassValue, Unknown


class Alternatives(Definitions):
    """Runs one of several blocks."""

    def choose(self, node: flow.If, path: Path) -> None:
        if isinstance(node.test, (flow.Name, flow.Attr)) and flow.last_name(node.test) == "TYPE_CHECKING":
            self.block(node.orelse, path)
            return
        yes, no = self.branch(node.test, path)
        certain = yes is None or yes.dead or no is None or no.dead
        self.conditional += not certain
        phase = self.phase
        ends = [self.side(node.body, yes, phase), self.side(node.orelse, no, phase)]
        self.phase = _latest(ends)
        self.conditional -= not certain
        path.become(merge(yes, no))

    def side(self, block: Block, path: Path | None, phase: Phase) -> tuple[Path | None, Phase]:
        """Run one of several alternatives; return its path and its phase: a ``yield`` in another does not count."""
        self.phase = phase
        if path is not None:
            self.block(block, path)
        return path, self.phase

    def match(self, node: flow.Match, path: Path) -> None:
        subject = self.evaluate(node.subject, path)
        going: Path | None = path.fork()
        joined: Path | None = None
        phase = self.phase
        ends: list[tuple[Path | None, Phase]] = []
        self.conditional += 1
        for case in node.cases:
            if going is None or going.dead:
                break
            inner: Path | None = going.fork()
            if case.value is not None and inner is not None:
                constant = self.evaluate(case.value, inner)

                test = none_test(subject) if constant == NONE_VALUE else equality(subject, constant)
                inner, going = self.split(test, going)
            for name in case.names:
                if inner is not None:
                    self.set_name(name, subject if case.always else Unknown(name), inner)
            if case.guard is not None and inner is not None:
                inner, _ = self.branch(case.guard, inner)
            if inner is not None:
                ends.append(self.side(case.body, inner, phase))
                joined = merge(joined, inner)
            if case.always and case.guard is None:
                going = None
        if going is not None and self.names_all(node, going):
            going = None
        self.conditional -= 1
        self.phase = _latest([*ends, (going, phase)])
        path.become(merge(joined, going))

    def names_all(self, node: flow.Match, path: Path) -> bool:
        """Tell whether the cases name every member of an enumeration."""
        named = [case.value for case in node.cases if case.guard is None and isinstance(case.value, flow.Attr)]
        cls = self.evaluate(named[0].value, path) if named else None
        members = self.members_of(cls) if isinstance(cls, ClassValue) else []
        return bool(members) and {self.evaluate(each, path) for each in named}.issuperset(members)


def _latest(ends: list[tuple[Path | None, Phase]]) -> Phase:
    """Return the phase in which alternatives go on: the latest of those that live, or else of all."""
    living = [phase for path, phase in ends if path is not None and not path.dead]
    return max(living or [phase for _, phase in ends], key=lambda phase: phase.rank)
