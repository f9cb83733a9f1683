"""Faults of the machine: whichever use of a file fails, and however, nothing is lost, and nothing false is said."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import shutil
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from faulty import ERRORS, failing

from appstate_lint import cli, faults

FILES = {
    "appstate-lint.toml": (
        '[[migrations]]\nname = "bridge"\naccessors = ["shop.bridge:get_bridge"]\ncomponent = "bridge"\n'
    ),
    "shop/__init__.py": "",
    "shop/bridge.py": (
        "class Bridge:\n    def send(self, text):\n        return text\n\n\n_bridge = Bridge()\n\n\n"
        "def get_bridge():\n    return _bridge\n"
    ),
    "shop/main.py": (
        "from contextlib import asynccontextmanager\n\nfrom fastapi import FastAPI\n\nfrom shop import api, other\n"
        "from shop.bridge import Bridge\n\n\n@asynccontextmanager\nasync def lifespan(app: FastAPI):\n"
        "    app.state.bridge = Bridge()\n    app.state.event_bus = Bridge()\n    yield\n\n\n"
        "app = FastAPI(lifespan=lifespan)\napp.include_router(api.router)\napp.include_router(other.router)\n"
    ),
    "shop/api.py": (
        "from fastapi import APIRouter, Request\n\nfrom shop.bridge import get_bridge\n\nrouter = APIRouter()\n\n\n"
        '@router.get("/")\nasync def index(request: Request):\n    return get_bridge().send("a")\n'
    ),
    "shop/other.py": (
        "from fastapi import APIRouter, Request\n\nfrom shop.bridge import get_bridge\n\nrouter = APIRouter()\n\n\n"
        '@router.get("/other")\nasync def other(request: Request):\n    get_bridge().send("b")\n'
        "    return request.app.state.event_buss\n"
    ),
    "tests/test_shop.py": "from shop.main import app\n\n\ndef test_it():\n    assert app\n",
}


class Done(NamedTuple):
    """What a run of the command line left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


class Place(NamedTuple):
    """A project, the folder of its cache, and one for outputs."""

    project: Path
    cache: Path
    outputs: Path

    def sources(self) -> dict[str, bytes]:
        """Return the content of all files of the project but those of our own."""
        return {
            path.relative_to(self.project).as_posix(): path.read_bytes()
            for path in sorted(self.project.rglob("*"))
            if path.is_file() and path.suffix in (".py", ".toml")
        }

    def run(self, *words: str) -> Done:
        """Run a command in this process; every word with braces is filled in."""
        filled = [word.format(project=self.project, cache=self.cache, outputs=self.outputs) for word in words]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.run(filled)
        return Done(code, out.getvalue(), err.getvalue())

    def again(self) -> None:
        """Make all as it was at first."""
        for folder in self:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        for name, text in FILES.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    found = Place(tmp_path / "project", tmp_path / "cache", tmp_path / "outputs")
    found.again()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(faults, "END_IT", False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield found
        gc.collect()


CHECK = ("check", "{project}", "--cache-dir", "{cache}", "--jobs", "1", "--output-format", "json")
PLAIN = ("check", "{project}", "--no-cache", "--output-format", "json")


class Command(NamedTuple):
    """A command of which each use of a file fails in turn: its words, and those that come before it, undisturbed."""

    words: Sequence[str]
    before: Sequence[str] = ()
    changes: bool = False


COMMANDS = {
    "cold check": Command(CHECK),
    "warm check": Command(CHECK, CHECK),
    "check without a cache": Command(PLAIN),
    "check with an output": Command((*CHECK, "--output", "sarif={outputs}/report.sarif")),
    "baseline write": Command(("baseline", "write", "{project}", "--cache-dir", "{cache}", "--jobs", "1"), CHECK),
    "check --fix": Command((*CHECK, "--fix", "--allow-dirty"), changes=True),
    "migrate apply": Command(("migrate", "apply", "bridge", "{project}", "--allow-dirty"), changes=True),
}


def told(out: str) -> object:
    """Return what a report in JSON says, but the counts of files."""
    page = json.loads(out)
    del page["coverage"]["files"]
    return page


class Expected(NamedTuple):
    """What there is without a fault: what the command leaves of the sources, a report of them, how often it uses files.

    ``first`` is the report of the sources as they were.
    """

    sources: dict[str, bytes]
    report: object
    uses: int
    first: object


def undisturbed(place: Place, command: Command) -> Expected:
    """Run a command on a machine that works."""
    place.again()
    first = told(place.run(*PLAIN).out)
    if command.before:
        place.run(*command.before)
    with failing(*place) as machine:
        done = place.run(*command.words)
    assert done.code in (0, 1), done.err
    return Expected(place.sources(), told(done.out) if "json" in command.words else None, machine.used, first)


def disturbed(place: Place, command: Command, expected: Expected, at: int, error: int, for_good: bool) -> None:
    """Run a command on a machine that fails at one use of a file; then look what it left."""
    place.again()
    before = place.sources()
    if command.before:
        place.run(*command.before)
    with failing(*place, fails_at=at, error=error, for_good=for_good) as machine:
        done = place.run(*command.words)
    case = f"{machine.failed[:1]}, then {len(machine.failed) - 1} more: {done.code} {done.err}"
    assert done.code in (0, 1, 2), case
    assert "Traceback" not in done.err and "internal error" not in done.err, case
    if done.code == 2:
        assert any(line.startswith("appstate-lint: ") for line in done.err.splitlines()), case
    now = place.sources()
    if done.code < 2 and expected.report is not None:
        right = expected.report if now == expected.sources else expected.first
        assert json.loads(done.out)["incomplete"] or told(done.out) == right, case
    if not command.changes:
        assert now == before, case
    elif for_good:
        assert all(now[name] in (before[name], expected.sources[name]) for name in before), case
    elif now not in (before, expected.sources):  # the rest was not looked at, and that is said
        assert all(now[name] in (before[name], expected.sources[name]) for name in before), case
        assert done.code == 0 and "left: " in done.err, case
    else:
        assert done.code != 2 or now == before or "renamed: " in done.err, case
    for report in place.outputs.iterdir():
        assert report.suffix != ".sarif" or json.loads(report.read_text(encoding="utf-8")), case
        assert for_good or report.suffix == ".sarif", case
    assert told(place.run(*CHECK).out) == told(place.run(*PLAIN).out), case


@pytest.mark.parametrize("name", COMMANDS)
def test_a_fault_now_and_then(name: str, place: Place) -> None:
    expected = undisturbed(place, COMMANDS[name])
    assert expected.uses > 20
    for number, at in enumerate(range(1, expected.uses + 1, 7)):
        disturbed(place, COMMANDS[name], expected, at, ERRORS[number % 3], for_good=number % 2 == 1)


@pytest.mark.whole
@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_fault_at_every_use(name: str, error: int, for_good: bool, place: Place) -> None:
    expected = undisturbed(place, COMMANDS[name])
    for at in range(1, expected.uses + 1):
        disturbed(place, COMMANDS[name], expected, at, error, for_good)
