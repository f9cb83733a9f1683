"""Contracts and named phases: the orchestrator sample, phases under any names, and contracts declared in Python."""

from __future__ import annotations

import contextlib
import io
import random
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from appstate_lint import cli, config, engine
from appstate_lint.model import Finding, Kind

SAMPLE = Path(__file__).parent / "projects" / "orchestrator"
PHASES = ("initialization", "configuration", "connections", "services", "integration", "warm-up", "readiness")
LATE, ORDER = "appstate-contract-late", "appstate-contract-order"
BROKEN = {
    ("harbor/initializers.py", 9, ORDER, "tide_bridge"),
    ("harbor/initializers.py", 17, LATE, "session_cache"),
}
"""The two contracts of the sample that are broken on purpose, at the write."""

CONTRACTS = """\
from dataclasses import dataclass, field
from enum import Enum

from harbor import parts
from harbor.parts import EventStore
from harbor.phases import StartPhase as Stage

POOL = "connection_pool"


@dataclass
class AppStateContract:
    component_name: str
    component_type: type
    required_phase: Enum
    dependencies: list[str] = field(default_factory=list)
    description: str = ""
    business_value: str = ""


class Registry:
    def __init__(self):
        self.contracts = {}
        self.add(AppStateContract(POOL, parts.Pool, Stage.CONNECTIONS, business_value="Ships find a berth"))
        self.add(
            AppStateContract(
                component_name="tide_bridge",
                component_type=parts.TideBridge,
                required_phase=Stage.CONFIGURATION,
                dependencies=["event_store"],
                business_value="Pilots see the tide",
            )
        )

    def add(self, contract):
        self.contracts[contract.component_name] = contract


OTHERS = {
    "store": AppStateContract("event_store", EventStore, required_phase=Stage.READINESS, dependencies=[POOL]),
    "cache": AppStateContract("session_cache", parts.SessionCache, required_phase=Stage.INIT),
}
"""


def copy_of(folder: Path, changes: Mapping[str, str]) -> Path:
    """Write the sample project to ``folder``, with other texts for some files, and return its root."""
    root = folder / "sample"
    shutil.copytree(SAMPLE, root)
    for file, text in changes.items():
        (root / file).write_text(text, encoding="utf-8")
    return root


def findings(root: Path) -> list[Finding]:
    return list(engine.analyze(root, config.load(root)).findings)


def in_short(found: list[Finding]) -> set[tuple[str, int, str, str]]:
    return {(each.file, each.line, each.rule, each.component) for each in found}


def configuration(phases: tuple[str, ...], without_components: bool = False) -> str:
    """Return the configuration of the sample with its phases called otherwise, and each member of the enum mapped."""
    text = (SAMPLE / "appstate-lint.toml").read_text(encoding="utf-8")
    if without_components:
        text = text[: text.index("[components.")]
        text += '[contract-class]\nnames = { INIT = "initialization" }\n'
    members = ("INIT", "CONFIGURATION", "CONNECTIONS", "SERVICES", "INTEGRATION", "CACHES", "READINESS")
    pairs = ", ".join(f"{member} = {phase!r}" for member, phase in zip(members, phases, strict=True))
    text = re.sub(r"names = .*", f"names = {{ {pairs} }}", text, count=1)
    text = re.sub(r"phases = .*", f"phases = {list(phases)}", text, count=1)
    for old, new in zip(PHASES, phases, strict=True):
        text = re.sub(rf'phase = "{old}"', f"phase = {new!r}", text)
    return text


def test_the_two_broken_contracts_of_the_sample_are_found() -> None:
    found = findings(SAMPLE)
    assert in_short(found) == BROKEN
    order, late = found
    assert [(step.file, step.line) for step in late.trace] == [
        ("appstate-lint.toml", 25),
        ("harbor/main.py", 14),
        ("harbor/main.py", 10),
        ("harbor/boot.py", 19),
        ("harbor/boot.py", 51),
        ("harbor/initializers.py", 17),
    ]
    assert (order.trace[-1].file, order.trace[-1].line) == ("harbor/initializers.py", 13)
    assert "writes 'event_store' in readiness" in order.message
    assert "Pilots see the tide" in order.message


def test_contracts_as_python_objects_give_the_same_answer(tmp_path: Path) -> None:
    text = configuration(PHASES, without_components=True)
    root = copy_of(tmp_path, {"appstate-lint.toml": text, "harbor/contracts.py": CONTRACTS})
    found = findings(root)
    assert in_short(found) == BROKEN
    assert {each.related[-1].file for each in found} == {"harbor/contracts.py"}
    toml = {(each.rule, each.message) for each in findings(SAMPLE)}
    assert {(each.rule, each.message) for each in found} == toml


def test_accesses_know_their_named_phase() -> None:
    report = engine.analyze(SAMPLE, config.load(SAMPLE))
    writes = {each.component: each.named_phase for each in report.accesses if each.kind is Kind.WRITE}
    assert writes == {
        "started": "initialization",
        "tide_bridge": "configuration",
        "connection_pool": "connections",
        "berths": "services",
        "session_cache": "integration",
        "charts": "warm-up",
        "event_store": "readiness",
    }
    served = [each for each in report.accesses if each.phase.value == "serving"]
    assert served
    assert {each.named_phase for each in served} == {None}


@pytest.mark.parametrize("seed", range(12))
def test_phases_under_other_names_give_the_same_verdicts(tmp_path: Path, seed: int) -> None:
    """The order is the declared one, never that of the alphabet."""
    chosen = random.Random(seed)
    names = [f"{chosen.choice('azmZ_09é')}{number}" for number in chosen.sample(range(100), len(PHASES))]
    if seed % 3 == 0:
        names.sort(reverse=True)
    root = copy_of(tmp_path, {"appstate-lint.toml": configuration(tuple(names))})
    assert in_short(findings(root)) == BROKEN


@pytest.mark.parametrize("moved", range(len(PHASES)))
@pytest.mark.parametrize("declared", range(len(PHASES)))
def test_late_is_what_comes_behind_its_phase(tmp_path: Path, declared: int, moved: int) -> None:
    """Whatever the phase of a write, and the one declared: late if and only if it comes later in the declared order."""
    steps = "\n".join(
        f"    begin({phase!r})\n    app.state.step{number} = {number}"
        + ("\n    app.state.pool = 1" * (number == moved))
        for number, phase in enumerate(PHASES)
    )
    main = (
        "from contextlib import asynccontextmanager\nfrom fastapi import FastAPI\n"
        "def begin(name): ...\n@asynccontextmanager\nasync def lifespan(app):\n"
        f"{steps}\n    yield\napp = FastAPI(lifespan=lifespan)\n"
    )
    (tmp_path / "main.py").write_text(main, encoding="utf-8")
    toml = f"phases = {list(PHASES)}\n[[phase-markers]]\ncall = 'main:begin'\n"
    (tmp_path / "appstate-lint.toml").write_text(f"{toml}[components.pool]\nphase = {PHASES[declared]!r}\n")
    late = [each for each in findings(tmp_path) if each.rule == LATE]
    assert bool(late) == (moved > declared)


def test_a_contract_sets_the_severity_of_its_findings(tmp_path: Path) -> None:
    text = (SAMPLE / "appstate-lint.toml").read_text(encoding="utf-8") + 'severity = "warning"\n'
    root = copy_of(tmp_path, {"appstate-lint.toml": text})
    assert {each.component: each.severity.value for each in findings(root)} == {
        "tide_bridge": "error",
        "session_cache": "warning",
    }


def test_a_contract_may_make_its_findings_information(tmp_path: Path) -> None:
    text = (SAMPLE / "appstate-lint.toml").read_text(encoding="utf-8") + 'severity = "info"\n'
    root = copy_of(tmp_path, {"appstate-lint.toml": text})
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        assert cli.run(["check", str(root), "--output-format", "concise"]) == 1
    assert "session_cache" not in out.getvalue()
    assert "tide_bridge" in out.getvalue()
