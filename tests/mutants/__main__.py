"""``python -m tests.mutants``: break every application in every way, and print what was found as Markdown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable

from . import judging, records
from .judging import Outcome, Verdict
from .operators import OPERATORS

ENOUGH = 0.95


def main(words: list[str] | None = None) -> int:
    """Judge the mutants that the options choose; return 1 if too many of those that fail are not found, else 0."""
    services = {each.name: each for each in records.services()}
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--app", action="append", choices=services, help="only mutants of this application")
    parser.add_argument("--operator", action="append", choices=OPERATORS, help="only mutants of this operator")
    parser.add_argument("--limit", type=int, help="at most this many mutants, spread evenly")
    options = parser.parse_args(words)

    chosen = [services[name] for name in options.app or services]
    runs = judging.healthy(chosen)
    alarms = [f"{each.name}: {finding.message}" for each in chosen for finding in judging.lint(each, {})]
    mutants = [
        each for each in judging.all_mutants(chosen, runs) if not options.operator or each.operator in options.operator
    ]
    verdicts = list(judging.judge(spread(mutants, options.limit), runs))
    print(report(verdicts, alarms))
    print(f"\nFlagged: {share(verdicts):.1%} (at least {ENOUGH:.0%})")
    return 0 if share(verdicts) >= ENOUGH and not alarms else 1


def spread(mutants: list[records.Mutant], limit: int | None) -> list[records.Mutant]:
    """Return ``limit`` mutants, evenly spread over the list, or all of them."""
    if limit is None or limit >= len(mutants):
        return mutants
    return [mutants[at * len(mutants) // limit] for at in range(limit)]


def share(verdicts: Iterable[Verdict]) -> float:
    """Return how many of the mutants that fail are flagged, 1 for all."""
    failing = [each for each in verdicts if each.outcome is Outcome.CONFIRMED]
    return sum(each.flagged for each in failing) / len(failing) if failing else 1.0


def report(verdicts: list[Verdict], alarms: list[str]) -> str:
    """Return the tables and lists, as Markdown."""
    parts = [
        "# Mutants",
        _table("operator", verdicts, lambda each: each.mutant.operator),
        _table("application", verdicts, lambda each: each.mutant.service.name),
        _list("Findings in healthy applications", alarms),
        _list("Missed", [_line(each) for each in verdicts if each.missed]),
        _list(
            "Errors reported although the run was unharmed",
            [_line(each) for each in verdicts if each.outcome is Outcome.UNHARMED and each.errors],
        ),
    ]
    return "\n\n".join(part for part in parts if part)


def _table(head: str, verdicts: list[Verdict], key: Callable[[Verdict], str]) -> str:
    rows = [
        f"| {head} | mutants | confirmed | flagged | % | silent | broken | unharmed |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    names = sorted({key(each) for each in verdicts})
    for name, those in [
        *((name, [each for each in verdicts if key(each) == name]) for name in names),
        ("all", verdicts),
    ]:
        count = {outcome: sum(each.outcome is outcome for each in those) for outcome in Outcome}
        flagged = sum(each.flagged for each in those)
        rows.append(
            f"| {name} | {len(those)} | {count[Outcome.CONFIRMED]} | {flagged} | {share(those):.1%} "
            f"| {count[Outcome.SILENT]} | {count[Outcome.BROKEN]} | {count[Outcome.UNHARMED]} |"
        )
    return "\n".join(rows)


def _list(title: str, lines: list[str]) -> str:
    return f"## {title} ({len(lines)})\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _line(verdict: Verdict) -> str:
    mutant = verdict.mutant
    text = f"{mutant.operator} `{mutant.service.name}/{mutant.file}:{mutant.line}` {mutant.summary}".replace("\n", " ")
    if verdict.failures:
        failure = verdict.failures[0]
        text += f"; fails: {failure.text} at " + " > ".join(f"{each.file}:{each.line}" for each in failure.frames)
    said = verdict.findings if verdict.missed else verdict.errors
    return text + "".join(f"; says: {each.file}:{each.line} {each.code} {each.message}" for each in said[:2])


if __name__ == "__main__":
    sys.exit(main())
