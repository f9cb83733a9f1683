"""Workflow commands of GitHub Actions: each line printed becomes an annotation of the file in the pull request.

Format: https://docs.github.com/actions/reference/workflow-commands-for-github-actions. Columns are 1-based there, and
allowed only where the annotation ends on the line where it begins.
"""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.model import Finding, Report, Severity
from appstate_lint.report.text import one_line, visible

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_IN_MESSAGES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = {**_IN_MESSAGES, ":": "%3A", ",": "%2C"}


def commands(report: Report, prefix: str) -> str:
    """Return a workflow command a finding; ``prefix`` leads from the root of the repository to that of the project."""
    return "".join(f"{_command(finding, prefix)}\n" for finding in report.findings)


def _command(finding: Finding, prefix: str) -> str:
    properties: dict[str, object] = {
        "title": f"{finding.code} {finding.rule}",
        "file": prefix + finding.file,
        "line": finding.line,
        "endLine": finding.end_line,
    }
    if finding.line == finding.end_line:
        properties |= {"col": finding.column + 1, "endColumn": finding.end_column + 1}
    given = ",".join(f"{name}={_escaped(str(value), _IN_PROPERTIES)}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {given}::{_escaped(chr(10).join(_lines(finding)), _IN_MESSAGES)}"


def _lines(finding: Finding) -> Iterator[str]:
    yield one_line(finding.message)
    for number, step in enumerate(finding.trace, 1):
        yield f"{number}. {step.phase} {step.file}:{step.line} {one_line(step.text)}"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(character) or visible(character) for character in text)
