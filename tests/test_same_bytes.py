"""Same input, same bytes: runs with other orders of files, hash seeds, roots, caches and processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pages
import pytest
from doors import environment

from appstate_lint.files import rules_folder

SEEDS = (3, pytest.param(10, marks=pytest.mark.whole))
"""How many processes, with a hash seed each."""
ORDERS = 10
"""Orders of files in each process."""

RUN = """
import contextlib, hashlib, io, json, os, random, re, sys

from appstate_lint import cli

number, runs, folder, *roots = sys.argv[1:]
scandir, order, listed = os.scandir, random.Random(), []


class Shuffled(list):
    # What lists a directory, in an order of its own.

    def __init__(self, path="."):
        with scandir(path) as entries:
            super().__init__(sorted(entries, key=lambda entry: entry.name))
        order.shuffle(self)
        listed.extend(entry.name for entry in self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


os.scandir = Shuffled
for run in range(int(runs)):
    order.seed(f"{number} {run}")
    os.chdir(roots[run % len(roots)])
    paths = sorted(os.listdir())
    order.shuffle(paths)
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        stored = ["--no-cache"] if run % 3 == 0 else [f"--cache-dir={folder}/{number}"]
        options = ["--output-format=json", "--select=E,W,I", f"--jobs={1 + run // 2 % 2}", *stored]
        code = cli.run(["check", *options, *paths])
    text = output.getvalue()
    files = json.loads(text)["coverage"]["files"]
    needed = f'"needed": {files["parsed"] + files["cached"]}'
    text, replaced = re.subn('"parsed": [0-9]+,[ \\n]*"cached": [0-9]+', needed, text)
    assert replaced == 1
    print(code, files["cached"] > 0, digest(text), digest(" ".join(listed)), flush=True)
    listed.clear()
print(text)
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


@pytest.mark.parametrize("seeds", SEEDS)
def test_the_same_bytes_whatever_the_order(seeds: int, roots: Sequence[Path], tmp_path: Path) -> None:
    """Only the counts of what was parsed and what the cache knew tell the runs apart."""
    outcomes, orders, warm = set(), set(), 0
    for number in range(seeds):
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(number), str(ORDERS), str(tmp_path), *map(str, roots)],
            env={**environment(), "PYTHONHASHSEED": str(number)},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-1000:]
        lines = done.stdout.splitlines()
        for line in lines[:ORDERS]:
            code, was_warm, output, listing = line.split()
            outcomes.add((code, output))
            warm += was_warm == "True"
            orders.add(listing)
    assert len(orders) == seeds * ORDERS
    assert len(outcomes) == 1
    assert seeds * ORDERS // 4 < warm < seeds * ORDERS * 3 // 4
    report = json.loads("\n".join(lines[ORDERS:]))
    assert len({finding["rule"] for finding in report["findings"]}) > 15
    assert len(report["applications"]) > 20
