"""Same input, same bytes: a hundred runs with other orders of files, other hash seeds and other roots."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pages
import pytest
from doors import environment

from appstate_lint.frameworks import rules_folder

SEEDS, ORDERS = 10, 10
"""Processes with a hash seed each, and orders of files in each."""

RUN = """
import contextlib, hashlib, io, os, random, sys

from appstate_lint import cli

number, runs, *roots = sys.argv[1:]
scandir, order, listed = os.scandir, random.Random(), []


@contextlib.contextmanager
def shuffled(path="."):
    with scandir(path) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    order.shuffle(found)
    listed.extend(entry.name for entry in found)
    yield iter(found)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


os.scandir = shuffled
for run in range(int(runs)):
    order.seed(f"{number} {run}")
    os.chdir(roots[run % len(roots)])
    paths = sorted(os.listdir())
    order.shuffle(paths)
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        code = cli.run(["check", "--output-format=json", "--select=E,W,I", *paths])
    print(code, digest(output.getvalue()), digest(" ".join(listed)), flush=True)
    listed.clear()
print(output.getvalue())
"""


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    """The cases of all rule pages as *one* project, with dozens of modules of one name, under two roots."""
    folder = tmp_path_factory.mktemp("same")
    found = [folder / "one", folder / "another place" / "zwölf"]
    for root in found:
        for name, text in pages.read_pages(rules_folder()).items():
            for case in [case for case in pages.cases(name, text) if case.framework == "fastapi"][:2]:
                (case.write(root) / pages.CONFIGURATION).unlink()
        (root / pages.CONFIGURATION).touch()
    return found


def test_the_same_bytes_whatever_the_order(roots: Sequence[Path]) -> None:
    outcomes, orders = set(), set()
    for number in range(SEEDS):
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(number), str(ORDERS), *map(str, roots)],
            env={**environment(), "PYTHONHASHSEED": str(number)},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-1000:]
        lines = done.stdout.splitlines()
        for line in lines[:ORDERS]:
            code, output, listing = line.split()
            outcomes.add((code, output))
            orders.add(listing)
    assert len(orders) == SEEDS * ORDERS
    assert len(outcomes) == 1
    report = json.loads("\n".join(lines[ORDERS:]))
    assert len({finding["rule"] for finding in report["findings"]}) > 15
    assert len(report["applications"]) > 20
