"""The work grows with the program, not with the number of its paths; what a budget cuts short is said.

Work is counted in steps of the interpreter, never in seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appstate_lint import config, engine
from appstate_lint.model import Report, Severity
from appstate_lint.timeline import functions, presence

HEAD = """\
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

"""
TAIL = """

app = FastAPI(lifespan=lifespan)


@app.get("/")
async def read(request: Request):
    return request.app.state.pool
"""


def analyze(folder: Path, text: str) -> Report:
    (folder / "appstate-lint.toml").write_text("")
    (folder / "main.py").write_text(text)
    return engine.analyze(folder, config.load(folder, None))


def codes(report: Report) -> list[str]:
    """Return the codes of errors and warnings."""
    return [finding.code for finding in report.findings if finding.severity is not Severity.INFO]


def service(start: list[str], before: str = "") -> str:
    """Return a service whose start-up is ``start`` and whose route reads ``pool``."""
    body = "".join(f"    {line}\n" for line in start)
    return f"{HEAD}{before}\n@asynccontextmanager\nasync def lifespan(app):\n{body}    yield\n{TAIL}"


def branches(count: int, write: str) -> list[str]:
    """Return independent conditions under each of which ``write`` happens, the name of the flag filled in."""
    return [line for n in range(count) for line in (f'if os.environ.get("FLAG_{n}"):', "    " + write.format(n))]


def chain(count: int, last: str) -> str:
    """Return functions that each call the next one; the last one does ``last``."""
    calls = [f"def step_{n}(app):\n    step_{n + 1}(app)\n" for n in range(count)]
    return "\n\n".join([*calls, f"def step_{count}(app):\n    {last}\n"])


@pytest.fixture
def joins(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often two presences of a component were joined since the last question."""
    count = 0
    join = presence.join_cells

    def counted(*arguments: object) -> presence.Cell:
        nonlocal count
        count += 1
        return join(*arguments)  # type: ignore[arg-type]

    def asked() -> int:
        nonlocal count
        count, seen = 0, count
        return seen

    monkeypatch.setattr(presence, "join_cells", counted)
    return asked


@pytest.mark.parametrize("write", ["app.state.pool = {0}", "app.state.part_{0} = app.state.pool = {0}"])
def test_independent_conditions_do_not_multiply(tmp_path: Path, joins: Callable[[], int], write: str) -> None:
    steps = []
    for count in (30, 60):
        report = analyze(tmp_path, service(branches(count, write)))
        assert codes(report) == ["W7804"]
        steps.append(joins())
    assert 0 < steps[1] <= 5 * steps[0]


def test_a_cycle_of_functions_is_gone_round_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "MOST_CALLS", 5_000)
    report = analyze(tmp_path, service(["app.state.pool = 1", "step_0(app)"], chain(1_000, "step_0(app)")))
    assert codes(report) == []


def delegating(depth: int) -> str:
    """Return classes whose ``get`` each calls that of the next one twice; the last reads ``pool``."""
    last = f"class Layer{depth}:\n    def get(self, app):\n        return app.state.pool\n"
    layers = [
        f"class Layer{n}:\n    def __init__(self):\n        self.next = Layer{n + 1}()\n\n"
        "    def get(self, app):\n        self.next.get(app)\n        return self.next.get(app)\n"
        for n in reversed(range(depth))
    ]
    return "\n\n".join([last, *layers])


def test_methods_that_delegate_under_one_name_are_not_taken_for_recursive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = 0
    body = functions.Functions.body

    def counted(*arguments: Any) -> Any:
        nonlocal bodies
        bodies += 1
        return body(*arguments)

    monkeypatch.setattr(functions.Functions, "body", counted)
    steps = []
    for depth in (10, 20):
        bodies = 0
        start = ["app.state.pool = 1", "Layer0().get(app)"]
        assert codes(analyze(tmp_path, service(start, delegating(depth)))) == []
        steps.append(bodies)
    assert depth < steps[1] <= 3 * depth


def test_what_lies_too_deep_is_not_taken_for_missing(tmp_path: Path) -> None:
    report = analyze(tmp_path, service(["step_0(app)"], chain(1_000, "app.state.pool = 1")))
    assert codes(report) == []
    assert report.incomplete
    assert [gap for gap in report.gaps if "budget" in gap.text]


def test_a_budget_that_is_used_up_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = service(["step_0(app)"], chain(60, "app.state.other = 1"))
    assert codes(analyze(tmp_path, text)) == ["E7802"]
    monkeypatch.setattr(functions, "MOST_CALLS", 20)
    report = analyze(tmp_path, text)
    assert codes(report) == []
    assert report.incomplete
    assert [gap for gap in report.gaps if "budget" in gap.text]
