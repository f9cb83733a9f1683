"""A migration verified: a certificate that nothing is left, or what still stands against it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from appstate_lint.config import Migration
from appstate_lint.migration.leftovers import Leftover, is_fault, stays
from appstate_lint.migration.survey import Survey
from appstate_lint.model import Finding

_OURS = "E7899"
"""A fault of the linter itself: what it should have judged is not proved."""


class Certificate(msgspec.Struct, frozen=True):
    """What stands against a migration being complete, and what it rests on.

    ``leftovers`` are those that may not stay, ``allowed`` those that may for now. ``faults`` are the findings about the
    migration's component (it may be missing, or breaks its contract), and those that the linter itself failed.
    ``unseen`` are files that may mention the old way and cannot be parsed, ``unresolved`` accessors of which no trace
    is found, not even a module. ``digest`` is a hash of the names and places that were looked at, so that two
    certificates can be compared.
    """

    migration: Migration
    leftovers: tuple[Leftover, ...]
    allowed: tuple[Leftover, ...]
    faults: tuple[Finding, ...]
    unseen: tuple[str, ...]
    unresolved: tuple[str, ...]
    uninitialized: bool
    files: int
    digest: str

    @property
    def complete(self) -> bool:
        """Whether nothing stands against it."""
        return not (self.leftovers or self.faults or self.unseen or self.unresolved or self.uninitialized)


def certify(survey: Survey, migration: Migration, findings: Iterable[Finding]) -> Certificate:
    """Return the certificate of one migration; ``findings`` are those of all rules."""
    mine = [each for each in survey.leftovers if each.migration.name == migration.name]
    leftovers = tuple(each for each in mine if not stays(each, survey.over))
    component = migration.component
    faults = tuple(
        each for each in findings if each.code == _OURS or (component is not None and is_fault(each, component))
    )
    lines = [f"{each.kind.value} {each.accessor} {each.place.file} {each.function}" for each in mine]
    lines += [f"accessor {survey.dotted(each)} {each.kind}" for each in survey.accessors_of(migration)]
    written = component is None or not survey.timeline.lives or survey.is_written(component)
    return Certificate(
        migration=migration,
        leftovers=leftovers,
        allowed=tuple(each for each in mine if stays(each, survey.over)),
        faults=faults,
        unseen=tuple(survey.unparsable(migration)),
        unresolved=tuple(survey.unresolved(migration)),
        uninitialized=not written,
        files=len(survey.project.facts),
        digest=hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest(),
    )
