"""The report for people: a header, a code frame, the trace and the further places of each finding.

The layout is made of spans (text and style), so that plain and colored output cannot differ in their words; rich is
imported only for color. Lines are shown 1-based, columns 0-based, as in every door.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from appstate_lint.model import (
    Access,
    FileCounts,
    Finding,
    Gap,
    Place,
    Report,
    Severity,
    Silence,
    Silenced,
    severity_of,
)

Lines = Callable[[str], Sequence[str]]
"""Gives the lines of a file of the project, without line ends; empty when it cannot be read."""

_TAB = 4
_WIDEST = 160
_BEFORE = 60
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}


class Span(NamedTuple):
    """A stretch of one output line in one style (a rich style; empty is plain)."""

    text: str
    style: str = ""


Row = tuple[Span, ...]
"""One output line."""


def styled(rows: Iterable[Row], *, color: bool) -> str:
    """Return ``rows`` as text, a newline after each, with ANSI colors if ``color``."""
    if not color:
        return "".join("".join(visible(span.text) for span in row) + "\n" for row in rows)
    from rich.console import Console
    from rich.text import Text

    page = io.StringIO()
    console = Console(
        file=page, force_terminal=True, color_system="standard", no_color=False, legacy_windows=False, highlight=False
    )
    for row in rows:
        line = Text.assemble(*((visible(span.text), span.style) for span in row))
        console.print(line, soft_wrap=True, markup=False, emoji=False)
    return page.getvalue()


def concise(findings: Iterable[Finding]) -> Iterator[Row]:
    """Yield one line a finding."""
    yield from map(_header, findings)


def full(findings: Iterable[Finding], lines: Lines) -> Iterator[Row]:
    """Yield every finding with its code frame, trace and further places, a blank line after each."""
    for finding in findings:
        yield _header(finding)
        yield from _frames(finding, lines)
        yield from _trace(finding)
        for related in finding.related:
            yield (Span("  also: "), Span(f"{related.file}:{related.line}", "cyan"), Span(f"  {related.text}"))
        if finding.assumptions:
            yield (Span(f"  assumed: {', '.join(finding.assumptions)}", "dim"),)
        yield (Span(f"  see: appstate-lint explain {finding.rule}", "dim"),)
        yield ()


def gap_rows(gaps: Iterable[Gap]) -> Iterator[Row]:
    """Yield one line for each thing that was not judged."""
    for gap in gaps:
        yield (Span("incomplete: ", "bold yellow"), Span(one_line(gap.text)))


def access_lines(accesses: Iterable[Access]) -> Iterator[Row]:
    """Yield one line an access: place, kind, component, phases, presence, application and function."""
    for access in accesses:
        phases = "/".join(phase.value for phase in access.phases or (access.phase,))
        if access.named_phase:
            phases += f" ({access.named_phase})"
        words = [phases, "|".join(access.presence) or "-", access.application or "-", access.function or "-"]
        yield (
            Span(f"{access.file}:{access.line}:{access.column}: ", "cyan"),
            Span(f"{access.kind.value} "),
            Span(access.component, "bold"),
            Span("  " + "  ".join(words) + ("  conditional" if access.conditional else "")),
        )


def summary(report: Report) -> tuple[str, ...]:
    """Return the lines that close a check: what was found, what was seen, what could not be decided.

    That something was not judged is said, and not what: forms that are lines hold that themselves.
    """
    files, reads = report.coverage.files, report.coverage.reads
    counts = (
        _findings_count(report.findings) + _silenced_count(report.silenced) + (", incomplete" if report.gaps else ""),
        f"{_count(files.seen, 'file')} seen, {files.parsed} parsed{_cached(files)}",
        _applications(report),
        f"reads: {reads.proved} proved, {reads.flagged} flagged, {reads.unknown} unknown, {reads.unreached} unreached",
    )
    rows = ["; ".join(counts)]
    if not report.applications:
        rows.append(
            "no application was found, so nothing can be said of its state; if there is one, name it: "
            'applications = ["package.module:variable"] in appstate-lint.toml, '
            "or under [tool.appstate-lint] in pyproject.toml"
        )
    return (*map(visible, rows), *_notes(report))


def unjudged(report: Report) -> tuple[str, ...]:
    """Return a line for each thing that was not judged."""
    return tuple(f"incomplete: {one_line(gap.text)}" for gap in report.gaps)


def remarks(report: Report) -> tuple[str, ...]:
    """Return a line for each thing that was not judged, and for each note."""
    return (*unjudged(report), *_notes(report))


def _notes(report: Report) -> tuple[str, ...]:
    return tuple(visible(f"note: {note}") for note in report.notes)


def _cached(files: FileCounts) -> str:
    return f", {files.cached} known from the cache" if files.cached else ""


def visible(text: str) -> str:
    """Return ``text`` with every control character replaced, so that linted code cannot steer the terminal."""
    if text.isprintable():
        return text
    return "".join(map(_visible_character, text))


def one_line(text: str) -> str:
    """Return ``text`` on one line, its control characters replaced, for formats that hold messages."""
    return visible(" ".join(text.split()))


def frame_line(line: str, start: int, end: int) -> tuple[str, str]:
    """Return ``line`` as a terminal shows it, and the carets under its characters ``start`` to ``end``.

    Tabs are expanded, wide characters take two cells and combining ones none; a very long line is cut around ``start``.
    """
    if len(line) > _WIDEST:
        first = max(0, start - _BEFORE)
        line, start, end = line[first : first + _WIDEST], start - first, end - first
    shown, offsets = _laid_out(line)
    start, end = min(start, len(line)), min(end, len(line))
    return shown, " " * offsets[start] + "^" * max(1, offsets[end] - offsets[start])


def _header(finding: Finding) -> Row:
    """Return the first line; the severity is said where it is not that of the code's letter."""
    weighed = "" if finding.severity is severity_of(finding.code) else f" ({finding.severity.value})"
    return (
        Span(f"{finding.file}:{finding.line}:{finding.column}: ", "bold"),
        Span(finding.code, _STYLES[finding.severity]),
        Span(f" {finding.rule}{weighed}  "),
        Span(" ".join(finding.message.split())),
    )


def _frames(finding: Finding, lines: Lines) -> Iterator[Row]:
    """Yield the lines of the finding, then those of the initializer, with what they do under them."""
    style = _STYLES[finding.severity]
    shown = [*_frame(finding.place, lines(finding.file), style, before=1)]
    yield from shown
    step = finding.initializer
    if step is None or step.place is None or not shown:
        return
    second = [*_frame(step.place, lines(step.file), "bold cyan", label=step.text)]
    if second:
        yield (Span("  --> ", "dim"), Span(f"{step.file}:{step.line}", "cyan"))
        yield from second


def _frame(place: Place, lines: Sequence[str], style: str, *, before: int = 0, label: str = "") -> Iterator[Row]:
    """Yield the line of ``place`` with carets under it, ``before`` it the lines above; nothing if it is not there."""
    if not 0 < place.line <= len(lines):
        return
    line = lines[place.line - 1]
    end = place.end_column if place.end_line == place.line else len(line.rstrip())
    shown, carets = frame_line(line, place.column, end)
    width = len(str(place.line))
    for number in range(max(1, place.line - before), place.line):
        above, _ = frame_line(lines[number - 1], 0, 0)
        yield (Span(f"  {number:>{width}} | ", "dim"), Span(above.rstrip()))
    yield (Span(f"  {place.line} | ", "dim"), Span(shown.rstrip()))
    yield (Span(f"  {'':{width}} | ", "dim"), Span(carets, style), Span(f" {label}" if label else ""))


def _trace(finding: Finding) -> Iterator[Row]:
    phase_width = max((len(step.phase) for step in finding.trace), default=0)
    for number, step in enumerate(finding.trace, 1):
        yield (
            Span(f"  {number}. {step.phase:<{phase_width}}  "),
            Span(f"{step.file}:{step.line}", "cyan"),
            Span(f"  {step.text}"),
        )


def _findings_count(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return "no findings"
    severities = [finding.severity for finding in findings]
    words = ((Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "remark"))
    return ", ".join(_count(severities.count(severity), word) for severity, word in words if severity in severities)


def _silenced_count(silenced: tuple[Silenced, ...]) -> str:
    """Return how many findings are silenced, and by what, in brackets; nothing if none is."""
    ways = [each.by for each in silenced]
    words = ((Silence.PRAGMA, "pragmas"), (Silence.IGNORE, "ignores"), (Silence.BASELINE, "the baseline"))
    counts = ", ".join(f"{ways.count(way)} by {word}" for way, word in words if way in ways)
    return f" (silenced: {counts})" if counts else ""


def _applications(report: Report) -> str:
    names = ", ".join(application.name for application in report.applications[:3])
    more = len(report.applications) - 3
    count = _count(len(report.applications), "application")
    return f"{count} ({names}{f' and {more} more' if more > 0 else ''})" if names else count


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _laid_out(line: str) -> tuple[str, list[int]]:
    """Return the text shown for ``line`` and the cell at which each of its characters (and its end) begins."""
    shown: list[str] = []
    offsets = [0]
    for character in line:
        at = offsets[-1]
        piece = " " * (_TAB - at % _TAB) if character == "\t" else _visible_character(character)
        shown.append(piece)
        offsets.append(at + (len(piece) if character == "\t" else _cells(piece)))
    return "".join(shown), offsets


def _visible_character(character: str) -> str:
    # Spaces of all kinds are harmless; Cf holds joiners (kept: they shape letters) and direction overrides (replaced).
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Zl", "Zp") or (category == "Cf" and character not in "\u200c\u200d"):
        return "\N{REPLACEMENT CHARACTER}"
    return character


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
