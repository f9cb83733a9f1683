"""SARIF 2.1.0: findings with their traces as code flows, fingerprints, what silences them, and the pages of the rules.

Format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/. Lines and columns are 1-based, columns count characters
(``columnKind``), ends are exclusive, addresses are relative to the root of the repository.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from appstate_lint import __version__
from appstate_lint.model import Confidence, Finding, Gap, Place, Report, Rule, Severity, Silence, Silenced, Step
from appstate_lint.report.rules import page_description, page_summary
from appstate_lint.report.text import one_line

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "appstateFingerprint/v1"

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEMS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}
_PRECISIONS = {Confidence.HIGH: "very-high", Confidence.MEDIUM: "high"}
_KINDS = {Silence.PRAGMA: "inSource", Silence.IGNORE: "external", Silence.BASELINE: "external"}


def sarif_log(report: Report, prefix: str, rules: Iterable[Rule], pages: Mapping[str, str]) -> str:
    """Return a log of one run, with what is silenced as suppressed results.

    ``prefix`` leads from the root of the repository to that of the project; ``pages`` maps the names of ``rules`` to
    their pages. Rules without a result are left out.
    """
    results: list[tuple[Finding, Silenced | None]] = [(finding, None) for finding in report.findings]
    results += [(each.finding, each) for each in report.silenced]
    results.sort(key=lambda result: result[0].sort_key)
    named = {finding.rule for finding, _ in results}
    listed = sorted((rule for rule in rules if rule.name in named), key=lambda rule: rule.code)
    numbers = {rule.name: number for number, rule in enumerate(listed)}
    driver = {
        "name": "appstate-lint",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(rule, pages[rule.name]) for rule in listed],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notifications(report, prefix)}],
        "results": [_result(finding, silenced, numbers[finding.rule], prefix) for finding, silenced in results],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(rule: Rule, page: str) -> dict[str, object]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": page_summary(page) or rule.name},
        "fullDescription": {"text": page_description(page) or rule.name},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "precision": _PRECISIONS[rule.confidence],
            "problem.severity": _PROBLEMS[rule.severity],
            "tags": ["application-state"],
        },
    }


def _notifications(report: Report, prefix: str) -> list[dict[str, object]]:
    said = [_gap(gap, prefix) for gap in report.gaps]
    for note in report.notes:
        said.append({"level": "note", "message": {"text": one_line(note)}})
    return said


def _gap(gap: Gap, prefix: str) -> dict[str, object]:
    text = {"text": f"incomplete: {one_line(gap.text)}"}
    located = {"locations": [_location(prefix + gap.file, {"startLine": gap.line})]} if gap.file else {}
    return {"level": "warning", "message": text, "descriptor": {"id": "incomplete"}, **located}


def _result(finding: Finding, silenced: Silenced | None, number: int, prefix: str) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": finding.code,
        "ruleIndex": number,
        "level": _LEVELS[finding.severity],
        "message": {"text": one_line(finding.message)},
        "locations": [_location(prefix + finding.file, _region(finding.place))],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint},
        "suppressions": [_suppression(silenced)] if silenced else [],
        "properties": {
            "component": finding.component,
            "applications": list(finding.applications),
            "phase": finding.phase,
            "assumptions": list(finding.assumptions),
        },
    }
    if finding.trace:
        steps = [_step(number, step, prefix) for number, step in enumerate(finding.trace, 1)]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, **_location(prefix + each.file, {"startLine": each.line}, each.text)}
            for number, each in enumerate(finding.related, 1)
        ]
    return result


def _suppression(silenced: Silenced) -> dict[str, object]:
    return {"kind": _KINDS[silenced.by], "justification": one_line(f"{silenced.by.value} at {silenced.where}")}


def _step(number: int, step: Step, prefix: str) -> dict[str, object]:
    region = {"startLine": step.line} if step.place is None else _region(step.place)
    return {
        "executionOrder": number,
        "location": _location(prefix + step.file, region, step.text),
        "state": {"phase": {"text": step.phase}},
    }


def _location(file: str, region: Mapping[str, int], text: str = "") -> dict[str, object]:
    address = quote(file, errors="surrogatepass")
    location: dict[str, object] = {"physicalLocation": {"artifactLocation": {"uri": address}, "region": region}}
    if text:
        location["message"] = {"text": one_line(text)}
    return location


def _region(place: Place) -> Mapping[str, int]:
    return {
        "startLine": place.line,
        "startColumn": place.column + 1,
        "endLine": place.end_line,
        "endColumn": place.end_column + 1,
    }
