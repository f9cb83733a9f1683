"""Markdown that people edit, with boxes that tick themselves: each is known again by a mark in an HTML comment.

What people write is kept: other lines, other boxes, line ends. A mark may stand behind other text, on a line of its
own below its box, or without a box; one in a fenced block or in backticks is an example and no mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

_ITEM = re.compile(r"^\s*(?:>\s*)*(?:[-*+]|\d+[.)]) ")
_TICK = re.compile(r"^\s*(?:>\s*)*(?:[-*+]|\d+[.)]) +\[(?P<tick>[ xX])\](?= )")
_CELL = re.compile(r"\[(?P<tick>[ xX])\](?![(\[:])")
_LEAD = re.compile(r"^\s*(?:>\s*)*(?:[-*+]|\d+[.)])? *(?:\[[ xX]\] )?")
_COMMENT = re.compile(r"<!--.*?-->")
_NUMBER = re.compile(r"## \d+\. ")
_FENCE = re.compile(r"^\s*(?:>\s*)*(?P<fence>```+|~~~+)")


class Box(msgspec.Struct, frozen=True):
    """A line to tick: the heading it belongs below, its key, its mark, its text, and whether it is so."""

    heading: str
    key: str
    mark: str
    text: str
    done: bool


class Mark(msgspec.Struct, frozen=True):
    """A mark as a text has it: its key, its line, and the line and column of its tick (from 0; -1 without a box)."""

    key: str
    line: int
    box: int = -1
    column: int = -1
    ticked: bool = False


def line(box: Box) -> str:
    """Return a box as one line of Markdown."""
    return f"- [{'x' if box.done else ' '}] {' '.join(box.text.split())} {box.mark}"


def section(heading: str, boxes: Iterable[Box]) -> list[str]:
    """Return the lines of a section: its heading, and those of ``boxes`` that belong below it."""
    mine = [line(each) for each in boxes if each.heading == heading]
    return ["", heading, "", *(mine or ["Nothing to do."])]


def marks(text: str, pattern: re.Pattern[str]) -> Iterator[Mark]:
    """Yield the marks of a text: what ``pattern`` finds, with its group ``key``."""
    rows, fence = text.split("\n"), ""
    for number, row in enumerate(rows):
        found = _FENCE.match(row)
        if found is not None and (not fence or found["fence"].startswith(fence)):
            fence = "" if fence else found["fence"]
            continue
        for match in pattern.finditer(row) if not fence else ():
            if row[: match.start()].count("`") % 2 == 0 or "`" not in row[match.end() :]:
                yield _marked(rows, number, match["key"])


def _marked(rows: Sequence[str], number: int, key: str) -> Mark:
    """Return a mark with the box of the list item that it stands in."""
    top = number
    while top > 0 and not _ITEM.match(rows[top]) and rows[top].strip() and rows[top - 1].strip():
        top -= 1
    tick = _TICK.match(rows[top])
    if tick is None:
        top, tick = number, _CELL.search(rows[number])
    if tick is None:
        return Mark(key, number)
    return Mark(key, number, top, tick.start("tick"), tick["tick"] != " ")


def words(rows: Sequence[str], found: Mark) -> str:
    """Return what the lines of a text say at a mark: from its box on, without comments and tick."""
    text = " ".join(rows[found.box if found.box >= 0 else found.line : found.line + 1])
    return " ".join(_COMMENT.sub("", _LEAD.sub("", text)).split())


def updated(
    text: str, boxes: Sequence[Box], pattern: re.Pattern[str], *, others: Sequence[Box] = (), rewrite: bool = False
) -> str:
    """Return a text with its boxes as ``boxes`` are now, and new ones at the end of their sections, made if missing.

    ``pattern`` finds the marks to look after; ``others`` are boxes that it may have, but need not. A box that is
    neither is done. With ``rewrite``, lines with a box and its mark get their text anew; without, only the tick.
    """
    known = {each.key: each for each in (*others, *boxes)}
    rows, end_of_line = text.split("\n"), "\r" if "\r\n" in text else ""
    found = list(marks(text, pattern))
    for each in found:
        box = known.get(each.key)
        if each.box < 0:
            continue
        row = rows[each.box]
        tick = "x" if box is None or box.done else " "
        if each.ticked != (tick == "x"):
            row = row[: each.column] + tick + row[each.column + 1 :]
        if rewrite and box is not None and each.box == each.line and row.rstrip("\r").endswith("-->"):
            row = line(box) + end_of_line
        rows[each.box] = row
    seen = {each.key for each in found}
    new = [each for each in boxes if each.key not in seen]
    for heading in dict.fromkeys(each.heading for each in new):
        lines = [line(each) + end_of_line for each in new if each.heading == heading]
        start = next((number for number, row in enumerate(rows) if _is_heading(row, heading)), None)
        if start is None:
            blank = rows.pop() if not rows[-1] else None
            rows += [end_of_line, heading + end_of_line, end_of_line, *lines]
            rows += [blank] if blank is not None else []
            continue
        stop = next((number for number in range(start + 1, len(rows)) if rows[number].startswith("## ")), len(rows))
        inside = [number for number, row in enumerate(rows[:stop]) if number > start and pattern.search(row)]
        at = (inside[-1] if inside else start) + 1
        rows[at:at] = lines if inside else [end_of_line, *lines]
    return "\n".join(rows)


def _is_heading(row: str, heading: str) -> bool:
    """Tell whether a line is a heading: one with a number is known by it, whatever people made of its words."""
    number = _NUMBER.match(heading)
    return row.startswith(number[0]) if number else row.rstrip() == heading
