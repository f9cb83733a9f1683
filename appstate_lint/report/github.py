"""Workflow commands of GitHub Actions: each line printed becomes an annotation of the file in the pull request.

Format: https://docs.github.com/actions/reference/workflow-commands-for-github-actions. Columns are 1-based there, and
allowed only where the annotation ends on the line where it begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from appstate_lint.model import Finding, Gap, Report, Severity
from appstate_lint.report.text import one_line, visible

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_IN_MESSAGES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = {**_IN_MESSAGES, ":": "%3A", ",": "%2C"}


def commands(report: Report, prefix: str) -> str:
    """Return a workflow command for each finding, and each thing that was not judged.

    ``prefix`` leads from the root of the repository to that of the project.
    """
    lines = (*(_command(finding, prefix) for finding in report.findings), *(_gap(gap, prefix) for gap in report.gaps))
    return "".join(f"{line}\n" for line in lines)


def _command(finding: Finding, prefix: str) -> str:
    properties: dict[str, object] = {
        "title": f"{finding.code} {finding.rule}",
        "file": prefix + finding.file,
        "line": finding.line,
        "endLine": finding.end_line,
    }
    if finding.line == finding.end_line:
        properties |= {"col": finding.column + 1, "endColumn": finding.end_column + 1}
    return _line(_COMMANDS[finding.severity], properties, "\n".join(_lines(finding)))


def _gap(gap: Gap, prefix: str) -> str:
    place: dict[str, object] = {"file": prefix + gap.file, "line": gap.line} if gap.file else {}
    return _line("warning", {"title": "appstate-lint: incomplete", **place}, f"incomplete: {one_line(gap.text)}")


def _line(command: str, properties: Mapping[str, object], message: str) -> str:
    given = ",".join(f"{name}={_escaped(str(value), _IN_PROPERTIES)}" for name, value in properties.items())
    return f"::{command} {given}::{_escaped(message, _IN_MESSAGES)}"


def _lines(finding: Finding) -> Iterator[str]:
    yield one_line(finding.message)
    for number, step in enumerate(finding.trace, 1):
        yield f"{number}. {step.phase} {step.file}:{step.line} {one_line(step.text)}"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(character) or visible(character) for character in text)
