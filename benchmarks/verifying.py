"""Whether findings depend on how they are found: a figure of speed is void where they do."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.edits import Tree, edited
from benchmarks.scenarios import own

_PLAIN = ("--no-cache", "--no-prefilter", "--jobs", "1")
_MOST_EDITS = 3


class Comparison(NamedTuple):
    """What was edited, how much was found then without cache, prefilter and processes, and which ways differ."""

    edits: tuple[str, ...]
    applications: int
    findings: int
    differing: tuple[str, ...]


def compared(root: Path, cache: Path, sequences: int, seed: int) -> Iterator[Comparison]:
    """Compare the ways to run on a tree as it is, and after each of so many sequences of one to three random edits.

    Edits add up: a sequence begins where the one before it ended.
    """
    tree = Tree(root, random.Random(seed), {})
    ways = (("--no-cache",), ("--cache-dir", str(cache)), ("--cache-dir", str(cache), "--jobs", "2"))
    for number in range(sequences + 1):
        edits = tuple(edited(tree) for _ in range(tree.dice.randint(1, _MOST_EDITS) if number else 0))
        expected = _report(root, *_PLAIN)
        differing = tuple(" ".join(way) for way in ways if _report(root, *way) != expected)
        yield Comparison(edits, len(expected["applications"]), len(expected["findings"]), differing)


def _report(tree: Path, *options: str) -> dict[str, Any]:
    """Return all that is reported but the counts of files."""
    command = own("--output-format", "json", *options)
    done = subprocess.run(command, cwd=tree, capture_output=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    del report["coverage"]["files"]
    return report
