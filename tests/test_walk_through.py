"""docs/walk-through.md: its files, its commands and what they print."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pages
import pytest
from documents import DOCS, fence
from doors import environment

PAGE = "walk-through.md"
STEPS = ("4. The finding on the command line", "5. The finding in pylint")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the page."""
    (case,) = pages.cases(PAGE, (DOCS / PAGE).read_text(encoding="utf-8"))
    for file, text in case.files.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, step: str) -> subprocess.CompletedProcess[str]:
    """Run what the page says in ``step``."""
    command = ["sh", "-c", fence(PAGE, step, "sh")]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("step", STEPS)
def test_a_command_prints_what_the_page_shows(folder: Path, step: str) -> None:
    done = run(folder, step)
    assert done.stdout.startswith(fence(PAGE, step, "text")), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("main", "state.bus", "state.event_bus"), ("boot", "    yield", "    app.state.bus = object()\n    yield")],
)
def test_both_ways_to_mend_it_do(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / "shop" / f"{file}.py"
    path.write_text(path.read_text().replace(old, new))
    checked, linted = (run(folder, step) for step in STEPS)
    assert (checked.returncode, checked.stdout) == (0, "")
    assert "E7802" not in linted.stdout
    assert "Your code has been rated" in linted.stdout
