"""No false all-clear: what was not judged is said in every form, and under ``strict`` the exit code is never 0."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import commands
import jsonschema
import pytest
import xmlschema
from commands import Run

from appstate_lint import checks, faults
from appstate_lint.report import Format
from appstate_lint.timeline import functions, life

SCHEMAS = Path(__file__).parent / "schemas"
MAIN = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


def third(app):
    app.state.pool = 1


def second(app):
    third(app)


@asynccontextmanager
async def lifespan(app):
    second(app)
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def read(request: Request):
    return request.app.state.pool
"""
BEHIND = """

@app.get("/other")
async def other(request: Request):
    if getattr(request.app.state, "pool", None) is not None:
        return 1
    return request.app.state.registry
"""
BROKEN = "def broken(:\n    app.state.pool = 2\n"
OUTSIDE = "def unused(app):\n    app.state.pool = 1\n    third(app)\n\n\ndef third(app):\n    app.state.pool = 2\n"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return partial(commands.run, capsys)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which nothing is wrong."""
    (tmp_path / "appstate-lint.toml").touch()
    (tmp_path / "main.py").write_text(MAIN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(faults, "END_IT", False)
    return tmp_path


def fails(*_: object) -> list[object]:
    raise MemoryError("injected")


def a_file_that_cannot_be_parsed(shop: Path, _: pytest.MonkeyPatch) -> str:
    (shop / "broken.py").write_text(BROKEN)
    return "broken.py could not be parsed"


def a_test_that_cannot_be_parsed(shop: Path, _: pytest.MonkeyPatch) -> str:
    (shop / "test_broken.py").write_text(BROKEN)
    return "test_broken.py could not be parsed"


def a_file_too_deep(shop: Path, _: pytest.MonkeyPatch) -> str:
    (shop / "deep.py").write_text("app.state.pool = " + "(" * 50_000 + "1" + ")" * 50_000)
    return "deep.py could not be parsed"


def a_folder_that_cannot_be_read(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (shop / "secret").mkdir()
    scan = os.scandir

    def refused(path: str) -> os.ScandirIterator[str]:
        if str(path).endswith("secret"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refused)  # the tests may run as one who reads everything
    return "secret cannot be read (Permission denied)"


def an_application_beyond_the_budget(_: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(functions, "MOST_CALLS", 1)
    return "main:app: the analysis was cut short by its budget"


def an_application_too_deep(_: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(functions, "MOST_DEPTH", 1)
    return "main:app: the analysis was cut short by its budget"


def other_code_beyond_the_budget(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (shop / "outside.py").write_text(OUTSIDE)
    without_budget(monkeypatch)
    return "code that no application reaches: the analysis was cut short by its budget"


def code_that_nothing_comes_to_beyond_the_budget(shop: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (shop / "main.py").write_text(MAIN + BEHIND)
    without_budget(monkeypatch)
    return "accesses on ways that nothing takes: the analysis was cut short by its budget"


def without_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave code that is run on its own no calls."""
    sweep = life.Sweep.sweep

    def cut(self: life.Sweep, *code: object) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(functions, "MOST_CALLS", -1)
            sweep(self, *code)  # type: ignore[arg-type]

    monkeypatch.setattr(life.Sweep, "sweep", cut)


def a_fault_in_an_application(_: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(life.Life, "run_all", fails)
    return "main:<module>: the linter itself failed (MemoryError"


def a_fault_in_a_rule(_: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    rule = checks.CHECKS[0][0]
    monkeypatch.setattr(checks, "CHECKS", ((rule, fails), *checks.CHECKS[1:]))
    return f"{rule.name}: the linter itself failed (MemoryError"


Cause = Callable[[Path, pytest.MonkeyPatch], str]
CAUSES: tuple[Cause, ...] = (
    a_file_that_cannot_be_parsed,
    a_test_that_cannot_be_parsed,
    a_file_too_deep,
    a_folder_that_cannot_be_read,
    an_application_beyond_the_budget,
    an_application_too_deep,
    other_code_beyond_the_budget,
    code_that_nothing_comes_to_beyond_the_budget,
    a_fault_in_an_application,
    a_fault_in_a_rule,
)
OURS = (a_fault_in_an_application, a_fault_in_a_rule)
"""The causes that are faults of the linter: they are findings, too."""


def reasons(text: str, form: Format) -> list[str]:
    """Return what a report in a form says was not judged; the form is checked against the schema of its readers."""
    if form in (Format.TEXT, Format.CONCISE):
        return [line for line in text.splitlines() if line.startswith("incomplete: ")]
    if form is Format.GITHUB:
        head = "::warning title=appstate-lint%3A incomplete"
        return [line.rpartition("::")[2] for line in text.splitlines() if line.startswith(head)]
    if form is Format.JUNIT:
        xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd").validate(text)
        return [each.get("message", "") for each in ElementTree.fromstring(text).iter("skipped")]
    page = json.loads(text)
    if form is Format.JSON:
        assert page["incomplete"] == bool(page["gaps"])
        return [f"incomplete: {gap['text']}" for gap in page["gaps"]]
    if form is Format.SARIF:
        (invocation,) = page["runs"][0]["invocations"]
        said = invocation["toolExecutionNotifications"]
        return [each["message"]["text"] for each in said if each["level"] == "warning"]
    if form is Format.GITLAB:
        schema = json.loads((SCHEMAS / "codeclimate.json").read_text(encoding="utf-8"))
        for each in page:
            jsonschema.validate(each, schema)
        return [each["description"] for each in page if each["check_name"] == "incomplete"]
    jsonschema.validate(page, json.loads((SCHEMAS / "rdjson.json").read_text(encoding="utf-8")))
    return [each["message"] for each in page["diagnostics"] if each["code"]["value"] == "incomplete"]


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("cause", CAUSES)
def test_every_form_says_it(cause: Cause, form: Format, shop: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = cause(shop, monkeypatch)
    done = run("check", "--output-format", form.value)
    (said,) = reasons(done.out, form)
    assert said.startswith(f"incomplete: {reason}")
    assert done.code == (1 if cause in OURS else 0), done.out
    assert form is Format.JSON or ", incomplete; " in done.err
    assert reason in (done.out if form.is_lines or form is Format.JSON else done.err)


@pytest.mark.parametrize("form", Format)
def test_no_form_says_it_of_a_whole_analysis(form: Format, shop: Path, run: Run) -> None:
    done = run("check", "--output-format", form.value, "--strict")
    assert (done.code, reasons(done.out, form)) == (0, [])
    assert "incomplete" not in done.err


@pytest.mark.parametrize("options", [[], ["--exit-zero"], ["--fail-on", "error"], ["--select", "W7808"]])
@pytest.mark.parametrize("cause", CAUSES)
def test_strict_never_ends_clean(
    cause: Cause, options: list[str], shop: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    cause(shop, monkeypatch)
    for _ in ("cold", "warm"):
        done = run("check", "--strict", *options)
        assert done.code == 2
        assert done.err.splitlines()[-1].startswith("appstate-lint: incomplete, which strict does not accept: 1 thing")
    (shop / "appstate-lint.toml").write_text("strict = true\n")
    assert run("check", *options).code == 2


def test_what_is_excluded_is_no_gap(shop: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    a_file_that_cannot_be_parsed(shop, monkeypatch)
    a_folder_that_cannot_be_read(shop, monkeypatch)
    (shop / "appstate-lint.toml").write_text('exclude = ["broken.py", "secret"]\n')
    assert run("check", "--strict").code == 0


def test_what_can_be_read_again_is_no_gap_any_more(shop: Path, run: Run) -> None:
    with pytest.MonkeyPatch.context() as patch:
        a_folder_that_cannot_be_read(shop, patch)
        assert run("check", "--strict").code == 2
    assert run("check", "--strict").code == 0


def test_a_baseline_accepts_no_gap(shop: Path, run: Run) -> None:
    (shop / "broken.py").write_text(BROKEN)
    (shop / "appstate-lint.toml").write_text("strict = true\n")
    assert "incomplete: broken.py could not be parsed" in run("baseline", "write").err
    assert run("baseline", "check").code == 2
    assert run("check").code == 2


@pytest.mark.parametrize(
    "command", [["timeline"], ["contracts", "check"], ["contracts", "report"], ["baseline", "write"]]
)
def test_other_commands_say_it(command: list[str], shop: Path, run: Run) -> None:
    (shop / "broken.py").write_text(BROKEN)
    assert "incomplete: broken.py could not be parsed" in run(*command).err


def test_a_fault_is_not_remembered(shop: Path, run: Run) -> None:
    with pytest.MonkeyPatch.context() as patch:
        a_fault_in_an_application(shop, patch)
        assert run("check").code == 1
    assert run("check", "--strict").code == 0


def test_pylint_shows_a_fault(shop: Path) -> None:
    program = (
        "from appstate_lint.timeline import life\n"
        "def fails(self):\n    raise RecursionError\n"
        "life.Life.run_all = fails\n"
        "from pylint.lint import Run\n"
        "Run(['--load-plugins=appstate_lint', '--disable=all', '--enable=appstate-internal-error', 'main.py'])\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=shop, capture_output=True, text=True, timeout=120)
    assert "main.py:1:0: E7899: main:<module>: the linter itself failed (RecursionError" in done.stdout, done.stderr
