"""How accesses are told: the calls that lead to them as steps of a trace, and grouped by the function they stand in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from appstate_lint.model import Step

if TYPE_CHECKING:
    from appstate_lint.timeline.records import Occurrence, Stack


def call_steps(stack: Stack) -> list[Step]:
    """Return a call path as steps of a trace."""
    steps: list[Step] = []
    for call in stack:
        text = "the module is imported" if call.function == "<module>" else f"{call.function} is called"
        steps.append(Step(call.file, max(call.line, 1), call.phase.value, text))
    return steps


def by_function(reads: Iterable[Occurrence]) -> Iterator[list[Occurrence]]:
    """Yield reads grouped by the function that they are in."""
    groups: dict[tuple[str, str], list[Occurrence]] = {}
    for read in reads:
        groups.setdefault((read.place.file, read.function), []).append(read)
    yield from groups.values()
