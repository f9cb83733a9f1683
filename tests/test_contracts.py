"""Contracts and named phases: the orchestrator sample, phases under any names, and contracts declared in Python."""

from __future__ import annotations

import contextlib
import io
import random
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from appstate_lint import cli, config, engine
from appstate_lint.contracts.inference import inferred
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


MEMBERS = ("INIT", "CONFIGURATION", "CONNECTIONS", "SERVICES", "INTEGRATION", "CACHES", "READINESS")
NAMES = "{ INIT = 'initialization', CACHES = 'warm-up' }"


def closing(boot: str) -> str:
    """Return the boot class with a call behind each phase that closes it, in place of one that opens it."""
    boot = re.sub(r"\n        self\._set_phase\(StartPhase\.\w+\)", "", boot)
    for number, member in enumerate(MEMBERS, 1):
        call = f"\\g<0>\n        await enforce(self.app.state, StartPhase.{member})"
        boot = re.sub(rf"        await self\._phase{number}_\w+\(\)", call, boot)
    return boot.replace("class Boot", "async def enforce(state, phase):\n    assert state.started\n\n\nclass Boot")


def decorated(boot: str) -> str:
    """Return the boot class with a decorator on the method of each phase."""
    marked = re.sub(
        r"    async def (_phase\d_\w+)\(self\):\n        self\._set_phase\(StartPhase\.(\w+)\)",
        r"    @stage(StartPhase.\2)\n    async def \1(self):",
        boot,
    )
    stage = "def stage(phase):\n    return lambda function: function\n\n\n"
    return marked.replace("class Boot", f"{stage}class Boot")


def plain(boot: str) -> str:
    """Return the boot class without markers."""
    return re.sub(r"\n        self\._set_phase\(StartPhase\.\w+\)", "", boot)


FUNCTIONS = "\n".join(f'"harbor.boot:Boot._phase{number}_*" = "{phase}"' for number, phase in enumerate(PHASES, 1))


@pytest.mark.parametrize(
    ("change", "toml"),
    [
        (closing, f'[[phase-markers]]\ncall = "harbor.boot:enforce"\nargument = 1\nedge = "end"\nnames = {NAMES}'),
        (closing, f'[[phase-markers]]\ncall = "boot.enforce"\nargument = "phase"\nedge = "end"\nnames = {NAMES}'),
        (decorated, f'[[phase-markers]]\ncall = "harbor.boot:stage"\nnames = {NAMES}'),
        (plain, f"[phase-functions]\n{FUNCTIONS}"),
    ],
    ids=["closed", "closed, by name", "decorated", "by function"],
)
def test_whatever_tells_the_phases_the_answer_is_the_same(
    tmp_path: Path, change: Callable[[str], str], toml: str
) -> None:
    text = (SAMPLE / "appstate-lint.toml").read_text(encoding="utf-8")
    head, tail = text.index("[[phase-markers]]"), text.index("[components.")
    boot = change((SAMPLE / "harbor" / "boot.py").read_text(encoding="utf-8"))
    changed = {"appstate-lint.toml": f"{text[:head]}{toml}\n\n{text[tail:]}", "harbor/boot.py": boot}
    root = copy_of(tmp_path, changed)
    assert in_short(findings(root)) == BROKEN
    report = engine.analyze(root, config.load(root))
    writes = {each.component: each.named_phase for each in report.accesses if each.kind is Kind.WRITE}
    assert sorted(map(str, writes.values())) == sorted(PHASES)


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


BY_FUNCTION = """\
from contextlib import asynccontextmanager
from fastapi import FastAPI


def note(app):
    app.state.noted = 1


def first(app):
    app.state.pool = 1
    note(app)


async def second(app):
    note(app)
    inner(app)
    app.state.after_inner = 1


def inner(app):
    app.state.inner = 1


def third(app):
    note(app)


@asynccontextmanager
async def lifespan(app):
    app.state.before = 1
    first(app)
    app.state.between = 1
    await second(app)
    third(app)
    app.state.behind = 1
    yield


app = FastAPI(lifespan=lifespan)
"""


def test_a_phase_ends_with_its_function(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(BY_FUNCTION, encoding="utf-8")
    functions = '"main:first" = "a"\n"main:second" = "c"\n"main:inn*" = "b"\n"main:third" = "d"\n'
    (tmp_path / "appstate-lint.toml").write_text(f'phases = ["a", "b", "c", "d"]\n[phase-functions]\n{functions}')
    report = engine.analyze(tmp_path, config.load(tmp_path))
    assert {each.component: each.named_phase for each in report.accesses} == {
        "before": None,
        "pool": "a",
        "noted": "a",
        "between": None,
        "inner": "b",
        "after_inner": "c",
        "behind": None,
    }
    reckoning = engine.reckon(tmp_path, config.load(tmp_path))
    phases = {each.name: each.phase for each in inferred(reckoning.compliance)}
    assert phases["noted"] == "d", "what several phases may write is there at the end of the last one"
    assert (phases["before"], phases["between"], phases["inner"]) == ("startup", "startup", "b")


def test_what_two_applications_do_in_turns_makes_no_circle(tmp_path: Path) -> None:
    text = """\
from contextlib import asynccontextmanager
from fastapi import FastAPI


@asynccontextmanager
async def forth(app):
    app.state.a = {}
    app.state.b = [app.state.a]
    yield


@asynccontextmanager
async def back(app):
    app.state.b = {}
    app.state.a = [app.state.b]
    yield


one = FastAPI(lifespan=forth)
two = FastAPI(lifespan=back)
"""
    (tmp_path / "main.py").write_text(text, encoding="utf-8")
    (tmp_path / "appstate-lint.toml").touch()
    reckoning = engine.reckon(tmp_path, config.load(tmp_path))
    found = {each.name: each.depends_on for each in inferred(reckoning.compliance)}
    assert sorted(found.values()) == [(), ("a",)] or sorted(found.values()) == [(), ("b",)]


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("asyncio.create_task(later(app))", "which write comes first"),
        ("app.state.pool = 1", ""),
    ],
)
def test_what_a_task_writes_is_not_judged_by_time(tmp_path: Path, start: str, reason: str) -> None:
    text = f"""\
import asyncio
from contextlib import asynccontextmanager
from fastapi import FastAPI


async def later(app):
    app.state.pool = 1


@asynccontextmanager
async def lifespan(app):
    {start}
    yield


app = FastAPI(lifespan=lifespan)
"""
    (tmp_path / "main.py").write_text(text, encoding="utf-8")
    (tmp_path / "appstate-lint.toml").write_text("[components.pool]\nphase = 'startup'\n", encoding="utf-8")
    reckoning = engine.reckon(tmp_path, config.load(tmp_path))
    (verdict,) = reckoning.verdicts
    assert verdict.status.value == ("UNCHECKED" if reason else "KEPT")
    assert [each for each in verdict.reasons if reason in each] == list(verdict.reasons)


def test_phases_of_a_table_are_followed(tmp_path: Path) -> None:
    """Phase and step come out of a table, as members of an enum whose values are no constants."""
    text = """\
from contextlib import asynccontextmanager
from enum import Enum, auto
from fastapi import FastAPI


class Stage(Enum):
    FIRST = auto()
    SECOND = auto()


class Boot:
    def __init__(self, app):
        self.app = app

    def mark(self, log, stage):
        self.stage = stage

    async def pool(self):
        self.app.state.pool = 1

    async def cache(self):
        self.app.state.cache = 1

    async def run(self):
        for stage, step in ((Stage.FIRST, self.pool), (Stage.SECOND, self.cache)):
            self.mark(None, stage=stage)
            await step()


@asynccontextmanager
async def lifespan(app):
    await Boot(app).run()
    yield


app = FastAPI(lifespan=lifespan)
"""
    (tmp_path / "main.py").write_text(text, encoding="utf-8")
    for argument in ('"stage"', "1"):
        toml = f'phases = ["second", "first"]\n[[phase-markers]]\ncall = "main.Boot.mark"\nargument = {argument}\n'
        (tmp_path / "appstate-lint.toml").write_text(toml, encoding="utf-8")
        report = engine.analyze(tmp_path, config.load(tmp_path))
        assert not report.findings
        assert {each.component: each.named_phase for each in report.accesses} == {"pool": "first", "cache": "second"}


def test_a_marker_of_a_package_is_known_by_its_name(tmp_path: Path) -> None:
    text = """\
from contextlib import asynccontextmanager
from fastapi import FastAPI
from phasing import begin as start


@asynccontextmanager
async def lifespan(app):
    start(app.state, "late")
    app.state.pool = 1
    yield


app = FastAPI(lifespan=lifespan)
"""
    (tmp_path / "main.py").write_text(text, encoding="utf-8")
    toml = 'phases = ["early", "late"]\n[[phase-markers]]\ncall = "phasing:begin"\nargument = 1\n'
    (tmp_path / "appstate-lint.toml").write_text(f'{toml}[components.pool]\nphase = "early"\n', encoding="utf-8")
    assert {each.rule for each in findings(tmp_path)} == {LATE, "appstate-contract-vacuous"}


def test_processes_change_nothing(tmp_path: Path) -> None:
    """What an application stores comes back from the process that interpreted it: class, phase, ingredients."""
    for name in ("one", "two", "three"):
        text = """\
from fastapi import FastAPI


class Pool: ...


class Cache: ...


def begin(phase): ...


def start():
    app.state.cache = Cache()
    begin("late")
    app.state.pool = [app.state.cache]


def create():
    global app
    app = FastAPI(on_startup=[start])
    return app


if __name__ == "__main__":
    import uvicorn
    uvicorn.run(create())
"""
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    toml = 'phases = ["early", "late"]\n[[phase-markers]]\ncall = "one:begin"\n'
    toml += '[components.cache]\ntype = "one:Pool"\n[components.pool]\nphase = "early"\n'
    (tmp_path / "appstate-lint.toml").write_text(toml, encoding="utf-8")
    loaded = config.load(tmp_path)
    found = engine.analyze(tmp_path, loaded).findings
    rules = {each.rule for each in found}
    assert rules >= {LATE, "appstate-contract-type", "appstate-undeclared-dependency"}
    assert engine.analyze(tmp_path, loaded, jobs=3).findings == found
