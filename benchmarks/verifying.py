"""Whether findings depend on how they are found: a figure of speed is void where they do."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

from benchmarks.scenarios import own

_PLAIN = ("--no-cache", "--no-prefilter", "--jobs", "1")
_EDITS: tuple[Callable[[bytes], bytes], ...] = (
    lambda text: text + b"\n# a comment\n",
    lambda text: text.replace(b"app.state.", b"app.state.x_", 1),
    lambda text: text + b"\n\ndef added_by_an_edit(app):\n    app.state.added_by_an_edit = 1\n",
    lambda text: text.replace(b"\ndef ", b"\n\ndef added(app):\n    return app.state.missing\n\n\ndef ", 1),
    lambda text: text + b"\ndef broken(:\n",
    lambda text: text.replace(b"import ", b"import  ", 1),
)


def differences(tree: Path, cache: Path, edits: int) -> list[str]:
    """Return what differs, empty if nothing does: after each of so many random edits, in each way to run."""
    dice = random.Random(1)
    files = sorted(tree.rglob("*.py"))
    found: list[str] = []
    for number in range(edits + 1):
        expected = _findings(tree, *_PLAIN)
        for options in (("--no-cache",), ("--cache-dir", str(cache)), ("--cache-dir", str(cache), "--jobs", "2")):
            if _findings(tree, *options) != expected:
                found.append(f"edit {number}: {' '.join(options)} finds something else")
        path = dice.choice(files)
        path.write_bytes(dice.choice(_EDITS)(path.read_bytes()))
    return found


def _findings(tree: Path, *options: str) -> object:
    """Return all that is reported but the counts of files."""
    command = own("--output-format", "json", *options)
    done = subprocess.run(command, cwd=tree, capture_output=True, check=True)
    report = json.loads(done.stdout)
    del report["coverage"]["files"]
    return report
