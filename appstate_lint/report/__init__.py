"""findings → text: the last arrow of the river. It decides nothing and reads no file.

``Format`` names what the doors can print; ``findings_text`` and ``accesses_text`` choose the writer.
"""

from __future__ import annotations

import enum

from appstate_lint.model import Access, Report
from appstate_lint.report import json, story, text
from appstate_lint.report.text import Lines


class Format(str, enum.Enum):
    """The forms of a report."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"


def findings_text(report: Report, form: Format, *, lines: Lines, color: bool) -> str:
    """Return the findings of ``report`` in ``form``; ``lines`` gives the source lines of a file for code frames."""
    if form is Format.JSON:
        return json.findings_json(report)
    if form is Format.CONCISE:
        return text.styled(text.concise(report.findings), color=color)
    return text.styled(text.full(report.findings, lines), color=color)


def accesses_text(accesses: tuple[Access, ...], form: Format, *, color: bool) -> str:
    """Return ``accesses`` in ``form``: one JSON object, or a line each."""
    if form is Format.JSON:
        return json.accesses_json(accesses)
    return text.styled(text.access_lines(accesses), color=color)


def timeline_text(report: Report, component: str | None, form: Format, *, color: bool) -> str:
    """Return the stories of ``report`` in ``form``, of all components or of one."""
    if form is Format.JSON:
        return json.timeline_json(report, component)
    return text.styled(story.story_lines(report, component), color=color)


__all__ = ["Format", "Lines", "accesses_text", "findings_text", "timeline_text"]
