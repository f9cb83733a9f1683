"""A contract, phase, marker, pattern or migration that matches nothing: it would be kept whatever the code does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from appstate_lint.model import Finding, Place, Rule

if TYPE_CHECKING:
    from appstate_lint.contracts import Compliance, Vacuous
    from appstate_lint.migration.survey import Survey

RULE = Rule("appstate-contract-vacuous", "W7825", "{what}")


def check(compliance: Compliance) -> Iterator[Finding]:
    """Yield a finding at each declaration that matches nothing."""
    from appstate_lint.contracts import vacuous

    places: dict[tuple[Place, str], list[Vacuous]] = {}
    for each in vacuous(compliance):
        places.setdefault((each.place, each.contract.name if each.contract is not None else ""), []).append(each)
    for (place, name), several in places.items():
        what = "; ".join(each.what for each in several)
        finding = RULE.finding(place, component=name, suggestion=several[0].suggestion, what=what)
        contract = several[0].contract
        severity = contract.declared.severity if contract is not None else None
        yield msgspec.structs.replace(finding, severity=severity or finding.severity)


def of_migrations(survey: Survey) -> Iterator[Finding]:
    """Yield a finding at each migration with an accessor of which nothing is, or was, in sight."""
    file = survey.settings.file
    if file is None:
        return
    for migration in survey.settings.migrations:
        place = Place(file, migration.line, 0, migration.line, 1)
        if unresolved := list(survey.unresolved(migration)):
            names = ", ".join(f"'{each}'" for each in unresolved)
            what = f"migration '{migration.name}' names {names}, and nothing of that name is, or was, in sight"
            yield RULE.finding(place, what=what)
        for declared, meant in survey.misspelled(migration):
            what = f"migration '{migration.name}' names '{declared}', which is not defined, and nothing uses it"
            yield RULE.finding(place, suggestion=meant, what=what)
