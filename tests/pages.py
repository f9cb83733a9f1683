"""The cases of the rule pages and of ``cases/``: small projects in Markdown, with the findings that they must yield.

A path in backticks, alone on its line, followed by a fence, is a file. All files below one heading are one case; an
`appstate-lint.toml` is its configuration. `# [rule]` (or `# [rule, rule]`) at the end of a line expects findings
there, and none are expected elsewhere. `frameworks: fastapi starlette` at the top of a page runs each case under each
framework: cases are written for FastAPI, and translated line by line; those that need what only FastAPI has run there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

CONFIGURATION = "appstate-lint.toml"

_HEADING = re.compile(r"#{1,6}\s+(.*)")
_PATH = re.compile(r"`([\w./-]+\.(?:py|pyi|toml))`:?")
_FENCE = re.compile(r"```+")
_MARK = re.compile(r"#\s*\[([a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*)\]\s*$")
_FRAMEWORKS = re.compile(r"^frameworks:\s*(.+)$", re.MULTILINE)


class PageError(Exception):
    """A page breaks the agreement; the text names the page, the line and what to do."""


class Mark(NamedTuple):
    """A finding that a case expects: rule, file, 1-based line."""

    rule: str
    file: str
    line: int


@dataclass(frozen=True)
class Case:
    """One small project of a page, under one framework."""

    page: str
    heading: str
    line: int
    framework: str
    files: Mapping[str, str]

    @property
    def name(self) -> str:
        """A name fit for a folder, unique among all pages."""
        return f"{self.page.removeprefix('appstate-')}-{self.line}-{self.framework}"

    @property
    def marks(self) -> frozenset[Mark]:
        """The findings that the case expects."""
        return frozenset(mark for file, text in self.files.items() for mark in _marks(file, text))

    def write(self, folder: Path) -> Path:
        """Write the files of the case below ``folder`` and return its root, which an own configuration marks."""
        root = folder / self.name
        for file, text in {CONFIGURATION: "", **self.files}.items():
            path = root / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return root


def read_pages(folder: Path) -> dict[str, str]:
    """Return the text of every rule page of ``folder`` by the name of its rule."""
    pages = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    return {path.stem: path.read_text(encoding="utf-8") for path in pages}


def headings(text: str) -> list[str]:
    """Return the headings of a page (those outside fences), in order, without their number signs."""
    return [line.text for line in _lines(text) if line.kind == "heading"]


def cases(page: str, text: str) -> list[Case]:
    """Return the cases of a page, each under every framework that the page names.

    Raises ``PageError`` for marked code that is in no file, a file given twice, and a case that cannot be translated.
    """
    return [
        Case(page, heading, line, framework, {file: _under(framework, body, page) for file, body in files.items()})
        for heading, line, files in _projects(page, text)
        for framework in frameworks(text)
        if framework == "fastapi" or not any(map(_ONLY_FASTAPI.search, files.values()))
    ]


def frameworks(text: str) -> list[str]:
    """Return the frameworks of a page; cases of a page that names none run as they are written."""
    top = text.split("\n## ", 1)[0]
    named = _FRAMEWORKS.search(top)
    return named[1].split() if named else ["fastapi"]


class _Line(NamedTuple):
    number: int
    kind: str
    text: str


def _lines(text: str) -> Iterator[_Line]:
    """Yield the lines of a page by kind: heading, prose, fence (its edges) and code."""
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        edge = _FENCE.match(line)
        if fence:
            closes = edge is not None and line.strip() == fence
            yield _Line(number, "fence" if closes else "code", line)
            fence = "" if closes else fence
        elif edge:
            fence = edge[0]
            yield _Line(number, "fence", line)
        elif heading := _HEADING.fullmatch(line):
            yield _Line(number, "heading", heading[1].strip())
        else:
            yield _Line(number, "prose", line)


def _projects(page: str, text: str) -> Iterator[tuple[str, int, dict[str, str]]]:
    """Yield heading, its line and the files below it, for every heading with at least one Python file."""
    heading, at, files = "", 0, dict[str, str]()
    path, body, inside = "", list[str](), False
    for line in [*_lines(text), _Line(0, "heading", "")]:
        if line.kind == "heading":
            if any(file.endswith(".py") for file in files):
                yield heading, at, files
            heading, at, files, path = line.text, line.number, {}, ""
        elif line.kind == "prose" and line.text.strip():
            named = _PATH.fullmatch(line.text.strip())
            path = named[1] if named else ""
        elif line.kind == "code":
            body.append(line.text)
        elif line.kind == "fence":
            inside = not inside
            if inside:
                body = []
                continue
            _accept(page, line.number, path, body, files)
            path = ""


def _accept(page: str, number: int, path: str, body: list[str], files: dict[str, str]) -> None:
    if not path:
        if any(_MARK.search(line) for line in body):
            raise PageError(f"{page}.md:{number}: marked code without a path in backticks on the line above it")
        return
    if path in files:
        raise PageError(f"{page}.md:{number}: {path} is given twice; give the second case a heading of its own")
    files[path] = "".join(line + "\n" for line in body)


def _marks(file: str, text: str) -> Iterator[Mark]:
    for number, line in enumerate(text.split("\n"), 1):
        if mark := _MARK.search(line):
            for rule in mark[1].split(","):
                yield Mark(rule.strip(), file, number)


# --- translation from FastAPI ---------------------------------------------------------------------------------------

_STARLETTE_HOMES = {
    "FastAPI": "starlette.applications import Starlette",
    "Request": "starlette.requests import Request",
    "WebSocket": "starlette.websockets import WebSocket",
    "BackgroundTasks": "starlette.background import BackgroundTasks",
}
_ONLY_FASTAPI = re.compile(r"^from fastapi import .*\b(APIRouter|Depends)\b|\badd_api_|\.fastapi\b", re.MULTILINE)
_IMPORT = re.compile(r"^(\s*)from fastapi import ([\w, ]+)$", re.MULTILINE)
_ROUTE = re.compile(r"^@(\w+)\.(get|post|put|delete|websocket)\((\"[^\"]*\")\)\n((?:async )?def (\w+))", re.MULTILINE)


def _under(framework: str, body: str, page: str) -> str:
    if framework == "fastapi":
        return body
    if framework == "starlette":
        return _starlette(body, page)
    raise PageError(f"{page}.md: no translation to the framework {framework}; add one, or take it out of the list")


def _starlette(body: str, page: str) -> str:
    """Return FastAPI code as Starlette code of the same lines; route decorators become calls at the end."""
    routes = [_add_route(*found) for found in _ROUTE.findall(body)]
    body = _ROUTE.sub(r"\n\4", body)
    body = _IMPORT.sub(lambda found: found[1] + _imports(found[2], page), body)
    body = re.sub(r"\bFastAPI\b", "Starlette", body)
    if left := re.search(r"\bfastapi\b|^\s*@\w+\.(get|post|put|patch|delete|websocket)\(.*", body, re.MULTILINE):
        raise PageError(f"{page}.md: cannot translate {left[0].strip()!r} to Starlette")
    return body + "".join(routes)


def _imports(names: str, page: str) -> str:
    wanted = [name.strip() for name in names.split(",")]
    if unknown := [name for name in wanted if name not in _STARLETTE_HOMES]:
        raise PageError(f"{page}.md: Starlette has no {', '.join(unknown)}")
    return "; ".join(f"from {_STARLETTE_HOMES[name]}" for name in wanted)


def _add_route(holder: str, verb: str, path: str, _definition: str, function: str) -> str:
    if verb == "websocket":
        return f"{holder}.add_websocket_route({path}, {function})\n"
    return f'{holder}.add_route({path}, {function}, methods=["{verb.upper()}"])\n'


def all_cases(pages: Mapping[str, str]) -> Iterable[Case]:
    """Return the cases of all ``pages`` (page name → text)."""
    return [case for name, text in pages.items() for case in cases(name, text)]
