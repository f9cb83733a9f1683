"""Accesses of running code on ways that nothing takes: they are listed, for the source has them, and never judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from appstate_lint.frameworks import Tables
from appstate_lint.model import Place
from appstate_lint.project import Project
from appstate_lint.project.mentions import Mentions
from appstate_lint.timeline.heap import Path
from appstate_lint.timeline.life import Sweep
from appstate_lint.timeline.records import Occurrence
from appstate_lint.timeline.values import Value


def untaken(
    project: Project, tables: Tables, mentions: Mentions, reached: Iterable[tuple[str, int]], taken: Set[Place]
) -> Iterator[Occurrence]:
    """Yield the accesses in the functions of ``reached`` (file and index) that are at none of the places ``taken``.

    A guard that is always passed, or a value that is always the same, leaves the code behind it out. That code is run
    here as if every test could end either way, and only where it looks as if it had more accesses than were met.
    """
    partly = [each for each in sorted(reached) if each[0] not in project.tests and _has_more(*each, mentions, taken)]
    sweep = _BothWays(project, tables, mentions, None)
    sweep.sweep(iter(partly), iter(()))
    own = {(file, project.function(file, index).qualname) for file, index in partly}
    for each in sweep.records.occurrences.values():
        if each.place not in taken and (each.place.file, each.function) in own:
            yield each


class _BothWays(Sweep):
    """Goes both ways at every test."""

    def split(self, value: Value, path: Path) -> tuple[Path | None, Path | None]:
        """Return two paths that know nothing of ``value``; none where ``path`` has ended."""
        return (None, None) if path.dead else (path, path.fork())


def _has_more(file: str, index: int, mentions: Mentions, taken: Set[Place]) -> bool:
    """Tell whether a function has what looks like an access at another place than those ``taken``."""
    if not mentions.touches(file, index):
        return False
    body = mentions.project.function(file, index).body
    return any(Place(file, *at) not in taken for at in mentions.shapes.accesses(body))
