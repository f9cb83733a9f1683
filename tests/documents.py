"""What the documentation shows, so that the tests run exactly that: the fences of a page, by heading and language."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"

_HEADING = re.compile(r"#+ (.*)")
_FENCE = re.compile(r"```(\w*)")


def fences(page: str, heading: str, language: str) -> list[str]:
    """Return the fences of ``language`` that stand right below ``heading`` of ``docs/<page>``; at least one."""
    found: list[str] = []
    here, inside = "", ""
    for line in (DOCS / page).read_text(encoding="utf-8").splitlines(keepends=True):
        edge = _FENCE.match(line)
        if inside:
            if edge:
                inside = ""
            elif (here, inside) == (heading, language):
                found[-1] += line
        elif edge:
            inside = edge[1] or "text"
            if (here, inside) == (heading, language):
                found.append("")
        elif title := _HEADING.match(line):
            here = title[1].strip()
    assert found, f"docs/{page} shows no {language} below '{heading}'"
    return found


def fence(page: str, heading: str, language: str) -> str:
    """Return the one fence of ``language`` below ``heading`` of ``docs/<page>``."""
    (only,) = fences(page, heading, language)
    return only
