"""The JSON report. Its form is DESIGN section 9: keys may be added, never renamed or removed.

Everything is ASCII (other characters escaped), so that any terminal encoding and file name survives.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from appstate_lint import __version__
from appstate_lint.model import Access, Finding, Phase, Report

SCHEMA = 1

_FINDING_KEYS = (
    "rule",
    "code",
    "severity",
    "confidence",
    "file",
    "line",
    "column",
    "end_line",
    "end_column",
    "component",
    "application",
    "phase",
    "message",
    "suggestion",
    "assumptions",
    "applications",
    "trace",
    "related",
    "fingerprint",
    "function",
)
_ACCESS_KEYS = (
    "file",
    "line",
    "column",
    "component",
    "kind",
    "phase",
    "named_phase",
    "application",
    "function",
    "conditional",
    "presence",
    "end_line",
    "end_column",
)


def findings_json(report: Report) -> str:
    """Return the object that ``check`` prints for ``report``, its root as ``"."``, ending in a newline."""
    page = {
        "schema": SCHEMA,
        "tool": {"name": "appstate-lint", "version": __version__},
        "root": ".",
        "applications": [msgspec.to_builtins(application) for application in report.applications],
        "coverage": msgspec.to_builtins(report.coverage),
        "findings": [finding_object(finding) for finding in report.findings],
        "notes": [*(gap.text for gap in report.gaps), *report.notes],
        "incomplete": report.incomplete,
        "gaps": [msgspec.to_builtins(gap) for gap in report.gaps],
        "silenced": [
            {"by": each.by.value, "where": each.where, "finding": finding_object(each.finding)}
            for each in report.silenced
        ],
    }
    return _dump(page)


def finding_object(finding: Finding) -> dict[str, object]:
    """Return ``finding`` as plain values, its keys in the order of the design."""
    return _ordered(msgspec.to_builtins(finding), _FINDING_KEYS)


def accesses_json(accesses: tuple[Access, ...]) -> str:
    """Return the object that ``accesses`` prints, ending in a newline."""
    return _dump({"schema": SCHEMA, "accesses": [_access_object(access) for access in accesses]})


def timeline_json(report: Report, component: str | None) -> str:
    """Return the object that ``timeline`` prints, of all components or of one, ending in a newline."""
    page = {
        "schema": SCHEMA,
        "applications": [
            {
                **msgspec.to_builtins(story.application),
                "events": [
                    msgspec.to_builtins(event) for event in story.events if component in (None, event.component)
                ],
            }
            for story in report.stories
        ],
        "findings": [finding_object(finding) for finding in report.findings if component in (None, finding.component)],
        "not_run": [
            _access_object(access)
            for access in report.accesses
            if access.phase is Phase.UNREACHED and component in (None, access.component)
        ],
    }
    return _dump(page)


def _access_object(access: Access) -> dict[str, object]:
    fields = _ordered(msgspec.to_builtins(access), _ACCESS_KEYS)
    if len(access.phases) > 1:
        fields["phases"] = [phase.value for phase in access.phases]
    return fields


def _ordered(fields: Mapping[str, object], keys: tuple[str, ...]) -> dict[str, object]:
    return {key: fields[key] for key in keys}


def _dump(page: dict[str, object]) -> str:
    return json.dumps(page, indent=1) + "\n"
