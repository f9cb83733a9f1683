"""Migrations: what is left of the old way, and the commands that find, analyze, plan and verify a move."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import random
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pages
import pytest

from appstate_lint import cli, config, engine
from appstate_lint.migration.plan import markdown, plan, updated
from appstate_lint.migration.survey import Survey

CASES = Path(__file__).parent / "cases"
FOUND = pages.cases("leftovers", (CASES / "leftovers.md").read_text("utf-8"))
ALIKE = pages.cases("leftover-lookalikes", (CASES / "leftover-lookalikes.md").read_text("utf-8"))
each_case = pytest.mark.parametrize("case", [*FOUND, *ALIKE], ids=lambda case: case.name)


def written(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def run(*arguments: str) -> tuple[int, str, str]:
    """Return exit code, output and errors of the command line."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run(arguments)
    return code, out.getvalue(), err.getvalue()


def answered(*arguments: str) -> Any:
    code, out, err = run(*arguments, "--output-format", "json")
    assert code in (cli.CLEAN, 1), err
    return json.loads(out)


def found(root: Path, today: datetime.date | None = None, *, prefilter: bool = True) -> list[tuple[str, str, int]]:
    report = engine.analyze(root, config.load(root), today=today, prefilter=prefilter)
    return [(finding.code, finding.file, finding.line) for finding in report.findings]


# --- shapes ---------------------------------------------------------------------------------------------------------


def test_there_are_enough_shapes() -> None:
    counts = Counter(mark.rule for case in FOUND for mark in case.marks)
    assert sum(counts.values()) >= 120
    assert counts["appstate-leftover-accessor"] >= 60
    assert counts["appstate-leftover-patch"] >= 25
    assert counts["appstate-removed-accessor"] >= 15


def test_there_are_enough_that_look_alike() -> None:
    functions = [line for case in ALIKE for text in case.files.values() for line in text.splitlines() if "def " in line]
    assert len(functions) >= 40
    assert sum(len(case.marks) for case in ALIKE) <= 4


@each_case
def test_parsing_every_file_finds_the_same(case: pages.Case, tmp_path: Path) -> None:
    root = case.write(tmp_path)
    assert found(root) == found(root, prefilter=False)


def test_a_leftover_is_found_in_whatever_file_it_lies(tmp_path: Path) -> None:
    """Chains of re-exports under other names, of which only the first file has a word of the declaration."""
    rng = random.Random(7)
    files = {
        "appstate-lint.toml": '[[migrations]]\nname = "a"\naccessors = ["shop.bridge:get_bridge"]\n',
        "shop/__init__.py": "",
        "shop/bridge.py": "def get_bridge():\n    return object()\n",
    }
    known = [("shop.bridge", "get_bridge")]
    for number in range(30):
        module, name = rng.choice(known)
        text = rng.choice(
            [
                f"from {module} import {name} as name_{number}\n",
                f"import {module} as m\nname_{number} = m.{name}\n",
                f"from {module} import *\nfrom {module} import {name}\nname_{number} = {name}\n",
            ]
        )
        folder = rng.choice(["shop", "tests", "scripts"])
        files[f"{folder}/m{number}.py"] = text + f"def use():\n    return name_{number}()\n"
        known.append((f"{folder}.m{number}", f"name_{number}"))
    root = written(tmp_path, files)
    hits = found(root)
    assert hits == found(root, prefilter=False)
    assert {file for code, file, _ in hits if code == "W7830"} == {name for name in files if "/m" in name}


def test_an_import_for_a_patch_only_names_the_patch(tmp_path: Path) -> None:
    case = next(case for case in FOUND if case.heading == "Strings")
    root = case.write(tmp_path)
    report = engine.analyze(root, config.load(root))
    (finding,) = [each for each in report.findings if each.file == "shop/for_tests.py"]
    assert "only for the patch at tests/test_patches.py:35" in finding.message
    assert [(each.file, each.line) for each in finding.related] == [("tests/test_patches.py", 35)]


# --- what is allowed, and until when --------------------------------------------------------------------------------

ALLOWED = """
[[migrations]]
name = "bridge"
accessors = ["shop.bridge:get_bridge"]
component = "bridge"
allow = ["shop/old.py"]
until = 2027-03-01
"""
SMALL = {
    "appstate-lint.toml": ALLOWED,
    "shop/__init__.py": "",
    "shop/bridge.py": "def get_bridge():\n    return object()\n",
    "shop/old.py": "from shop.bridge import get_bridge\n\n\ndef use():\n    return get_bridge()\n",
}


def test_what_is_allowed_is_reported_after_its_day(tmp_path: Path) -> None:
    root = written(tmp_path, SMALL)
    assert found(root, datetime.date(2027, 3, 1)) == []
    assert found(root, datetime.date(2027, 3, 2)) == [("W7830", "shop/old.py", 5)]


def test_the_command_takes_a_day_for_today(tmp_path: Path) -> None:
    root = str(written(tmp_path, SMALL))
    assert run("check", root, "--today", "2027-03-01")[0] == 0
    code, out, _ = run("check", root, "--today", "2027-03-02")
    assert code == 1
    assert "(allowed until 2027-03-01)" in out
    code, _, err = run("check", root, "--today", "tomorrow")
    assert code == 2
    assert err == "appstate-lint: --today tomorrow: not a date; write it as 2027-03-01\n"


def test_settings_say_which_migrations_are_over(tmp_path: Path) -> None:
    settings = config.load(written(tmp_path, SMALL))
    assert settings.over(datetime.date(2027, 3, 1)) == ()
    assert settings.over(datetime.date(2027, 3, 2)) == ("bridge",)


def test_the_cache_knows_the_day(tmp_path: Path) -> None:
    root, cache = written(tmp_path / "project", SMALL), str(tmp_path / "cache")
    days = ["2027-03-01", "2027-03-02", "2027-03-01", "2027-03-02"]
    assert [run("check", str(root), "--cache-dir", cache, "--today", day)[0] for day in days] == [0, 1, 0, 1]


def test_the_cache_sees_who_begins_to_use_an_accessor_under_another_name(tmp_path: Path) -> None:
    files = {
        **SMALL,
        "shop/renaming.py": "from shop.bridge import get_bridge as bridge_of\n",
        "tests/test_quiet.py": "def test_quiet():\n    assert True\n",
        "scripts/quiet.py": "def quiet():\n    return 1\n",
        "shop/main.py": "from fastapi import FastAPI\napp = FastAPI()\napp.state.bridge = 1\n",
    }
    root, cache = written(tmp_path / "project", files), str(tmp_path / "cache")
    first = run("check", str(root), "--cache-dir", cache)[1]
    assert run("check", str(root), "--cache-dir", cache)[1] == first
    for name in ("tests/test_quiet.py", "scripts/quiet.py"):
        text = (root / name).read_text() + "\n\ndef later():\n    import shop.renaming as r\n    return r.bridge_of()\n"
        (root / name).write_text(text)
        out = run("check", str(root), "--cache-dir", cache)[1]
        assert out == run("check", str(root), "--no-cache")[1]
        assert f"{name}:" in out
        assert out != first
        first = out


# --- a migration from before to after -------------------------------------------------------------------------------

DECLARED = """
[[migrations]]
name = "bridge-to-factory"
accessors = ["shop.bridge:get_bridge"]
component = "bridge"
replacement = "shop.bridge:create_bridge"
status = "{status}"
"""
CLASS = "class Bridge:\n    def send(self, text):\n        return text\n\n\n"
OLD = """_bridge = None


def get_bridge():
    global _bridge
    if _bridge is None:
        _bridge = Bridge()
    return _bridge
"""
FACTORY = "def create_bridge():\n    return Bridge()\n\n\n"
MAIN = """from contextlib import asynccontextmanager

from fastapi import FastAPI

from shop.api import router
{imports}

@asynccontextmanager
async def lifespan(app: FastAPI):
    {wiring}
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(router)
"""
API_OLD = """from fastapi import APIRouter

from shop.bridge import get_bridge
from shop.service import notify

router = APIRouter()


@router.post("/send")
async def send():
    notify("sent")
    return get_bridge().send("hello")
"""
API_NEW = """from fastapi import APIRouter, Request

from shop.service import notify

router = APIRouter()


@router.post("/send")
async def send(request: Request):
    notify({argument}"sent")
    return request.app.state.bridge.send("hello")
"""
SERVICE_OLD = "from shop.bridge import get_bridge\n\n\ndef notify(text):\n    get_bridge().send(text)\n"
SERVICE_NEW = "def notify(bridge, text):\n    bridge.send(text)\n"
TEST_OLD = """from unittest.mock import patch

from shop.service import notify


def test_notify():
    with patch("shop.service.get_bridge") as fake:
        notify("a")
    assert fake.called
"""
TEST_NEW = "from shop.service import notify\n\n\ndef test_notify():\n    notify(FakeBridge(), 'a')\n"
WIRED = {"imports": "from shop.bridge import create_bridge\n", "wiring": "app.state.bridge = create_bridge()"}

BEFORE = {
    "appstate-lint.toml": DECLARED.format(status="in-progress"),
    "shop/__init__.py": "from shop.bridge import get_bridge\n\n__all__ = ['get_bridge']\n",
    "shop/bridge.py": CLASS + OLD,
    "shop/main.py": MAIN.format(imports="", wiring="app.title = 'shop'"),
    "shop/api.py": API_OLD,
    "shop/service.py": SERVICE_OLD,
    "tests/test_service.py": TEST_OLD,
}
HALF_WAY = {
    **BEFORE,
    "shop/__init__.py": "",
    "shop/bridge.py": CLASS + FACTORY + OLD,
    "shop/main.py": MAIN.format(**WIRED),
    "shop/api.py": API_NEW.format(argument=""),
}
AFTER = {
    **HALF_WAY,
    "appstate-lint.toml": DECLARED.format(status="complete"),
    "shop/bridge.py": CLASS + FACTORY,
    "shop/api.py": API_NEW.format(argument="request.app.state.bridge, "),
    "shop/service.py": SERVICE_NEW,
    "tests/test_service.py": TEST_NEW,
}
LEFT = {
    "before": [
        ("W7830", "shop/__init__.py", 1),
        ("W7831", "shop/__init__.py", 3),
        ("W7830", "shop/api.py", 12),
        ("W7830", "shop/service.py", 5),
        ("W7832", "tests/test_service.py", 7),
    ],
    "half-way": [("W7830", "shop/service.py", 5), ("W7832", "tests/test_service.py", 7)],
    "after": [],
}
STAGES = {"before": BEFORE, "half-way": HALF_WAY, "after": AFTER}
NAME = "bridge-to-factory"


@pytest.mark.parametrize("stage", STAGES)
def test_exactly_what_is_left_is_found(stage: str, tmp_path: Path) -> None:
    assert found(written(tmp_path, STAGES[stage])) == LEFT[stage]


@pytest.mark.parametrize("stage", STAGES)
def test_only_the_end_is_verified(stage: str, tmp_path: Path) -> None:
    root = str(written(tmp_path, STAGES[stage]))
    code, out, _ = run("migrate", "verify", NAME, root, "--output-format", "json")
    certificate = json.loads(out)
    assert code == (0 if stage == "after" else 1)
    assert certificate["complete"] is (stage == "after")
    assert certificate["component_initialized"] is (stage != "before")
    lines = [(each["file"], each["line"]) for each in certificate["leftovers"]]
    defined = [] if stage == "after" else [("shop/bridge.py", 9 if stage == "before" else 13)]
    assert lines == sorted([*((file, line) for _, file, line in LEFT[stage]), *defined])


def test_a_complete_migration_says_what_is_still_defined(tmp_path: Path) -> None:
    root = written(tmp_path, {**HALF_WAY, "appstate-lint.toml": DECLARED.format(status="complete")})
    assert ("W7833", "shop/bridge.py", 13) in found(root)


def test_verification_fails_if_the_component_may_be_missing(tmp_path: Path) -> None:
    late = MAIN.format(imports=WIRED["imports"], wiring="if app.debug:\n        app.state.bridge = create_bridge()")
    root = str(written(tmp_path, {**AFTER, "shop/main.py": late}))
    code, out, _ = run("migrate", "verify", NAME, root, "--output-format", "json")
    assert code == 1
    assert {each["code"] for each in json.loads(out)["faults"]} == {"W7804"}
    assert json.loads(out)["leftovers"] == []


def test_verification_fails_if_a_file_that_mentions_it_cannot_be_parsed(tmp_path: Path) -> None:
    broken = {"shop/broken.py": "get_bridge( = 1\n", "shop/unrelated.py": "def ( = 1\n"}
    root = str(written(tmp_path, {**AFTER, **broken}))
    code, out, _ = run("migrate", "verify", NAME, root)
    assert code == 1
    assert "shop/broken.py: may mention the old way and cannot be parsed" in out
    assert "unrelated" not in out


def test_verification_fails_if_nothing_of_that_name_is_in_sight(tmp_path: Path) -> None:
    declared = DECLARED.format(status="complete").replace("shop.bridge:get", "shopp.bridge:get")
    root = str(written(tmp_path, {**AFTER, "appstate-lint.toml": declared}))
    code, out, _ = run("migrate", "verify", NAME, root)
    assert code == 1
    assert "shopp.bridge:get_bridge: declared, but nothing of that name is, or was, in sight" in out


def test_a_declaration_that_means_nothing_is_said(tmp_path: Path) -> None:
    declared = DECLARED.format(status="in-progress").replace("shop.bridge:get", "shopp.bridge:get")
    root = written(tmp_path, {**AFTER, "appstate-lint.toml": declared})
    assert found(root) == [("W7825", "appstate-lint.toml", 2)]


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def test_the_burn_down_counts_from_a_commit(tmp_path: Path) -> None:
    root = written(tmp_path / "repository" / "service", BEFORE)
    git(root.parent, "init", "-q")
    git(root.parent, "add", ".")
    git(root.parent, "commit", "-qm", "before")
    written(root, HALF_WAY)
    certificate = answered("migrate", "verify", NAME, str(root), "--since", "HEAD")
    assert certificate["since"] == {"ref": "HEAD", "leftovers": 6, "done": 3}
    (row,) = answered("migrate", "status", str(root), "--since", "HEAD")["migrations"]
    assert row == {
        "migration": NAME, "status": "in-progress", "product": 2, "tests": 1, "left": 3, "before": 6, "allowed": 0,
        "complete": False,
    }  # fmt: skip
    code, out, _ = run("migrate", "status", str(root), "--output-format", "markdown")
    assert code == 0
    assert f"| {NAME} | in-progress | 2 | 1 | 3 | - | 0 | no |" in out
    code, _, err = run("migrate", "verify", NAME, str(root), "--since", "nowhere")
    assert code == 2
    assert err.count("\n") == 1
    assert "--since nowhere" in err


# --- analysis -------------------------------------------------------------------------------------------------------


def test_the_analysis_names_consumers_and_what_reaches_them(tmp_path: Path) -> None:
    root = str(written(tmp_path, BEFORE))
    analysis = answered("migrate", "analyze", NAME, root)
    reached = {
        (each["file"], each["line"]): (each["phases"], [entry["kind"] for entry in each["entry_points"]])
        for each in analysis["consumers"]
    }
    assert reached["shop/api.py", 12] == (["serving"], ["route"])
    assert reached["shop/service.py", 5][0] == ["serving"]
    assert reached["shop/service.py", 5][1] == ["route", "test"]
    assert reached["tests/test_service.py", 7] == ([], ["test"])
    assert analysis["risk"]["level"] == "medium"
    assert any("nothing sets component 'bridge' yet" in each["text"] for each in analysis["risk"]["reasons"])
    nodes = {node["id"] for node in analysis["map"]["nodes"]}
    assert {edge["from"] for edge in analysis["map"]["edges"]} | {
        edge["to"] for edge in analysis["map"]["edges"]
    } <= nodes


KINDS = {
    "appstate-lint.toml": '[[migrations]]\nname = "b"\naccessors = ["shop.bridge:get_bridge"]\ncomponent = "bridge"\n',
    "shop/__init__.py": "",
    "shop/bridge.py": CLASS + OLD,
    "shop/main.py": """import asyncio
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, WebSocket

from shop import bridge
from shop.bridge import get_bridge

EARLY = get_bridge()


async def work():
    get_bridge().send("background")


@asynccontextmanager
async def lifespan(app: FastAPI):
    get_bridge()
    asyncio.create_task(work())
    app.state.bridge = bridge.Bridge()
    yield
    get_bridge().send("stop")


app = FastAPI(lifespan=lifespan)


def dependency():
    return get_bridge()


@app.websocket("/ws")
async def socket(websocket: WebSocket):
    helper("socket")


@app.get("/")
async def route(found=Depends(dependency), name: str = "get_bridge"):
    return getattr(bridge, name)()


def helper(text):
    return get_bridge().send(text)


def dead():
    return get_bridge()
""",
}


def test_the_kinds_of_entry_points_are_told_apart(tmp_path: Path) -> None:
    analysis = answered("migrate", "analyze", "b", str(written(tmp_path, KINDS)))
    kinds = {
        (each["function"], each["line"]): sorted({entry["kind"] for entry in each["entry_points"]})
        for each in analysis["consumers"]
    }
    assert kinds["<module>", 9] == ["import"]
    assert kinds["work", 13] == ["background", "start-up"]
    assert kinds["lifespan", 18] == ["start-up"]
    assert kinds["dependency", 29] == ["route"]
    assert kinds["helper", 43] == ["websocket"]
    assert kinds["dead", 47] == []
    texts = " ".join(each["text"] for each in analysis["risk"]["reasons"])
    assert "before the component is set, the first at shop/main.py:9" in texts
    assert "shop/main.py:39" in texts
    assert "websocket and background" in texts
    assert analysis["risk"]["level"] == "high"


@pytest.mark.parametrize(("form", "first"), [("mermaid", "flowchart LR"), ("dot", "digraph migration {")])
def test_the_map_is_drawn(form: str, first: str, tmp_path: Path) -> None:
    code, out, _ = run("migrate", "analyze", NAME, str(written(tmp_path, BEFORE)), "--output-format", form)
    assert code == 0
    assert out.startswith(first)
    assert "shop.bridge.get_bridge" in out
    assert "shop/api.py:send" in out
    assert out.count("-->" if form == "mermaid" else "->") == 6


def test_a_name_that_is_not_declared_is_one_line(tmp_path: Path) -> None:
    root = str(written(tmp_path, BEFORE))
    for command in ("analyze", "plan", "verify"):
        code, out, err = run("migrate", command, "bridge-to-factry", root)
        assert (code, out) == (2, "")
        assert err == "appstate-lint: no migration named 'bridge-to-factry'; did you mean 'bridge-to-factory'?\n"


# --- plans ----------------------------------------------------------------------------------------------------------


def surveyed(root: Path) -> Survey:
    return engine.surveyed(root, config.load(root))[0]


def steps(root: Path) -> list[dict[str, Any]]:
    return list(answered("migrate", "plan", NAME, str(root))["steps"])


def test_a_plan_moves_from_the_new_way_to_the_removal(tmp_path: Path) -> None:
    made = steps(written(tmp_path, BEFORE))
    assert [each["stage"] for each in made] == sorted(each["stage"] for each in made)
    assert [(each["stage"], each["file"], each["line"]) for each in made] == [
        (1, "shop/bridge.py", 9),
        (2, "shop/main.py", 14),
        (3, "shop/api.py", 12),
        (3, "shop/service.py", 5),
        (4, "shop/__init__.py", 1),
        (5, "tests/test_service.py", 7),
        (6, "shop/bridge.py", 9),
        (6, "appstate-lint.toml", 2),
    ]
    assert all(each["change"] and each["proof"] for each in made)
    assert not any(each["done"] for each in made)


def test_a_plan_says_what_a_consumer_takes_instead(tmp_path: Path) -> None:
    given = API_OLD.replace("APIRouter\n", "APIRouter, Request\n", 1).replace(
        "def send()", "def send(request: Request)"
    )
    changes = {each["file"]: each["change"] for each in steps(written(tmp_path, {**BEFORE, "shop/api.py": given}))}
    assert changes["shop/api.py"] == "take `request.app.state.bridge`"
    assert changes["shop/service.py"].startswith("take 'bridge' as an argument, handed in by send (shop/api.py)")
    assert "lines 7" in changes["tests/test_service.py"]


def test_a_plan_that_is_done_has_no_step_open(tmp_path: Path) -> None:
    assert [each["title"] for each in steps(written(tmp_path, AFTER)) if not each["done"]] == []


def test_a_plan_ticks_itself_and_keeps_what_people_wrote(tmp_path: Path) -> None:
    root = written(tmp_path / "project", BEFORE)
    target = tmp_path / "PLAN.md"
    assert run("migrate", "plan", NAME, str(root), "--update", str(target))[0] == 0
    first = target.read_text("utf-8")
    assert first.count("- [ ]") == 8
    assert first.count("- [x]") == 0
    edited = first.replace("## 4. ", "Anna does the next one.\n\n## 4. ").replace("# Migration plan", "# Our plan")
    target.write_text(edited, "utf-8")
    written(root, {**HALF_WAY, "shop/more.py": SERVICE_OLD})
    assert run("migrate", "plan", NAME, str(root), "--update", str(target))[0] == 0
    second = target.read_text("utf-8")
    assert "Anna does the next one.\n" in second
    assert second.startswith("# Our plan")
    ticked = [line for line in second.splitlines() if line.startswith("- [x]")]
    assert [line.split("`")[1].split(":")[0] for line in ticked] == [
        "shop/bridge.py", "shop/main.py", "shop/api.py", "shop/__init__.py",
    ]  # fmt: skip
    assert sum("shop/more.py" in line and line.startswith("- [ ]") for line in second.splitlines()) == 1
    assert run("migrate", "plan", NAME, str(root), "--update", str(target))[0] == 0
    assert target.read_text("utf-8") == second


def test_a_box_that_was_ticked_by_hand_is_open_while_the_code_says_so(tmp_path: Path) -> None:
    root = written(tmp_path, BEFORE)
    survey = surveyed(root)
    from appstate_lint.migration.analysis import analyze

    made = plan(survey, analyze(survey, survey.settings.migrations[0]))
    text = markdown(made)
    assert updated(text.replace("- [ ]", "- [x]"), made) == text


# --- candidates -----------------------------------------------------------------------------------------------------

SINGLETONS = {
    "shop/__init__.py": "",
    "shop/kinds.py": """from functools import lru_cache


class Pool:
    pass


class Settings:
    pass


class Registry:
    _instance = None

    @classmethod
    def get_instance(cls):
        if cls._instance is None:
            cls._instance = cls()
        return cls._instance


class Only:
    _instance = None

    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance


class Meta(type):
    _made = {}

    def __call__(cls, *args):
        if cls not in cls._made:
            cls._made[cls] = super().__call__(*args)
        return cls._made[cls]


class Cache(metaclass=Meta):
    pass


def singleton(cls):
    made = {}

    def get():
        return made.setdefault(cls, cls())

    return get


@singleton
class Bus:
    pass


class Counter:
    def __init__(self):
        self.count = 0

    def up(self):
        self.count += 1


class Stateless:
    def up(self):
        return 1


_pool = None
_driver: Pool | None = None
_names = None
counter = Counter()
stateless = Stateless()


def get_pool():
    global _pool
    if _pool is None:
        _pool = Pool()
    return _pool


def initialize_driver(size):
    global _driver
    _driver = Pool()


def get_driver():
    if _driver is None:
        raise RuntimeError("not initialized")
    return _driver


def reconfigure_driver(size):
    global _driver
    _driver = Pool()


@lru_cache
def get_settings():
    return Settings()


def get_hybrid(app=None):
    global _hybrid
    if app is not None:
        return app.state.pool
    _hybrid = Pool()
    return _hybrid


def get_names():
    global _names
    if _names is None:
        _names = list("abc")
    return _names


@lru_cache
def get_number():
    return 3


def count_up():
    global _count
    _count = 1
    return _count
""",
    "shop/other.py": "class Other:\n    pass\n\n\n_other = None\n\n\ndef get_pool():\n    global _other\n"
    "    _other = _other or Other()\n    if _other is None:\n        _other = Other()\n    return _other\n\n\n"
    "def get_driver(request):\n    return request.app.state.driver\n",
    "shop/use.py": """from shop.kinds import Bus, Cache, Only, Registry, counter, get_driver, get_pool, stateless
from shop.kinds import get_settings


def use():
    return get_pool(), get_driver(), get_settings(), Registry.get_instance(), Only(), Cache(), Bus(), stateless


def more():
    counter.up()
    return get_pool()
""",
    "shop/main.py": "from fastapi import FastAPI\nfrom shop.kinds import Pool\n"
    "app = FastAPI()\napp.state.pool = Pool()\n",
    "tests/test_use.py": "from shop.kinds import get_pool\n\n\ndef test_pool():\n    assert get_pool()\n",
}


def test_candidates_are_told_by_their_shape(tmp_path: Path) -> None:
    listed = answered("migrate", "candidates", str(written(tmp_path, SINGLETONS)))["candidates"]
    assert {each["accessors"][0]: each["pattern"] for each in listed} == {
        "shop.kinds:get_pool": "lazy global",
        "shop.kinds:get_driver": "initialize, get and reconfigure",
        "shop.kinds:get_hybrid": "state first, else global",
        "shop.kinds:get_settings": "cached accessor",
        "shop.kinds:Registry.get_instance": "class method",
        "shop.kinds:Only": "__new__",
        "shop.kinds:Cache": "metaclass",
        "shop.kinds:Bus": "decorator",
        "shop.kinds:counter": "module instance",
        "shop.other:get_pool": "lazy global",
    }
    by_name = {each["accessors"][0]: each for each in listed}
    pool = by_name["shop.kinds:get_pool"]
    assert pool["class"] == "shop.kinds.Pool"
    assert pool["consumers"] == [{"file": "shop/use.py", "line": 6}, {"file": "shop/use.py", "line": 11}]
    assert pool["tests"] == [{"file": "tests/test_use.py", "line": 5}]
    assert pool["components"] == ["pool"]
    assert pool["same_name"] == ["shop.other:get_pool gives Other"]
    assert by_name["shop.kinds:get_driver"]["same_name"] == ["shop.other:get_driver takes request"]
    assert by_name["shop.kinds:get_driver"]["setters"] == [
        "shop.kinds:initialize_driver", "shop.kinds:reconfigure_driver",
    ]  # fmt: skip


def test_declarations_can_be_pasted(tmp_path: Path) -> None:
    root = written(tmp_path, SINGLETONS)
    code, out, _ = run("migrate", "candidates", str(root), "--output-format", "toml")
    assert code == 0
    (root / "appstate-lint.toml").write_text(out, "utf-8")
    assert len(config.load(root).migrations) == 10
    assert answered("migrate", "candidates", str(root))["candidates"] == []
    for migration in config.load(root).migrations:
        survey = surveyed(root)
        assert list(survey.unresolved(migration)) == []


def test_a_global_behind_a_cached_function_is_one_candidate(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "",
        "shop/__init__.py": "",
        "shop/keys.py": (
            "from functools import lru_cache\n\n\nclass Keys:\n    pass\n\n\n_keys = None\n\n\n"
            "@lru_cache\ndef get_keys():\n    global _keys\n"
            "    if _keys is None:\n        _keys = Keys()\n    return _keys\n"
        ),
        "shop/main.py": (
            "from fastapi import FastAPI\n\nfrom shop.keys import get_keys\n\napp = FastAPI()\n\n\n"
            '@app.get("/")\nasync def read():\n    return get_keys()\n'
        ),
    }
    listed = answered("migrate", "candidates", str(written(tmp_path, files)))["candidates"]
    assert [(each["accessors"], each["pattern"]) for each in listed] == [(["shop.keys:get_keys"], "lazy global")]


def test_candidates_are_shown_with_their_declaration(tmp_path: Path) -> None:
    code, out, _ = run("migrate", "candidates", str(written(tmp_path, SINGLETONS)))
    assert code == 0
    assert "component of the same class: pool\n" in out
    assert '    accessors = ["shop.kinds:get_pool"]\n' in out
    assert out.endswith("10 undeclared singletons\n")
