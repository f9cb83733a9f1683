"""The benchmarks measure what they say: the generator's trees are the same each time, and the table has its rows."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from appstate_lint import engine
from appstate_lint.config import Settings
from benchmarks.generate import generate
from benchmarks.verifying import differences

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
    assert differences(tmp_path / "tree", tmp_path / "cache", 1) == []
