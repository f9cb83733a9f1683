"""Applications broken on purpose: what fails when it runs is found before. See ``mutants``."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from mutants import judging, records
from mutants.__main__ import main, spread
from mutants.judging import Outcome
from mutants.operators import OPERATORS
from mutants.records import Mutant, Run, Service

SERVICES = {each.name: each for each in records.services()}
OF_EACH_OPERATOR = 4
KNOWN_MISSES = {("pipeline", "skip-initializer"), ("pipeline", "drop-registration"), ("campus", "skip-initializer")}
"""Steps in a list that nobody runs any more: they are named, so they may run (assumption A1)."""


@pytest.fixture(scope="module")
def runs() -> dict[str, Run]:
    """Run every application as it is."""
    return judging.healthy(SERVICES.values())


@pytest.fixture(scope="module")
def mutants(runs: dict[str, Run]) -> list[Mutant]:
    """Make every mutant of every application."""
    return judging.all_mutants(SERVICES.values(), runs)


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_healthy_applications_run_and_have_no_findings(service: Service, runs: dict[str, Run]) -> None:
    run = runs[service.name]
    assert (run.failures, run.errors, run.ended) == ((), (), True)
    assert len(run.statuses) == len(service.ask) and all(status < 300 for status in run.statuses)
    assert judging.lint(service, {}) == ()


def test_a_mutant_differs_in_little(mutants: list[Mutant]) -> None:
    assert {each.operator for each in mutants} == set(OPERATORS)
    for mutant in mutants:
        before = "\n".join(mutant.service.files[file] for file in mutant.changed).split("\n")
        after = "\n".join(mutant.changed.values()).split("\n")
        assert before != after
        assert sum(line not in after for line in before) <= 8, mutant.summary


def sample(mutants: Iterable[Mutant]) -> list[Mutant]:
    """Return a few mutants of each operator, spread over the applications."""
    known = [each for each in mutants if (each.service.name, each.operator) not in KNOWN_MISSES]
    return [
        chosen
        for operator in OPERATORS
        for chosen in spread([each for each in known if each.operator == operator], OF_EACH_OPERATOR)
    ]


def test_what_fails_is_found(mutants: list[Mutant], runs: dict[str, Run]) -> None:
    verdicts = list(judging.judge(sample(mutants), runs))
    confirmed = [each for each in verdicts if each.outcome is Outcome.CONFIRMED]
    assert len(confirmed) >= 30
    missed = [f"{each.mutant.service.name} {each.mutant.summary}" for each in verdicts if each.missed]
    assert len(missed) <= 0.05 * len(confirmed), missed


def test_silence_is_noticed(mutants: list[Mutant], runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "lint", lambda service, changed: ())
    deleting = [each for each in mutants if each.operator == "rename-read"][:2]
    assert all(verdict.missed for verdict in judging.judge(deleting, runs))


@pytest.mark.whole
def test_all_mutants(capsys: pytest.CaptureFixture[str]) -> None:
    code = main([])
    assert code == 0, capsys.readouterr().out
