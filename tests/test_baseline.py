"""The baseline: only what is new is reported, what is fixed is stale, and edits elsewhere leave it valid."""

from __future__ import annotations

import ast
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import commands
import msgspec
import pages
import pytest
from commands import Run

from appstate_lint import baseline, config, engine
from appstate_lint.choices import Accepted, Baseline
from appstate_lint.config import ConfigErrors, Settings
from appstate_lint.files import rules_folder
from appstate_lint.model import Confidence, Finding, Severity

FAULTY = """\
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/events")
async def events(request: Request):
    return request.app.state.bus


@app.get("/orders")
async def orders(request: Request):
    return request.app.state.db
"""
FIXED = FAULTY.replace("app = FastAPI()\n", "app = FastAPI()\napp.state.db = object()\n")
MORE = FAULTY + '\n\n@app.get("/more")\nasync def more(request: Request):\n    return request.app.state.db\n'
NAME = "appstate-baseline.txt"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return partial(commands.run, capsys)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "appstate-lint.toml").write_text("")
    (tmp_path / "shop" / "main.py").write_text(FAULTY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(root: Path) -> list[str]:
    return [line for line in (root / NAME).read_text().splitlines() if not line.startswith("#")]


def test_what_is_accepted_is_not_reported(shop: Path, run: Run) -> None:
    assert run("check").code == 1
    done = run("baseline", "write")
    assert (done.code, done.out) == (0, "")
    assert "2 findings accepted (2 new, 0 fixed)" in done.err
    done = run("check")
    assert (done.code, done.out) == (0, "")
    assert "no findings (silenced: 2 by the baseline);" in done.err
    assert "note" not in done.err
    assert run("baseline", "check").code == 0


def test_only_what_is_new_fails(shop: Path, run: Run) -> None:
    run("baseline", "write")
    (shop / "shop" / "main.py").write_text(MORE)
    for done in (run("check", "--output-format", "concise"), run("baseline", "check")):
        assert done.code == 1
        assert [line.split(" ")[0] for line in done.out.splitlines()] == ["shop/main.py:18:11:"]
    assert run("check", "--no-baseline", "--output-format", "concise").out.count("\n") == 3


def test_what_is_fixed_is_stale_and_pruned(shop: Path, run: Run) -> None:
    run("baseline", "write")
    before = lines(shop)
    (shop / "shop" / "main.py").write_text(FIXED)
    done = run("check")
    assert (done.code, done.out) == (0, "")
    assert f"note: {NAME}:3: 1 line of the baseline is stale" in done.err
    assert "note" in run("baseline", "check").err
    done = run("check", "--strict", "--output-format", "concise")
    assert done.code == 1
    assert done.out.startswith(f"{NAME}:3:0: W7850 appstate-unused-ignore ")
    assert "note" not in done.err
    assert "1 finding accepted (0 new, 1 fixed)" in run("baseline", "write").err
    assert lines(shop) == [line for line in before if " bus " in line]
    assert "note" not in run("check").err


def test_a_rule_that_is_not_looked_for_is_not_stale(shop: Path, run: Run) -> None:
    run("baseline", "write")
    assert "note" not in run("check", "--select", "W").err
    (shop / "appstate-lint.toml").write_text('ignore = ["E7802"]\n')
    done = run("check")
    assert "silenced: 2 by ignores" in done.err
    assert "note" not in done.err


def test_lines_are_sorted_and_hold_no_line_number(shop: Path, run: Run) -> None:
    route = '\n\n@app.get("/{0}")\nasync def {0}(request: Request):\n    return request.app.state.{0}_store\n'
    text = FAULTY + "".join(route.format(name) for name in ("zebras", "cats", "ants", "dogs", "bears"))
    (shop / "shop" / "main.py").write_text(text)
    run("baseline", "write")
    first = (shop / NAME).read_bytes()
    shape = r"appstate-never-initialized shop/main\.py (\w+) (?:bus|db|\1_store) [0-9a-f]{32}"
    shown = [re.fullmatch(shape, line) for line in lines(shop)]
    assert [found and found[1] for found in shown] == ["ants", "bears", "cats", "dogs", "events", "orders", "zebras"]
    (shop / "shop" / "main.py").write_text("import os\n\n\n" + text)
    run("baseline", "write")
    assert (shop / NAME).read_bytes() == first


def test_the_baseline_may_lie_elsewhere(shop: Path, run: Run) -> None:
    assert run("baseline", "write", "--baseline", "known.txt").code == 0
    assert run("check").code == 1
    assert run("check", "--baseline", "known.txt").code == 0
    (shop / "appstate-lint.toml").write_text('baseline = "known.txt"\n')
    assert run("check").code == 0
    assert run("check", "shop").code == 0
    assert not (shop / NAME).exists()


def test_it_uses_the_cache(shop: Path, run: Run) -> None:
    run("baseline", "write", "--cache-dir", "known")
    assert (shop / "known").is_dir()
    (shop / "known").rename(shop / "moved")
    run("baseline", "check", "--no-cache", "--cache-dir", "known")
    assert not (shop / "known").exists()


def test_pylint_accepts_it_too(shop: Path, run: Run) -> None:
    command = [sys.executable, "-m", "pylint", "--load-plugins=appstate_lint", "--disable=all"]
    command += ["--enable=appstate-never-initialized", "--rcfile=" + os.devnull, "shop/main.py"]
    before = subprocess.run(command, cwd=shop, capture_output=True, text=True, timeout=60)
    assert before.stdout.count("E7802") == 2
    run("baseline", "write")
    (shop / "shop" / "main.py").write_text(MORE)
    after = subprocess.run(command, cwd=shop, capture_output=True, text=True, timeout=60)
    assert re.findall(r":(\d+):\d+: E7802", after.stdout) == ["18"]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"<<<<<<< HEAD\n", f"{NAME}:1: "),
        (b"# x\n\nappstate-never-initialized shop/main.py 12\n", f"{NAME}:3: "),
        (b"\xff\xfe", f"{NAME}:1: the text is not UTF-8"),
    ],
)
def test_a_baseline_that_cannot_be_read_is_said(shop: Path, run: Run, content: bytes, place: str) -> None:
    (shop / NAME).write_bytes(content)
    done = run("check")
    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert place in done.err
    assert run("baseline", "write").code == 0
    assert run("check").code == 0


def test_a_baseline_that_is_not_there_is_said(shop: Path, run: Run) -> None:
    done = run("baseline", "check")
    assert (done.code, "has no baseline" in done.err) == (2, True)
    assert run("check", "--baseline", "known.txt").code == 2
    (shop / "appstate-lint.toml").write_text('baseline = "known.txt"\n')
    done = run("check")
    assert (done.code, "known.txt:1: there is no such baseline" in done.err) == (2, True)


def test_a_baseline_that_cannot_be_written_stays(shop: Path, run: Run) -> None:
    done = run("baseline", "write", "--baseline", "no/such/folder.txt")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    (shop / "folder").mkdir()
    done = run("baseline", "write", "--baseline", "folder")
    assert (done.code, "cannot be written" in done.err) == (2, True)


@pytest.mark.parametrize("word", ["a b", "line\nbreak", "nul\0", "日本", "#", ""])
def test_any_component_gives_one_line(tmp_path: Path, word: str) -> None:
    finding = Finding(
        *("appstate-x", "W7800", Severity.WARNING, Confidence.HIGH, f"{word}.py", 1, 0, 1, 1, word, "a:app", "serving"),
        message="",
        function=word,
        fingerprint="0" * 32,
    )
    baseline.write(tmp_path, Settings(), [finding, finding])
    assert len(lines(tmp_path)) == 1
    read = baseline.with_baseline(tmp_path, Settings()).accepted
    assert read == Baseline(NAME, (Accepted("0" * 32, "appstate-x", 2),))


def test_settings_without_a_file_accept_nothing(tmp_path: Path) -> None:
    assert baseline.with_baseline(tmp_path, Settings()) == Settings()
    (tmp_path / NAME).mkdir()
    with pytest.raises(ConfigErrors, match="cannot be read"):
        baseline.with_baseline(tmp_path, Settings())


# --- a thousand edits of unrelated lines ----------------------------------------------------------------------------

EDITS = (5, pytest.param(30, marks=pytest.mark.whole))
"""Edits of each project, one after the other: a hundred and more of all, or a thousand."""


def top_level(text: str) -> list[int]:
    """Return the lines (0-based) before which a statement of the module may be put."""
    return [
        min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]) - 1
        for node in ast.parse(text).body
    ]


def inner(text: str) -> list[tuple[int, int]]:
    """Return line (0-based) and indentation of every plain statement of a function."""
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    rows = text.split("\n")
    return [
        (node.lineno - 1, node.col_offset)
        for function in functions
        for node in function.body
        if not getattr(node, "decorator_list", []) and not rows[node.lineno - 1][: node.col_offset].strip()
    ]


def edited(text: str, chance: random.Random, number: int) -> str:
    """Return ``text`` with an edit that has nothing to do with any state."""
    rows = text.split("\n")
    kind = chance.choice(("blank", "comment", "import", "function", "statement", "unblank"))
    if kind in ("blank", "comment"):
        at = chance.randrange(len(rows))
        rows.insert(at, "" if kind == "blank" else " " * chance.randrange(9) + f"# note {number}")
    elif kind in ("import", "function") and (places := top_level(text)):
        made = [f"import json as json_{number}"]
        if kind == "function":
            made = ["", f"def total_{number}(prices):", "    return sum(prices)", ""]
        at = chance.choice(places)
        rows[at:at] = made
    elif kind == "statement" and (spots := inner(text)):
        at, indentation = chance.choice(spots)
        rows.insert(at, " " * indentation + f"count_{number} = {number}")
    elif empty := [at for at, row in enumerate(rows) if not row]:
        del rows[chance.choice(empty)]
    return "\n".join(rows)


def projects(folder: Path) -> Iterator[Path]:
    """Yield a project with findings of each rule; an edit beside a pragma is not one of unrelated lines."""
    pages_done = {"appstate-config-error"}
    for case in pages.all_cases(pages.read_pages(rules_folder())):
        with_pragmas = any("pylint:" in text for text in case.files.values())
        if case.framework == "fastapi" and case.marks and case.page not in pages_done and not with_pragmas:
            pages_done.add(case.page)
            yield case.write(folder)


@pytest.mark.parametrize("edits", EDITS)
def test_unrelated_edits_leave_it_valid(edits: int, tmp_path: Path) -> None:
    chance = random.Random(7)
    roots = list(projects(tmp_path))
    assert len(roots) > 30
    for root in roots:
        settings = config.load(root)
        found = engine.analyze(root, settings).findings
        baseline.write(root, settings, found)
        settings = baseline.with_baseline(root, settings)
        files = sorted(path for path in root.rglob("*.py") if not path.name.startswith("test"))
        for number in range(edits):
            path = chance.choice(files)
            path.write_text(edited(path.read_text(), chance, number))
            report = engine.analyze(root, settings)
            assert not report.findings, (root.name, path.read_text())
            assert not [note for note in report.notes if "stale" in note], (root.name, path.read_text())
        assert found, root.name


def test_an_edit_of_the_reader_is_seen(tmp_path: Path) -> None:
    """The property above can fail: what an edit makes new is reported, what it fixes is stale."""
    (tmp_path / "main.py").write_text(FAULTY)
    baseline.write(tmp_path, Settings(), engine.analyze(tmp_path, Settings()).findings)
    settings = baseline.with_baseline(tmp_path, Settings())
    (tmp_path / "main.py").write_text(FAULTY.replace("state.bus", "state.buses"))
    report = engine.analyze(tmp_path, settings)
    assert [finding.component for finding in report.findings] == ["buses"]
    assert [note for note in report.notes if "stale" in note]
    assert msgspec.structs.replace(report, findings=()).silenced
