"""findings → text: the last arrow of the river. It decides nothing and reads no file.

``Format`` names what the doors can print; ``findings_text`` and ``accesses_text`` choose the writer.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

from appstate_lint.model import Access, Report, Rule
from appstate_lint.report import json, story, text
from appstate_lint.report.text import Lines


class Format(str, enum.Enum):
    """The forms of a report."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"
    JUNIT = "junit"
    RDJSON = "rdjson"

    @property
    def is_lines(self) -> bool:
        """Whether reports in it may follow one another; the others are documents, of one project each."""
        return self in (Format.TEXT, Format.CONCISE, Format.GITHUB)


def findings_text(
    report: Report,
    form: Format,
    *,
    lines: Lines,
    color: bool,
    prefix: str = "",
    rules: Iterable[Rule] = (),
    pages: Mapping[str, str] | None = None,
) -> str:
    """Return the findings of ``report`` in ``form``.

    ``lines`` gives the source lines of a file for code frames. ``prefix`` leads from the root of the repository to that
    of the project, for forms that build servers read. ``rules`` and their ``pages`` (by name) are for SARIF.
    """
    if form in (Format.TEXT, Format.CONCISE):
        rows = text.concise(report.findings) if form is Format.CONCISE else text.full(report.findings, lines)
        return text.styled((*rows, *text.gap_rows(report.gaps)), color=color)
    if form is Format.JSON:
        return json.findings_json(report)
    from appstate_lint.report import github, gitlab, junit, rdjson, sarif  # not needed on most days

    if form is Format.SARIF:
        return sarif.sarif_log(report, prefix, rules, pages or {})
    if form is Format.GITHUB:
        return github.commands(report, prefix)
    if form is Format.GITLAB:
        return gitlab.code_quality(report, prefix)
    if form is Format.JUNIT:
        return junit.test_suites(report)
    return rdjson.diagnostics(report, prefix, lines)


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
