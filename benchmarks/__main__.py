"""Measures on a tree and prints a Markdown table; ``--help`` tells the options."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import scenarios
from benchmarks.generate import generate
from benchmarks.scenarios import Bench, Row
from benchmarks.verifying import compared


def main() -> int:
    """Do what the options say; return 1 where findings depend on cache, prefilter or processes."""
    options = _options()
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        tree = scratch / "tree"
        if options.tree is None:
            generate(tree, options.lines)
        else:  # a copy: one scenario edits a file
            shutil.copytree(options.tree, tree, symlinks=True, ignore=shutil.ignore_patterns(".git", "node_modules"))
        if options.verify:
            return _verify(tree, scratch / "verified", options)
        bench = Bench(tree, scratch, _file(tree, options.file), options.runs)
        print(f"{_counted(tree)}; Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores; ")
        print(f"medians of {options.runs}\n")
        print("| what | CPU s | wall s | peak MB | against the floor |\n|---|---|---|---|---|")
        first = 0.0
        for row in _rows(bench, options):
            first = first or row.cost.cpu
            cost = row.cost
            ratio = f"{cost.cpu / first:.3g}" if first else ""
            print(f"| {row.name} | {cost.cpu:.2f} | {cost.wall:.2f} | {cost.memory:.0f} | {ratio} |", flush=True)
    return 0


def _verify(tree: Path, cache: Path, options: argparse.Namespace) -> int:
    """Compare the ways to run, and print what was edited and what differs; return 1 where something does."""
    edits = differ = 0
    for number, each in enumerate(compared(tree, cache, options.sequences, options.seed)):
        print(f"{number}. {'; '.join(each.edits)} ({each.applications} applications, {each.findings} findings)")
        print(*(f"   {way} finds something else\n" for way in each.differing), sep="", end="", flush=True)
        edits += len(each.edits)
        differ += bool(each.differing)
    print(f"{edits} edits in {options.sequences} sequences; something else is found after {differ} of them")
    return int(differ > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("tree", nargs="?", type=Path, help="a tree to measure on (default: a generated one)")
    parser.add_argument("--lines", type=int, default=100_000, help="lines of the generated tree")
    parser.add_argument("--runs", type=int, default=5, help="how often each is run; the medians are printed")
    parser.add_argument("--only", default="", help="only rows whose name has this in it, and the floor")
    parser.add_argument("--no-pylint", action="store_true", help="leave out the runs of pylint with the plugin")
    parser.add_argument("--slow", action="store_true", help="also what takes minutes")
    parser.add_argument("--file", help="the file to edit and to show pylint, relative to the tree")
    parser.add_argument("--verify", action="store_true", help="measure nothing; compare findings instead")
    parser.add_argument("--sequences", type=int, default=20, help="how many sequences of random edits --verify makes")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    return parser.parse_args()


def _file(tree: Path, given: str | None) -> Path:
    """Return the file to edit: the one given, or one of those that touch state, about 1,500 lines long if any is."""
    if given is not None:
        return tree / given
    candidates = [path for path in sorted(tree.rglob("*.py")) if b".state." in path.read_bytes()]
    return min(candidates or sorted(tree.rglob("*.py")), key=lambda path: abs(path.read_bytes().count(b"\n") - 1500))


def _counted(tree: Path) -> str:
    files = [path for path in tree.rglob("*.py") if path.is_file()]
    lines = sum(path.read_bytes().count(b"\n") for path in files)
    return f"{len(files):,} files, {lines:,} lines"


def _rows(bench: Bench, options: argparse.Namespace) -> Iterator[Row]:
    only = options.only
    for name, scenario in scenarios.OWN.items():
        if only in name or scenario is scenarios.floor:
            yield Row(name, scenario(bench))
    for pairs in () if options.no_pylint else scenarios.PAIRS:
        if not only or only in (pairs.__doc__ or ""):
            yield from pairs(bench)
    for name, (program, scenario) in {**scenarios.PEERS, **(scenarios.SLOW_PEERS if options.slow else {})}.items():
        if only in name and scenarios.is_here(program):
            yield Row(name, scenario(bench))


if __name__ == "__main__":
    sys.exit(main())
