"""pylint's own options with the plugin's messages, and every way in which pylint is run."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from doors import without_frameworks
from pylint.lint import PyLinter, Run
from pylint.reporters.json_reporter import JSON2Reporter

from appstate_lint import engine, register

NEVER, RACE = "appstate-never-initialized", "appstate-startup-race"

BOOT = """\
import asyncio
from contextlib import asynccontextmanager


async def report(app):
    print(app.state.clock)


@asynccontextmanager
async def lifespan(app):
    task = asyncio.create_task(report(app))
    await asyncio.sleep(0)
    app.state.clock = object()
    yield
    task.cancel()
"""
MAIN = """\
from fastapi import FastAPI, Request

from shop.boot import lifespan

app = FastAPI(lifespan=lifespan)


@app.get("/events")
async def events(request: Request):
    return request.app.state.event_bus
"""
BASIC = ["--load-plugins=appstate_lint", "--persistent=n", f"--rcfile={os.devnull}"]
OURS = [*BASIC, "--disable=all", "--enable=appstate-lint"]


class Said(NamedTuple):
    """What pylint says: the symbol, the path as it prints it, the line."""

    symbol: str
    path: str
    line: int


FAULT = Said(NEVER, "shop/main.py", 10)
RACING = Said(RACE, "shop/boot.py", 6)


def said(output: str) -> list[Said]:
    messages = [Said(each["symbol"], each["path"], each["line"]) for each in json.loads(output)["messages"]]
    return sorted(message for message in messages if message.symbol.startswith(("appstate", "useless")))


@contextmanager
def in_folder(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def pylint(folder: Path, *arguments: str) -> list[Said]:
    """Run pylint in ``folder``, in this process."""
    return said(printed(folder, *OURS, *arguments))


def printed(folder: Path, *arguments: str) -> str:
    output = io.StringIO()
    with in_folder(folder):
        Run(list(arguments), reporter=JSON2Reporter(output), exit=False)
    return output.getvalue()


def exit_code(folder: Path, *arguments: str) -> int:
    """Run pylint in ``folder`` and return what its process would exit with."""
    with in_folder(folder), pytest.raises(SystemExit) as left:
        Run([*OURS, *arguments], reporter=JSON2Reporter(io.StringIO()))
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an error that is certain, and a warning that is not."""
    monkeypatch.setattr(sys, "path", [without_frameworks(), *sys.path])
    folder = tmp_path / "project"
    (folder / "shop").mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    (folder / "shop" / "__init__.py").touch()
    (folder / "shop" / "boot.py").write_text(BOOT)
    (folder / "shop" / "main.py").write_text(MAIN)
    return folder


# --- pylint's options -----------------------------------------------------------------------------------------------


def test_errors_only_keeps_errors(root: Path) -> None:
    assert pylint(root, "shop") == [FAULT, RACING]
    assert said(printed(root, *BASIC, "--errors-only", "shop")) == [FAULT]


def test_confidence_keeps_what_is_certain(root: Path) -> None:
    assert pylint(root, "--confidence=HIGH", "shop") == [FAULT]
    assert pylint(root, "--confidence=INFERENCE", "shop") == [RACING]


def test_fail_on_makes_a_message_the_exit_code(root: Path) -> None:
    lenient = ["--fail-under=0", "shop"]
    assert exit_code(root, *lenient) == 0
    assert exit_code(root, *lenient, "--fail-on=appstate-source-none") == 0
    assert exit_code(root, *lenient, f"--fail-on={RACE}") != 0
    assert exit_code(root, *lenient, "--fail-on=E7802") != 0


@pytest.mark.parametrize("jobs", ["-j1", "-j2"])
def test_a_comment_that_silences_nothing_is_useless(root: Path, jobs: str) -> None:
    disabled = f"  # pylint: disable={NEVER}"
    (root / "shop" / "main.py").write_text(MAIN.replace("event_bus", f"event_bus{disabled}"))
    (root / "shop" / "boot.py").write_text(BOOT.replace("object()", f"object(){disabled}"))
    useless = Said("useless-suppression", "shop/boot.py", 13)
    assert pylint(root, jobs, "--enable=useless-suppression", "shop") == [RACING, useless]


def test_the_plugin_has_few_options() -> None:
    linter = PyLinter()
    register(linter)
    help_text = linter._arg_parser.format_help()
    found = set(re.findall(r"--(appstate-[a-z-]+)", help_text))
    assert found == {"appstate-config", "appstate-root", "appstate-cache-dir"}


# --- where pylint is run, and on what -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "arguments", "shown"),
    [
        (".", ["shop"], "shop/"),
        (".", ["-j2", "shop"], "shop/"),
        (".", ["shop/main.py", "shop/boot.py"], "shop/"),
        (".", ["--recursive=y", "."], "shop/"),
        ("shop", ["main.py", "boot.py"], ""),
        ("..", ["project/shop"], "project/shop/"),
        ("..", ["-j2", "project/shop/main.py", "project/shop/boot.py"], "project/shop/"),
    ],
)
def test_from_any_folder(root: Path, folder: str, arguments: list[str], shown: str) -> None:
    expected = [FAULT._replace(path=f"{shown}main.py"), RACING._replace(path=f"{shown}boot.py")]
    assert pylint(root / folder, *arguments) == expected


def test_one_file_has_its_own_findings_only(root: Path) -> None:
    assert pylint(root, "shop/main.py") == [FAULT]
    assert pylint(root, "shop/boot.py") == [RACING]


def test_a_link_stands_for_its_file(root: Path) -> None:
    (root.parent / "linked").symlink_to(root)
    assert pylint(root.parent, "linked/shop/main.py") == [FAULT._replace(path="linked/shop/main.py")]


def test_files_of_several_projects_in_one_run(root: Path) -> None:
    other = root.parent / "other"
    (other / "shop").mkdir(parents=True)
    (other / "pyproject.toml").touch()
    (other / "shop" / "main.py").write_text(MAIN.replace("from shop.boot import lifespan\n", BOOT))
    alone = root.parent / "alone.py"
    alone.write_text("from fastapi import FastAPI\n\napp = FastAPI()\nprint(app.state.x)\n")
    for jobs in ("-j1", "-j2"):
        found = pylint(root.parent, jobs, "alone.py", "other/shop/main.py", "project/shop/main.py")
        assert [(each.path, each.symbol) for each in found] == [
            ("alone.py", NEVER),
            ("other/shop/main.py", NEVER),
            ("project/shop/main.py", NEVER),
            ("other/shop/main.py", RACE),
        ]


@pytest.mark.parametrize("option", ["--appstate-root=nowhere", "--appstate-config=nowhere.toml"])
def test_an_option_that_names_nothing_is_said(root: Path, option: str) -> None:
    messages = json.loads(printed(root, *OURS, option, "-j2", "shop/main.py", "shop/boot.py"))["messages"]
    assert [(each["symbol"], each["line"]) for each in messages] == [("appstate-config-error", 1)] * 2
    assert all("nowhere" in each["message"] for each in messages)


# --- one process, many runs -----------------------------------------------------------------------------------------


def lint(*arguments: str) -> list[tuple[str, int]]:
    """Run pylint in this process, as the server of an editor does."""
    output = io.StringIO()
    Run([*OURS, "--clear-cache-post-run=y", *arguments], reporter=JSON2Reporter(output), exit=False)
    return [(each.symbol, each.line) for each in said(output.getvalue())]


def typed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8"))


@pytest.mark.parametrize("text", [MAIN, "# unsaved\n" + MAIN], ids=["as on disk", "unsaved"])
def test_another_file_is_mended_while_the_process_lives(root: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    main, boot = root / "shop" / "main.py", root / "shop" / "boot.py"
    line = text.splitlines().index("    return request.app.state.event_bus") + 1

    def seen() -> list[tuple[str, int]]:
        typed(text, monkeypatch)
        return lint("--from-stdin", str(main))

    assert seen() == [(NEVER, line)]
    boot.write_text(BOOT.replace("    yield", "    app.state.event_bus = object()\n    yield"))
    assert seen() == []
    boot.unlink()
    assert seen() != [(NEVER, line)]
    boot.write_text(BOOT)
    assert seen() == [(NEVER, line)]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("shop/new.py", NEVER),
        ("shop/new-name.py", NEVER),
        ("shop/a name.py", NEVER),
        ("Untitled-1", None),
        ("notebook.ipynb", None),
        ("../outside.py", "appstate-external-writer"),
        ("../no/such/folder/new.py", "appstate-external-writer"),
    ],
)
def test_what_is_typed_need_not_be_a_file(
    root: Path, name: str, found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no Python file has no findings, and none complains; outside the project its code is third-party code."""
    typed(MAIN, monkeypatch)
    assert lint("--from-stdin", str(root / name)) == ([(found, FAULT.line)] if found else [])


@pytest.mark.parametrize("jobs", ["-j0", "-j2"])
def test_standard_input_is_one_file_whatever_the_jobs(root: Path, jobs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    typed("# unsaved\n" + MAIN, monkeypatch)
    assert lint(jobs, "--from-stdin", str(root / "shop" / "main.py")) == [(NEVER, FAULT.line + 1)]


@pytest.mark.parametrize("jobs", ["-j1", "-j2"])
def test_a_fault_of_ours_loses_nothing_else(root: Path, monkeypatch: pytest.MonkeyPatch, jobs: str) -> None:
    """With two workers, each inherits the fault."""

    def broken(*_: object, **__: object) -> object:
        raise RecursionError("too deep")

    monkeypatch.setattr(engine, "analyze", broken)
    files = [str(root / "shop" / name) for name in ("boot.py", "main.py")]
    output = io.StringIO()
    Run([*OURS, "--enable=missing-module-docstring", jobs, *files], reporter=JSON2Reporter(output), exit=False)
    messages = json.loads(output.getvalue())["messages"]
    assert sorted((Path(each["path"]).name, each["symbol"]) for each in messages) == [
        (name, symbol)
        for name in ("boot.py", "main.py")
        for symbol in ("appstate-internal-error", "missing-module-docstring")
    ]
    assert sum("RecursionError: too deep" in each["message"] for each in messages) == 2
