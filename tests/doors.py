"""The doors of the linter: each takes projects on disk and gives what it finds there, in one form."""

from __future__ import annotations

import atexit
import contextlib
import functools
import io
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pages
import pytest
from pages import Case
from pylint.lint import Run
from pylint.reporters.json_reporter import JSON2Reporter

from appstate_lint import cli, config, engine, source
from appstate_lint.checks import RULES
from appstate_lint.model import Severity

CONFIG_ERROR = "appstate-config-error"
SEVERITIES = {rule.name: rule.severity for rule in RULES}
CODES = ",".join(rule.code for rule in RULES)


class Hit(NamedTuple):
    """A finding as every door must give it."""

    rule: str
    file: str
    line: int
    column: int


Hits = frozenset[Hit]


def compared(case: Case, hits: Iterable[Hit]) -> Hits:
    """Return the hits that count for ``case``: information only where it is marked or the page is about that rule."""
    wanted = {mark.rule for mark in case.marks} | {case.page}
    return frozenset(hit for hit in hits if SEVERITIES[hit.rule] is not Severity.INFO or hit.rule in wanted)


def in_python(hits: Hits) -> Hits:
    """Return the hits that an editor can show: not those in the configuration."""
    return frozenset(hit for hit in hits if not hit.file.endswith(".toml"))


# --- one door each -------------------------------------------------------------------------------------------------


def engine_hits(root: Path) -> Iterator[Hit]:
    try:
        report = engine.analyze(root, config.load(root, None))
    except config.ConfigErrors as errors:
        for error in errors.errors:
            yield Hit(CONFIG_ERROR, pages.CONFIGURATION, error.line, 0)
    else:
        for finding in report.findings:
            yield Hit(finding.rule, finding.file, finding.line, finding.column)


def command_hits(root: Path) -> Iterator[Hit]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run(["check", str(root), "--output-format", "json", "--select", CODES])
    if code == cli.FAILED:
        problems = err.getvalue().splitlines()
        places = [re.search(r"appstate-lint\.toml:(\d+)", problem) for problem in problems]
        assert problems
        assert all(places), problems
        yield from (Hit(CONFIG_ERROR, pages.CONFIGURATION, int(place[1]), 0) for place in places if place)
    else:
        for finding in json.loads(out.getvalue())["findings"]:
            yield Hit(finding["rule"], finding["file"], finding["line"], finding["column"])


INSTALLED = ("aiohttp", "fastapi", "flask", "httpx", "litestar", "pydantic", "quart", "sanic", "starlette", "uvicorn")
"""What the tests of this project install, and a linter's environment seldom has."""


@functools.cache
def without_frameworks() -> str:
    """Return a folder that hides the frameworks behind empty modules: pylint itself takes a second to read them."""
    folder = tempfile.mkdtemp(prefix="without-frameworks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in INSTALLED:
        Path(folder, f"{name}.py").touch()
    return folder


def environment() -> Mapping[str, str]:
    """Return the environment of a linter that is installed beside this one, without the frameworks."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "PYTHONPATH": without_frameworks()}


PYLINT_OPTIONS = [
    "--load-plugins=appstate_lint",
    "--rcfile=" + os.devnull,
    "--disable=all",
    "--persistent=n",
    "--enable=" + ",".join(rule.name for rule in RULES),
]


def pylint_hits(output: str, tree: Path) -> dict[str, set[Hit]]:
    """Return what pylint's json2 ``output`` says, by the name of the case's folder in ``tree``."""
    hits: dict[str, set[Hit]] = {}
    for message in json.loads(output)["messages"]:
        if message["symbol"] not in SEVERITIES:
            continue  # that a file cannot be parsed, pylint says whatever is disabled
        path = Path(message["absolutePath"]).resolve().relative_to(tree.resolve())
        file = Path(*path.parts[1:]).as_posix()
        found = hits.setdefault(path.parts[0], set())
        found.add(Hit(message["symbol"], file, message["line"], message["column"]))
    return hits


def run_pylint(
    tree: Path, files: Iterable[str], *options: str, cwd: Path | None = None, program: Sequence[str] = ("-m", "pylint")
) -> Mapping[str, set[Hit]]:
    """Run pylint once over ``files``, given relative to ``tree``, from the folder ``cwd`` (default: ``tree``)."""
    shown = [file if cwd is None else str(tree / file) for file in files]
    command = [sys.executable, *program, *PYLINT_OPTIONS, "--output-format=json2", *options, *shown]
    done = subprocess.run(command, cwd=cwd or tree, env=environment(), capture_output=True, text=True, timeout=300)
    assert done.stdout, done.stderr
    return pylint_hits(done.stdout, tree)


def stdin_hits(tree: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> set[Hit]:
    """Lint the text of ``path`` from standard input while the disk holds an older one: its first half."""
    content = path.read_bytes()
    text = source.decode(content)
    lines = content.splitlines(keepends=True)
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))
    monkeypatch.setattr(sys, "path", [without_frameworks(), *dict.fromkeys(sys.path)])
    path.write_bytes(b"".join(lines[: len(lines) // 2]))
    try:
        Run([*PYLINT_OPTIONS, "--from-stdin", str(path)], reporter=JSON2Reporter(output), exit=False)
    finally:
        path.write_bytes(content)
    found = pylint_hits(output.getvalue(), tree)
    return set().union(*found.values())


def python_files(cases: Iterable[Case]) -> list[str]:
    """Return the Python files of ``cases``, relative to the tree that holds them."""
    return sorted(f"{case.name}/{file}" for case in cases for file in case.files if file.endswith(".py"))
