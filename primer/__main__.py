"""Lints public projects at pinned versions and prints how what is said differs from what is expected.

Exit code: 0 all as expected; 1 something differs; 2 nothing differs, but a project could not be had.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from primer import expectations, precision, projects
from primer.expectations import Expectation
from primer.fetching import Unavailable, archive, unpack
from primer.projects import Project

ROOT = Path(__file__).parent.parent
LONGEST = 600
"""Seconds that one project may take."""


class Outcome(NamedTuple):
    """What came of one project: what the linter says now, or why that is not known."""

    project: Project
    now: Expectation | None
    problem: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the options say and return the exit code."""
    options = _options(arguments)
    listed = projects.load(options.projects)
    if options.table:
        print(precision.table({each: expectations.load(each.name, options.expectations) for each in listed}), end="")
        return 0
    chosen = [each for each in listed if not options.only or each.name in options.only]
    if unknown := set(options.only) - {each.name for each in listed}:
        raise SystemExit(f"not on the list: {', '.join(sorted(unknown))}")
    with ThreadPoolExecutor(options.parallel) as threads:
        codes = [_told(outcome, options) for outcome in threads.map(lambda each: _outcome(each, options), chosen)]
    print(f"{codes.count(0)} as expected, {codes.count(1)} different, {codes.count(2)} not to be had")
    return 1 if 1 in codes else max(codes, default=0)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m primer", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="NAME", help="only these projects")
    parser.add_argument("--update", action="store_true", help="expect what is said now; new findings are unjudged")
    parser.add_argument("--table", action="store_true", help="lint nothing; print the precision of each rule")
    parser.add_argument("--index", help="the package index to fetch from (default: PIP_INDEX_URL, or the usual one)")
    parser.add_argument("--archives", type=Path, default=ROOT / ".primer", help="where fetched archives are kept")
    parser.add_argument("--parallel", type=int, default=os.cpu_count(), help="how many projects are linted at once")
    parser.add_argument("--projects", type=Path, default=projects.HERE / "projects.toml", help="another list")
    parser.add_argument("--expectations", type=Path, default=expectations.FOLDER, help="another folder of these")
    options = parser.parse_args(arguments)
    options.index = options.index or os.environ.get("PIP_INDEX_URL")
    return options


def _outcome(project: Project, options: argparse.Namespace) -> Outcome:
    if sys.version_info < project.needs:
        return Outcome(project, None, f"its code needs Python {project.python}")
    try:
        packed = archive(project, options.archives, options.index)
        with tempfile.TemporaryDirectory() as scratch:
            return Outcome(project, _linted(unpack(packed, Path(scratch))))
    except Unavailable as problem:
        return Outcome(project, None, str(problem))


def _linted(tree: Path) -> Expectation:
    """Return what the linter says of a tree."""
    options = ("--output-format", "json", "--exit-zero", "--no-cache", "--jobs", "1")
    command = [sys.executable, "-m", "appstate_lint", "check", *options, str(tree)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired as problem:
        raise Unavailable(f"not linted within {LONGEST} s") from problem
    if done.returncode:
        raise Unavailable(f"the linter ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return expectations.found(json.loads(done.stdout))


def _told(outcome: Outcome, options: argparse.Namespace) -> int:
    """Print what came of one project, write it if that is wanted, and return its part of the exit code."""
    project, now = outcome.project, outcome.now
    if now is None:
        print(f"{project.pin}: not to be had: {outcome.problem}")
        return 2
    expected = expectations.load(project.name, options.expectations)
    differences = expectations.compare(expected, now)
    unjudged = f", {count} unjudged" if (count := expectations.unjudged(expected)) else ""
    counts = f"{_counted(len(now.findings), 'finding')}, {_counted(len(differences), 'difference')}"
    print(f"{project.pin}: {counts}{unjudged}")
    for kind, text in differences:
        print(f"  {kind}: {text}")
    if options.update:
        expectations.save(project.name, expectations.updated(expected, now), options.expectations)
        return 0
    return int(bool(differences))


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


if __name__ == "__main__":
    sys.exit(main())
