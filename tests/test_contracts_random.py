"""Random start-ups with random phases: nothing crashes, all doors of reading agree, and what is inferred is kept."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from appstate_lint import config, engine
from appstate_lint.contracts import Status
from appstate_lint.contracts.inference import inferred
from appstate_lint.contracts.text import merged

COMPONENTS = ("a", "b", "c", "d")
HEAD = """\
import os
from contextlib import asynccontextmanager
from fastapi import FastAPI, Request

FLAG = os.environ.get("FLAG")


class Part: ...


class AppStateContract: ...


def begin(name): ...


def end(app, phase): ...


"""
TAIL = """\
    yield


app = FastAPI(lifespan=lifespan)
"""


def program(chosen: random.Random, phases: list[str], contract: str) -> str:
    """Return a service whose start-up does random things in random phases."""
    lines = [_step(chosen, phases) for _ in range(chosen.randint(2, 14))]
    read, written, served = (chosen.choice(COMPONENTS) for _ in range(3))
    return (
        f"{HEAD}def make(state):\n    return state.{read}\n\n\n"
        f"def step(app):\n    app.state.{written} = Part()\n\n\n"
        f"CONTRACT = {contract}(component_name={read!r}, required_phase={phases[0]!r}, dependencies=[{written!r}])\n\n"
        "@asynccontextmanager\nasync def lifespan(app):\n"
        + "".join(f"    {line}\n" for step in lines for line in step.split("\n"))
        + TAIL
        + f"\n\n@app.get('/')\nasync def served(request: Request):\n    return request.app.state.{served}\n"
    )


def _step(chosen: random.Random, phases: list[str]) -> str:
    phase, name, other = chosen.choice(phases), chosen.choice(COMPONENTS), chosen.choice(COMPONENTS)
    value = chosen.choice(["None", "{}", "Part()", f"[app.state.{other}]", "make(app.state)"])
    return chosen.choice([
        f"begin({phase!r})",
        f"end(app, phase={phase!r})",
        f"app.state.{name} = {value}",
        f"if FLAG:\n    begin({phase!r})\n    app.state.{name} = {value}",
        f"try:\n    step(app)\nexcept Exception:\n    begin({phase!r})",
        f"for each in {phases!r}:\n    begin(each)\n    step(app)",
        "step(app)",
    ])  # fmt: skip


def settings(chosen: random.Random, phases: list[str]) -> str:
    return (
        f"phases = {phases!r}\n[phase-functions]\n'main:step' = {chosen.choice(phases)!r}\n"
        "[[phase-markers]]\ncall = 'main:begin'\n"
        "[[phase-markers]]\ncall = 'main:end'\nargument = 'phase'\nedge = 'end'\n"
    )


def contracts(chosen: random.Random, phases: list[str]) -> str:
    text = ""
    for name in COMPONENTS:
        others = [each for each in COMPONENTS if each != name]
        text += f"[components.{name}]\nphase = {chosen.choice([*phases, 'build', 'startup'])!r}\n"
        text += f"depends-on = {chosen.sample(others, chosen.randint(0, 2))!r}\n"
        text += f"optional = {chosen.choice(['true', 'false'])}\nnullable = {chosen.choice(['true', 'false'])}\n"
    return text


@pytest.mark.parametrize("seed", range(40))
def test_random_start_ups(tmp_path: Path, seed: int) -> None:
    chosen = random.Random(seed)
    phases = [f"p{number}" for number in chosen.sample(range(50), chosen.randint(1, 5))]
    main, toml = tmp_path / "main.py", tmp_path / "appstate-lint.toml"
    shape = chosen.randint(0, 10**9)
    main.write_text(program(random.Random(shape), phases, "AppStateContract"), encoding="utf-8")
    base = settings(chosen, phases)
    toml.write_text(base + contracts(chosen, phases), encoding="utf-8")
    loaded = config.load(tmp_path)
    assert engine.analyze(tmp_path, loaded).findings == engine.analyze(tmp_path, loaded, prefilter=False).findings

    main.write_text(program(random.Random(shape), phases, "dict"), encoding="utf-8")
    toml.write_text(base, encoding="utf-8")
    found = inferred(engine.reckon(tmp_path, config.load(tmp_path)).compliance)
    toml.write_text(merged(base, found, shared=False), encoding="utf-8")
    verdicts = engine.reckon(tmp_path, config.load(tmp_path)).verdicts
    assert len(verdicts) == len(found)
    assert {each.status for each in verdicts} <= {Status.KEPT, Status.UNCHECKED}
