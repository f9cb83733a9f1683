"""The diagnostic format of reviewdog, which comments on pull requests of many hosts.

Format: https://github.com/reviewdog/reviewdog/tree/master/proto/rdf. Lines are 1-based, columns are 1-based *bytes* of
UTF-8, ends are exclusive.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from appstate_lint.model import Finding, Gap, Place, Report, Severity
from appstate_lint.report.text import Lines, one_line

_SEVERITIES = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.INFO: "INFO"}


def diagnostics(report: Report, prefix: str, lines: Lines) -> str:
    """Return the findings, and what was not judged, as one JSON object.

    ``prefix`` leads from the root of the repository to that of the project;
    ``lines`` gives the text of the files, which columns in bytes need.
    """
    found = [_diagnostic(finding, prefix, lines) for finding in report.findings]
    found += [_gap(gap, prefix) for gap in report.gaps]
    return json.dumps({"source": {"name": "appstate-lint"}, "diagnostics": found}, indent=1) + "\n"


def _diagnostic(finding: Finding, prefix: str, lines: Lines) -> dict[str, object]:
    steps = [(step.file, step.line, one_line(step.text)) for step in finding.trace]
    others = [(each.file, each.line, one_line(each.text)) for each in finding.related]
    return {
        "message": one_line(finding.message),
        "location": {"path": prefix + finding.file, "range": _range(finding.place, lines)},
        "severity": _SEVERITIES[finding.severity],
        "code": {"value": finding.rule},
        "related_locations": [
            {"message": text, "location": {"path": prefix + file, "range": {"start": {"line": line}}}}
            for file, line, text in (*steps, *others)
        ],
    }


def _gap(gap: Gap, prefix: str) -> dict[str, object]:
    place: dict[str, object] = {"path": prefix + gap.file or "."}
    if gap.line:
        place["range"] = {"start": {"line": gap.line}}
    message = f"incomplete: {one_line(gap.text)}"
    return {"message": message, "location": place, "severity": "INFO", "code": {"value": "incomplete"}}


def _range(place: Place, lines: Lines) -> dict[str, object]:
    text = lines(place.file)
    return {
        "start": {"line": place.line, "column": _byte(text, place.line, place.column) + 1},
        "end": {"line": place.end_line, "column": _byte(text, place.end_line, place.end_column) + 1},
    }


def _byte(text: Sequence[str], line: int, column: int) -> int:
    """Return the byte at which a character stands in its line; of a file that is not there, its number."""
    if not 0 < line <= len(text):
        return column
    return len(text[line - 1][:column].encode("utf-8", "surrogatepass"))
