"""The code quality report of GitLab: a list of findings with fingerprints, which it compares between branches.

Format: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format. Lines and columns are 1-based.
"""

from __future__ import annotations

import hashlib
import json

from appstate_lint.model import Finding, Gap, Report, Severity
from appstate_lint.report.text import one_line

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def code_quality(report: Report, prefix: str) -> str:
    """Return the findings, and what was not judged, as a JSON list.

    ``prefix`` leads from the root of the repository to that of the project.
    """
    entries = [_entry(finding, prefix) for finding in report.findings]
    return json.dumps([*entries, *(_gap(gap, prefix) for gap in report.gaps)], indent=1) + "\n"


def _gap(gap: Gap, prefix: str) -> dict[str, object]:
    text = f"incomplete: {one_line(gap.text)}"
    return {
        "description": text,
        "check_name": "incomplete",
        "fingerprint": hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32],
        "severity": "info",
        "location": {"path": prefix + gap.file or ".", "lines": {"begin": max(gap.line, 1)}},
    }


def _entry(finding: Finding, prefix: str) -> dict[str, object]:
    return {
        "description": one_line(finding.message),
        "check_name": finding.rule,
        "fingerprint": finding.fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": prefix + finding.file,
            "positions": {
                "begin": {"line": finding.line, "column": finding.column + 1},
                "end": {"line": finding.end_line, "column": finding.end_column + 1},
            },
        },
    }
