"""The plugin under every pylint and Python that is supported: ``python -m tests.matrix`` prints a table.

Each cell is a virtual environment of its own, kept in ``.venv-matrix`` of the checkout, in which the tests of the doors
run. The extra ``pylint`` of python-lsp-server wants a pylint before 4.1: cells of such a pylint install it.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".venv-matrix"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
PYLINTS = ("3.3", "4.0", "4.1")
TESTS = tuple(
    f"tests/test_{name}.py"
    for name in ("plugin", "plugin_runs", "doors", "editors", "pragmas", "same_bytes", "walk_through")
)


class Cell(NamedTuple):
    """One pair of versions, as major.minor."""

    python: str
    pylint: str

    def __str__(self) -> str:
        return f"{self.python}/{self.pylint}"

    @property
    def requirements(self) -> tuple[str, ...]:
        """What pip installs beside the linter itself."""
        server = "python-lsp-server" if self.pylint == PYLINTS[-1] else "python-lsp-server[pylint]"
        return (f"pylint=={self.pylint}.*", server, "pytest>=8")


ALL = tuple(Cell(python, pylint) for python in PYTHONS for pylint in PYLINTS)
CORNERS = tuple(map(Cell._make, [("3.10", "3.3"), ("3.10", "4.1"), ("3.12", "4.0"), ("3.13", "3.3"), ("3.13", "4.1")]))
"""Oldest and newest of both, and the middle."""


class Outcome(NamedTuple):
    """What became of a cell: whether it passed (None: it could not run), the exact versions, and a line for people."""

    cell: Cell
    passed: bool | None
    versions: str
    said: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cells, print one row each, and return 1 if one failed or none could run."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("cells", nargs="*", metavar="PYTHON/PYLINT", help="such as 3.12/4.0; default: the corners")
    parser.add_argument("--all", action="store_true", help="run every cell")
    parser.add_argument("-k", metavar="EXPRESSION", default="", help="run only these tests (as pytest has it)")
    chosen = parser.parse_args(arguments)
    known = {str(cell): cell for cell in ALL}
    if unknown := [name for name in chosen.cells if name not in known]:
        parser.error(f"no such cell: {', '.join(unknown)}; there are {', '.join(known)}")
    cells = [known[name] for name in chosen.cells] or (ALL if chosen.all else CORNERS)
    print("| Python | pylint | | |\n|---|---|---|---|", flush=True)
    outcomes = []
    for cell in cells:
        outcome = run(cell, chosen.k)
        word = {True: "passed", False: "FAILED", None: "not run"}[outcome.passed]
        print(f"| {cell.python} | {outcome.versions or cell.pylint} | {word} | {outcome.said} |", flush=True)
        outcomes.append(outcome)
    return int(any(each.passed is False for each in outcomes) or all(each.passed is None for each in outcomes))


def run(cell: Cell, expression: str) -> Outcome:
    """Make the environment of ``cell``, unless it stands, and run the tests in it."""
    interpreter = find_python(cell.python)
    if interpreter is None:
        return Outcome(cell, None, "", f"there is no Python {cell.python} here")
    python = FOLDER / f"{cell.python}-{cell.pylint}" / "bin" / "python"
    if problem := make(cell, interpreter, python):
        return Outcome(cell, None, "", problem)
    done = call([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", expression, *TESTS], cwd=ROOT)
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or ["pytest said nothing"]
    return Outcome(cell, done.returncode == 0, version(python), "; ".join([lines[-1].strip("= "), *failed[:5]]))


def make(cell: Cell, interpreter: str, python: Path) -> str:
    """Install what ``cell`` needs; return what went wrong, if anything did."""
    folder = python.parent.parent
    stamp, wanted = folder / "requirements.txt", "\n".join(cell.requirements)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return ""
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [interpreter, "-m", "venv", folder],
        [python, "-m", "pip", "install", "-q", "-e", ROOT, *cell.requirements],
    ):
        done = call(command)
        if done.returncode:
            return f"cannot be installed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}"
    stamp.write_text(wanted, encoding="utf-8")
    return ""


def find_python(version: str) -> str | None:
    """Return an interpreter of this version (major.minor): from PATH, or one that pyenv installed."""
    on_path = shutil.which(f"python{version}")
    kept = sorted(map(str, (Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python")))
    for candidate in [*([on_path] if on_path else []), *kept]:
        done = call([candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        if done.stdout.strip() == version:
            return candidate
    return None


def version(python: Path) -> str:
    """Return the exact version of pylint in an environment."""
    return call([python, "-c", "import pylint; print(pylint.__version__)"]).stdout.strip()


def call(command: Iterable[object], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and keep what it says."""
    return subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main())
