"""The benchmarks measure what they say: the generator's trees are the same each time, and the table has its rows."""

from __future__ import annotations

import ast
import random
import subprocess
import sys
from pathlib import Path

from appstate_lint import engine
from appstate_lint.config import Settings
from benchmarks.edits import EDITS, Tree, edited
from benchmarks.generate import generate
from benchmarks.verifying import compared

ROOT = Path(__file__).parent.parent


def texts(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in sorted(root.rglob("*.py"))}


def test_one_seed_gives_one_tree(tmp_path: Path) -> None:
    lines = generate(tmp_path / "one", 4000)
    generate(tmp_path / "two", 4000)
    generate(tmp_path / "other", 4000, seed=2)
    one = texts(tmp_path / "one")
    assert one == texts(tmp_path / "two") != texts(tmp_path / "other")
    assert 3500 < lines == sum(text.count("\n") for text in one.values()) < 5500
    nodes = sum(1 for text in one.values() for _ in ast.walk(ast.parse(text)))
    assert 3 < nodes / lines < 5


def test_a_tree_is_a_service_without_faults(tmp_path: Path) -> None:
    generate(tmp_path, 4000)
    report = engine.analyze(tmp_path, Settings())
    assert [each.name for each in report.applications] == ["service0.main:app"]
    assert report.findings == ()
    assert report.coverage.reads.proved > 20
    assert report.coverage.files.parsed < report.coverage.files.seen


def test_the_table_has_a_row_for_each_scenario(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--lines", "600", "--runs", "1", "--only", "warm", "--no-pylint"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    rows = [line.split(" | ")[0].removeprefix("| ") for line in done.stdout.splitlines() if line.startswith("| ")]
    assert rows == ["what", "floor: ast.parse of every file", "warm, nothing changed", "warm, one file changed"]


def test_findings_are_compared(tmp_path: Path) -> None:
    generate(tmp_path / "tree", 600)
    done = list(compared(tmp_path / "tree", tmp_path / "cache", 2, seed=1))
    assert [len(each.edits) > 0 for each in done] == [False, True, True]
    assert done[0].applications == 1 and not any(each.differing for each in done)


def test_every_edit_is_made_and_all_can_be_undone(tmp_path: Path) -> None:
    generate(tmp_path, 600)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", "utf-8")
    before = contents(tmp_path)
    tree = Tree(tmp_path, random.Random(1), {})
    done = {edited(tree).partition(":")[0] for _ in range(300)}
    assert done == EDITS.keys()
    while tree.before:
        list(EDITS["undo all"](tree, tmp_path))
    assert contents(tmp_path) == before


def test_an_edit_changes_what_it_names(tmp_path: Path) -> None:
    generate(tmp_path, 600)
    tree = Tree(tmp_path, random.Random(2), {})
    for _ in range(100):
        before, times = contents(tmp_path), {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.py")}
        name, _, files = edited(tree).partition(": ")
        after = contents(tmp_path)
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        if name == "change the time":
            assert not changed and (tmp_path / files).stat().st_mtime_ns != times[tmp_path / files]
        else:
            assert changed and changed <= set(files.split(", ")), name


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
