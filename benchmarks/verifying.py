"""Whether findings depend on how they are found: a figure of speed is void where they do."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.edits import Tree, edited

_PLAIN = ("--no-cache", "--no-prefilter", "--jobs", "1")
_MOST_EDITS = 3


class Told(NamedTuple):
    """All that is told of a tree but the counts of files: findings, also those that are information, and accesses."""

    report: dict[str, Any]
    accesses: dict[str, Any]


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
        expected = _told(root, *_PLAIN)
        differing = tuple(" ".join(way) for way in ways if _told(root, *way) != expected)
        report = expected.report
        yield Comparison(edits, len(report["applications"]), len(report["findings"]), differing)


def _told(tree: Path, *options: str) -> Told:
    report = _asked(tree, "check", "--exit-zero", "--select", "E,W,I", *options)
    del report["coverage"]["files"]
    return Told(report, _asked(tree, "accesses", *options))


def _asked(tree: Path, *command: str) -> dict[str, Any]:
    whole = [sys.executable, "-m", "appstate_lint", *command, "--output-format", "json"]
    told: dict[str, Any] = json.loads(subprocess.run(whole, cwd=tree, capture_output=True, check=True).stdout)
    return told
