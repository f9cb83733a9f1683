"""`check --fix`: which readers of misspelt names are renamed, which are left, and that nothing else changes."""

from __future__ import annotations

import contextlib
import io
import json
import random
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec
import pytest

from appstate_lint import cli, engine, fixing, source
from appstate_lint.cli_common import write_changes
from appstate_lint.cli_output import CannotRun
from appstate_lint.config import Settings, is_misspelling
from appstate_lint.migration import journal
from appstate_lint.migration.applying import journal_for
from appstate_lint.migration.edits import Name, Rewrite
from appstate_lint.migration.rewriting import CannotRewrite, rewritten
from tests import full_disk

HEAD = """from contextlib import asynccontextmanager
from fastapi import FastAPI, Request


class Bus:
    def send(self, text):
        return text


class Store:
    def load(self):
        return 1


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.event_bus = Bus()
    app.state.user_store = Store()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def index(request: Request):
"""
AIOHTTP = """from aiohttp import web


async def start(app):
    app["event_bus"] = object()


async def index(request):
{}
    return web.Response()


app = web.Application()
app.on_startup.append(start)
app.router.add_get("/", index)
"""


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.autocrlf=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


def made(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """A git repository in which these files, and an empty package, are committed."""
    for name, content in {"shop/__init__.py": "", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "before")
    return root


def check(root: Path, *options: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run(["check", str(root), "--no-cache", "--output-format", "concise", *options])
    return code, out.getvalue(), err.getvalue()


def changed(root: Path) -> list[str]:
    return git(root, "status", "--porcelain", "--untracked-files=all").split()[1::2]


def left(err: str) -> list[str]:
    return [line.removeprefix("left: ") for line in err.splitlines() if line.startswith("left: ")]


# --- what is renamed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return request.app.state.evnt_bus", "return request.app.state.event_bus"),
        ("return request . app.state. evnt_bus  # why", "return request . app.state. event_bus  # why"),
        ("return (request.app.state.evnt_bus)", "return (request.app.state.event_bus)"),
        ("return request.app.state.evnt_bus.send('x')", "return request.app.state.event_bus.send('x')"),
        ("return getattr(request.app.state, 'evnt_bus')", "return getattr(request.app.state, 'event_bus')"),
        ('return getattr(request.app.state, "evnt_bus", None)', 'return getattr(request.app.state, "event_bus", None)'),
        ("return hasattr( request.app.state, r'evnt_bus' )", "return hasattr( request.app.state, r'event_bus' )"),
        ("evnt_bus = request.app.state.evnt_bus\n    return evnt_bus.send", None),
        ("return 'évnt', request.app.state.evnt_bus", "return 'évnt', request.app.state.event_bus"),
        ("return getattr(\n        request.app.state,\n        'evnt_bus',  # why\n        None,\n    )", None),
        ("state = request.app.state\n    return state.evnt_bus", None),
        ("bus: Bus = request.app.state.evnt_bus\n    return bus", None),
        ("return request.app.state.evnt_bus, request.app.state.evnt_bus",
         "return request.app.state.event_bus, request.app.state.event_bus"),
    ],
)  # fmt: skip
def test_a_read_gets_the_name_that_is_set(tmp_path: Path, before: str, after: str | None) -> None:
    root = made(tmp_path, {"shop/main.py": f"{HEAD}    {before}\n"})
    code, out, err = check(root, "--fix")
    expected = after or before.replace("state.evnt_bus", "state.event_bus").replace("'evnt_bus'", "'event_bus'")
    assert (root / "shop/main.py").read_text("utf-8") == f"{HEAD}    {expected}\n"
    assert (code, out, left(err)) == (0, "", [])
    assert changed(root) == ["shop/main.py"]
    assert not (root / journal.FOLDER).exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('request.app["evnt_bus"]', 'request.app["event_bus"]'),
        ("request.app.get('evnt_bus')", "request.app.get('event_bus')"),
        ("'evnt_bus' in request.app", "'event_bus' in request.app"),
        ("'evnt_bus' not in request.app", "'event_bus' not in request.app"),
    ],
)
def test_items_are_renamed(tmp_path: Path, before: str, after: str) -> None:
    root = made(tmp_path, {"shop/main.py": AIOHTTP.format(f"    print({before})")})
    assert check(root)[0] == 1
    code, out, err = check(root, "--fix")
    assert (root / "shop/main.py").read_text() == AIOHTTP.format(f"    print({after})")
    assert (code, out, left(err)) == (0, "", [])


def test_all_readers_are_renamed_in_all_files(tmp_path: Path) -> None:
    api = (
        "from fastapi import APIRouter, Request\n\nrouter = APIRouter()\n\n\n"
        "def bus_of(request):\n    return request.app.state.evnt_bus\n\n\n"
        '@router.get("/a")\nasync def a(request: Request):\n'
        "    request.app.state.evnt_bus.send(1)\n    bus_of(request)\n    return request.app.state.evnt_bus\n"
    )
    main = HEAD.replace("FastAPI, Request\n", "FastAPI, Request\nfrom shop import api\n", 1)
    main += "    return request.app.state.evnt_bus\n\n\napp.include_router(api.router)\n"
    root = made(tmp_path, {"shop/main.py": main, "shop/api.py": api})
    code, _, err = check(root, "--fix")
    assert (code, left(err)) == (0, [])
    assert (root / "shop/main.py").read_text() == main.replace("evnt_bus", "event_bus")
    assert (root / "shop/api.py").read_text() == api.replace("evnt_bus", "event_bus")
    assert err.count("renamed: shop/api.py") == 3


def test_what_runs_only_behind_a_renamed_guard_is_renamed_too(tmp_path: Path) -> None:
    """Else the fix would make code run, and fail, that never ran before."""
    body = (
        "    if has_bus(request):\n        return bus_of(request)\n\n\n"
        'def has_bus(request):\n    return hasattr(request.app.state, "evnt_bus")\n\n\n'
        "def bus_of(request):\n    return request.app.state.evnt_bus\n"
    )
    root = made(tmp_path, {"shop/main.py": HEAD + body})
    assert [line.split()[1] for line in check(root)[1].splitlines()] == ["W7803"]
    assert check(root, "--fix")[0] == 0
    assert (root / "shop/main.py").read_text() == HEAD + body.replace("evnt_bus", "event_bus")


LETTERS = "abcdefghijklmnopqrstuvwxyz"


def misspelt(name: str, rng: random.Random) -> str:
    """A name with one letter more, less, wrong, or two changed over; the first letter stays."""
    place = rng.randrange(1, len(name) - 1)
    one = rng.choice(LETTERS.replace(name[place], ""))
    made = {
        "more": name[:place] + one + name[place:],
        "less": name[:place] + name[place + 1 :],
        "wrong": name[:place] + one + name[place + 1 :],
        "swapped": name[:place] + name[place + 1] + name[place] + name[place + 2 :],
    }
    found = made[rng.choice(sorted(made))]
    return found if found != name and found.isidentifier() else misspelt(name, rng)


NAMES = [
    *("alarm_bridge", "billing_gateway", "catalog_index", "delivery_router", "event_stream", "forecast_model"),
    *("geocoder_pool", "heartbeat_clock", "invoice_printer", "journal_writer"),
]
FORMS = ["request.app.state.{0}", 'getattr(request.app.state, "{0}", None)', "hasattr(request.app.state, '{0}')"]


def test_thirty_planted_misspellings_are_mended_and_nothing_else(tmp_path: Path) -> None:
    """The oracle is the healthy program: what comes out is, byte for byte, what the misspellings were planted in."""
    rng = random.Random(20)
    start = "".join(f"    app.state.{name} = object()\n" for name in NAMES)
    head = HEAD.replace("    yield\n", f"{start}    yield\n", 1) + "    return 1\n"
    healthy, planted = head, head
    for number, (name, form) in enumerate((name, form) for name in NAMES for form in FORMS):
        route = f'\n\n@app.get("/{number}")\nasync def route_{number}(request: Request):\n    return '
        healthy += f"{route}{form.format(name)}  # {number}\n"
        planted += f"{route}{form.format(misspelt(name, rng))}  # {number}\n"
    root = made(tmp_path, {"shop/main.py": planted})
    assert len(check(root)[1].splitlines()) == len(NAMES) * len(FORMS) == 30
    code, out, err = check(root, "--fix")
    assert (root / "shop/main.py").read_text() == healthy
    assert (code, out, left(err)) == (0, "", [])
    stamp = (root / "shop/main.py").stat()
    assert check(root, "--fix", "--allow-dirty")[0] == 0
    assert (root / "shop/main.py").stat() == stamp


# --- names with words left out ---------------------------------------------------------------------------------------

BRIDGE = HEAD.replace("    yield\n", "    app.state.agent_websocket_bridge = Bus()\n    yield\n", 1)


@pytest.mark.parametrize("short", ["websocket_bridge", "agent_websocket", "AGENT_WEBSOCKET"])
def test_a_name_with_words_left_out_gets_the_one_that_nothing_reads(tmp_path: Path, short: str) -> None:
    body = (
        f"    request.app.state.{short}.send(1)\n    return bridge_of(request)\n\n\n"
        f"def bridge_of(request) -> Bus:\n    return getattr(request.app.state, '{short}', None)\n"
    )
    root = made(tmp_path, {"shop/main.py": BRIDGE + body})
    code, out, err = check(root, "--fix")
    assert (root / "shop/main.py").read_text() == BRIDGE + body.replace(short, "agent_websocket_bridge")
    assert (code, out, left(err)) == (0, "", [])


def test_what_runs_only_behind_a_guard_with_words_left_out_is_renamed_too(tmp_path: Path) -> None:
    """The second reader comes to light when the first one has its name, which is no longer unread then."""
    body = (
        '    if hasattr(request.app.state, "websocket_bridge"):\n        return bridge_of(request)\n\n\n'
        "def bridge_of(request):\n    return request.app.state.websocket_bridge\n"
    )
    root = made(tmp_path, {"shop/main.py": BRIDGE + body})
    assert check(root, "--fix")[0] == 0
    assert (root / "shop/main.py").read_text() == BRIDGE + body.replace("websocket_bridge", "agent_websocket_bridge")


@pytest.mark.parametrize(
    ("start", "body", "reason"),
    [
        ("", "return s.websocket_bridge, s.agent_websocket_bridge",
         "'agent_websocket_bridge' is more than a slip away, and may have readers"),
        ("", "return s.websocket_bridge, getattr(request.app.state, request.url.path)",
         "'agent_websocket_bridge' is more than a slip away, and may have readers"),
        ("", "return s.websocket_bridge\n\n\ndef never_run(app: FastAPI):\n    return app.state.agent_websocket_bridge",
         "'agent_websocket_bridge' is more than a slip away, and may have readers"),
        ("app.state.user_websocket_bridge = Bus()", "return s.websocket_bridge",
         "it may be meant for any of agent_websocket_bridge, user_websocket_bridge"),
        ("", "return s.websocket_bridge, s.agent_websocket", "'agent_websocket' may be meant for '{}', too"),
        ("", "return s.websocket_bridge, s.agent_websocket_brigde",
         "'agent_websocket_brigde' may be meant for '{}', too"),
        ("", "return s.agent_bridge", "'{}' is more than a slip away"),
        ("", "return s.websocket", "'{}' is more than a slip away"),
        ("", "return s.websocket_bridges", "'{}' is more than a slip away"),
        ("", "return s.websocket_bridge.load()", "the reader uses .load, which '{}' does not have"),
        ("", "bridge: Store = s.websocket_bridge\n    return bridge", "the reader wants shop.main.Store, '{}' is none"),
    ],
)  # fmt: skip
def test_words_left_out_may_mean_something_else(tmp_path: Path, start: str, body: str, reason: str) -> None:
    head = BRIDGE.replace("    yield\n", f"    {start}\n    yield\n", 1) if start else BRIDGE
    root = made(tmp_path, {"shop/main.py": f"{head}    {body.replace('s.', 'request.app.state.')}\n"})
    code, _, err = check(root, "--fix")
    assert code == 1
    assert reason.format("agent_websocket_bridge") in {each.split(": ", 2)[2] for each in left(err)}
    assert "state.agent_websocket_bridge = Bus()" in (root / "shop/main.py").read_text()
    assert (
        body.split(",")[0].split("\n")[0].rpartition(".")[2].removesuffix("()") in (root / "shop/main.py").read_text()
    )


def test_words_left_out_of_a_name_that_a_test_sets_are_left(tmp_path: Path) -> None:
    test = "from shop.main import app\n\n\ndef test_bridge():\n    app.state.websocket_bridge = 1\n"
    body = "    return getattr(request.app.state, 'websocket_bridge', None)\n"
    root = made(tmp_path, {"shop/main.py": BRIDGE + body, "tests/test_bridge.py": test})
    check(root, "--fix")
    assert changed(root) == []


# --- what is left ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "body", "reason", "guess"),
    [
        ("app.state.event_bun = 1", "return request.app.state.event_bux",
         "it may be meant for any of event_bun, event_bus", "event_bun"),
        ("", "return request.app.state.bus", "'event_bus' is more than a slip away", "event_bus"),
        ("app.state.async_pool = 1", "return request.app.state.sync_pool", "'sync' is a word of this project",
         "async_pool"),
        ("", "return request.app.state.user_stone, stone_age(1)\n\n\ndef stone_age(stone):\n    return stone",
         "'stone' is a word of this project", "user_store"),
        ("", "return request.app.state.evnt_bus.load()", "the reader uses .load, which 'event_bus' does not have",
         "event_bus"),
        ("", "bus: Store = request.app.state.evnt_bus\n    return bus",
         "the reader wants shop.main.Store, 'event_bus' is none", "event_bus"),
        ("", "return find(request)\n\n\ndef find(request) -> Store:\n    return request.app.state.evnt_bus",
         "the reader wants shop.main.Store, 'event_bus' is none", "event_bus"),
    ],
)  # fmt: skip
def test_guesses_are_left_unless_they_are_wanted(
    tmp_path: Path, start: str, body: str, reason: str, guess: str
) -> None:
    head = HEAD.replace("    yield\n", f"    {start}\n    yield\n", 1) if start else HEAD
    root = made(tmp_path, {"shop/main.py": f"{head}    {body}\n"})
    before = (root / "shop/main.py").read_bytes()
    code, out, err = check(root, "--fix")
    assert code == 1
    assert (root / "shop/main.py").read_bytes() == before
    assert [each.split(": ", 2)[2] for each in left(err)] == [reason]
    assert f"did you mean '{guess}'?" in out
    check(root, "--fix", "--unsafe-fixes")
    assert f"app.state.{guess}" in (root / "shop/main.py").read_text().split("def index")[1]


@pytest.mark.parametrize("unsafe", [False, True])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("NAME = 'evnt_bus'\n    return getattr(request.app.state, NAME)", "the name does not stand there itself"),
        ("return getattr(request.app.state, 'evnt' '_bus')", "the name does not stand there itself"),
        ("return getattr(request.app.state, 'evnt\\x5fbus')", "the name does not stand there itself"),
        ("return [getattr(request.app.state, x) for x in ('evnt_bus', 'evnt_buss')]", "the name is computed"),
        ("if request.url:\n        del request.app.state.evnt_bus\n    return request.app.state.evnt_bus",
         "some code deletes it, too"),
    ],
)  # fmt: skip
def test_what_cannot_be_renamed_is_left_and_said(tmp_path: Path, body: str, reason: str, unsafe: bool) -> None:
    root = made(tmp_path, {"shop/main.py": f"{HEAD}    {body}\n"})
    code, _, err = check(root, "--fix", *["--unsafe-fixes"] * unsafe)
    assert code == 1
    reasons = {each.split(": ", 2)[2] for each in left(err)}
    assert reasons == {reason} or (not unsafe and reasons == {"'evnt' is a word of this project"})
    assert changed(root) == []


def test_a_reader_that_would_fail_instead_keeps_another_from_its_name(tmp_path: Path) -> None:
    body = "    key = 'evnt_bus'\n    request.app.state.evnt_bus.send(1)\n    return getattr(request.app.state, key)\n"
    root = made(tmp_path, {"shop/main.py": HEAD + body})
    code, out, err = check(root, "--fix")
    assert code == 1
    assert out.startswith("shop/main.py:28:")
    reason = "appstate-never-initialized would be found then (shop/main.py:29)"
    assert f"shop/main.py:28: 'evnt_bus' to 'event_bus': {reason}" in left(err)
    assert changed(root) == []
    check(root, "--fix", "--unsafe-fixes")
    assert "request.app.state.event_bus.send(1)" in (root / "shop/main.py").read_text()


def test_a_rename_that_brings_another_finding_is_left(tmp_path: Path) -> None:
    body = HEAD.replace("    app.state.event_bus", "    app.state.user_stroe.load()\n    app.state.event_bus", 1)
    root = made(tmp_path, {"shop/main.py": f"{body}    return request.app.state.evnt_bus\n"})
    code, _, err = check(root, "--fix")
    assert code == 1
    reason = "appstate-read-before-init would be found then (shop/main.py:17)"
    assert left(err) == [f"shop/main.py:17: 'user_stroe' to 'user_store': {reason}"]
    text = (root / "shop/main.py").read_text()
    assert "app.state.user_stroe.load()" in text
    assert "request.app.state.event_bus" in text


def test_a_rename_that_brings_a_finding_is_left_in_its_application_only(tmp_path: Path) -> None:
    bad = "    key = 'evnt_bus'\n    request.app.state.evnt_bus.send(1)\n    return getattr(request.app.state, key)\n"
    files = {"shop/main.py": HEAD + "    return request.app.state.user_stroe\n", "shop/second.py": HEAD + bad}
    root = made(tmp_path, files)
    code, _, err = check(root, "--fix")
    assert code == 1
    assert changed(root) == ["shop/main.py"]
    assert any("shop/second.py:28: 'evnt_bus'" in each for each in left(err))


def test_a_reader_that_is_reported_by_another_rule_then_keeps_nobody_from_a_name(tmp_path: Path) -> None:
    body = "    request.app.state.evnt_bus.send(1)\n    return request.app.state.missing\n"
    root = made(tmp_path, {"shop/main.py": HEAD + body})

    def analyze(overlay: Mapping[str, str]) -> engine.Examined:
        found = examined(root, overlay)
        other = [msgspec.structs.replace(each, rule="appstate-external-writer") for each in found.findings]
        return found._replace(findings=tuple(other))

    first = examined(root)
    assert {each.component for each in first.findings if each.rule == "appstate-never-initialized"} == {
        "evnt_bus", "missing",
    }  # fmt: skip
    fixes = fixing.prepare(root, first, first.findings, analyze)
    assert [(each.old, each.new) for each in fixes.renamed] == [("evnt_bus", "event_bus")]


def test_a_name_that_another_application_may_have_is_left(tmp_path: Path) -> None:
    second = HEAD.replace("event_bus = Bus()", "evnt_bus = Bus()").partition('\n\n@app.get("/")')[0]
    shared = "\n\nfrom shop.main import router\napp.include_router(router)\n"
    main = HEAD.replace("import FastAPI", "import APIRouter, FastAPI").replace("@app.get", "@router.get")
    main = main.replace("app = FastAPI(", "router = APIRouter()\napp = FastAPI(")
    main += "    return request.app.state.evnt_bus\n\n\napp.include_router(router)\n"
    root = made(tmp_path, {"shop/main.py": main, "shop/second.py": second + shared})
    check(root, "--fix", "--unsafe-fixes")
    assert changed(root) == []


ROUTES = (
    "from fastapi import APIRouter, Request\n\nrouter = APIRouter()\n\n\n"
    '@router.get("/a")\nasync def a(request: Request):\n    return request.app.state.evnt_bus\n'
)


def application(start: str, more: str = "") -> str:
    """A module with an application whose start-up code is ``start``, and the routes of `shop.api`."""
    return (
        "import os\nfrom contextlib import asynccontextmanager\nfrom fastapi import FastAPI\nfrom shop import api\n\n\n"
        f"@asynccontextmanager\nasync def lifespan(app: FastAPI):\n    {start}\n    yield\n\n\n"
        f"app = FastAPI(lifespan=lifespan)\n{more or 'app.include_router(api.router)'}\n"
    )


SETS = "app.state.event_bus = object()"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"shop/two.py": application("app.state.evnt_bum = object()")}, "applications would need different names"),
        ({"shop/two.py": application('setattr(app.state, os.environ["NAME"], 1)')},
         "shop.two:app reads it too, and may have it"),
        ({"shop/one.py": application(SETS, 'sub = FastAPI()\nsub.include_router(api.router)\napp.mount("/sub", sub)')},
         "'event_bus' is not surely set in the same application"),
        ({"appstate-lint.toml": 'tests = ["shop/api.py"]\n'}, ""),
    ],
    ids=["different names", "may have it", "mounted", "test"],
)  # fmt: skip
def test_what_other_applications_need_is_minded(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    root = made(tmp_path, {"shop/api.py": ROUTES, "shop/one.py": application(SETS), **files})
    _, _, err = check(root, "--fix", "--unsafe-fixes")
    assert changed(root) == []
    assert [each.split(": ", 2)[2] for each in left(err)] == ([reason] if reason else [])


def test_tests_are_left(tmp_path: Path) -> None:
    test = (
        "from fastapi.testclient import TestClient\nfrom shop.main import app\n\n\ndef test_bus():\n"
        "    with TestClient(app):\n        assert app.state.evnt_bus\n"
    )
    root = made(tmp_path, {"shop/main.py": HEAD + "    return request.app.state.evnt_bus\n", "tests/test_bus.py": test})
    assert check(root, "--fix", "--unsafe-fixes")[0] == 0
    assert changed(root) == ["shop/main.py"]


def test_a_name_that_a_test_sets_is_a_guess(tmp_path: Path) -> None:
    test = "from shop.main import app\n\n\ndef test_bus():\n    app.state.evnt_bus = 1\n"
    root = made(tmp_path, {"shop/main.py": HEAD + "    return request.app.state.evnt_bus\n", "tests/test_bus.py": test})
    _, _, err = check(root, "--fix")
    assert left(err) == ["shop/main.py:27: 'evnt_bus' to 'event_bus': a test sets it (tests/test_bus.py:5)"]
    assert changed(root) == []


def test_files_that_cannot_be_parsed_stay(tmp_path: Path) -> None:
    broken = "def f(app:\n    return app.state.evnt_bus\n"
    root = made(tmp_path, {"shop/main.py": HEAD + "    return request.app.state.user_stor\n", "shop/broken.py": broken})
    check(root, "--fix", "--unsafe-fixes")
    assert (root / "shop/broken.py").read_text() == broken


@pytest.mark.parametrize("options", [["--ignore", "E7802"], ["--select", "W7803"], ["--diff", "HEAD"]])
def test_only_what_is_reported_is_fixed(tmp_path: Path, options: list[str]) -> None:
    root = made(tmp_path, {"shop/main.py": HEAD + "    return request.app.state.evnt_bus\n"})
    assert check(root, "--fix", *options)[0] == 0
    assert changed(root) == []


def test_a_silenced_finding_is_not_fixed(tmp_path: Path) -> None:
    line = "    return request.app.state.evnt_bus  # pylint: disable=appstate-never-initialized\n"
    root = made(tmp_path, {"shop/main.py": HEAD + line})
    assert check(root, "--fix")[0] == 0
    assert changed(root) == []


def test_a_silenced_reader_is_left_when_another_is_renamed(tmp_path: Path) -> None:
    silenced = "    return request.app.state.evnt_bus  # pylint: disable=appstate-never-initialized\n"
    other = '\n\n@app.get("/b")\nasync def other(request: Request):\n    return request.app.state.evnt_bus\n'
    root = made(tmp_path, {"shop/main.py": HEAD + silenced + other})
    assert check(root, "--fix")[0] == 0
    assert (root / "shop/main.py").read_text() == HEAD + silenced + other.replace("evnt_bus", "event_bus")


@pytest.mark.parametrize("options", [[], ["--unsafe-fixes"]])
def test_only_files_at_the_paths_are_fixed(tmp_path: Path, options: list[str]) -> None:
    api = (
        "from fastapi import APIRouter, Request\nrouter = APIRouter()\n\n\n"
        '@router.get("/a")\nasync def a(request: Request):\n    return request.app.state.evnt_bus\n'
    )
    main = HEAD.replace("FastAPI, Request\n", "FastAPI, Request\nfrom shop import api\n", 1)
    main += "    return request.app.state.evnt_bus\n\n\napp.include_router(api.router)\n"
    root = made(tmp_path, {"shop/main.py": main, "shop/api.py": api})
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        assert cli.run(["check", str(root / "shop/api.py"), "--no-cache", "--fix", *options]) == 0
    assert changed(root) == ["shop/api.py"]


# --- bytes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dressed",
    [
        lambda text: text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: ("# -*- coding: latin-1 -*-\n" + text).encode("latin-1"),
        lambda text: text.replace("    ", "\t").encode(),
    ],
    ids=["plain", "crlf", "bom", "bom and crlf", "no last line end", "latin-1", "tabs"],
)
def test_all_other_bytes_stay(tmp_path: Path, dressed: object) -> None:
    assert callable(dressed)
    text = HEAD + "    größe = 'ä'; é = request.app.state.evnt_bus  # ü\n    return é, größe\n"
    root = made(tmp_path, {"shop/main.py": dressed(text)})
    (root / "shop/main.py").chmod(0o755)
    git(root, "commit", "-qam", "mode")
    code, _, err = check(root, "--fix")
    assert (code, left(err)) == (0, [])
    assert (root / "shop/main.py").read_bytes() == dressed(text.replace("evnt_bus", "event_bus"))
    assert (root / "shop/main.py").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("old", "at", "new"),
    [
        ("f(a.old, a.old)\n", (1, 9, 1, 14), "f(a.old, a.new)\n"),
        ("getattr(a, b'old')\n", (1, 0, 1, 18), None),
        ("getattr(a, f'old')\n", (1, 0, 1, 18), None),
        ("getattr(a, name='old')\n", (1, 0, 1, 22), None),
        ("a['old']['old']\n", (1, 0, 1, 8), "a['new']['old']\n"),
        ("a['old':]\n", (1, 0, 1, 9), None),
        ("'''old''' in a\n", (1, 0, 1, 14), "'''new''' in a\n"),
        ("f'{a.old}'\n", (1, 3, 1, 8), "f'{a.new}'\n"),
        ("a.other\n", (1, 0, 1, 7), None),
        ("a.old\n", (1, 0, 1, 4), None),
    ],
)
def test_only_a_name_that_stands_there_is_replaced(old: str, at: tuple[int, int, int, int], new: str | None) -> None:
    rewrite = Rewrite("a.py", names=(Name(*at, "old", "new"),))
    if new is None:
        with pytest.raises(CannotRewrite):
            rewritten(old.encode(), rewrite)
    else:
        assert rewritten(old.encode(), rewrite).decode() == new


@pytest.mark.parametrize(
    ("word", "other", "is_one"),
    [
        ("evnt_bus", "event_bus", True),
        ("eventBus", "event_bus", True),
        ("event_bsu", "event_bus", True),
        ("evntbuss", "event_bus", True),
        ("db", "dbs", False),
        ("bus", "event_bus", False),
        ("cache", "cached", True),
        ("cache", "catches", False),
        ("shard_1", "shard_2", False),
        ("redis", "redis_url", False),
        ("user_service", "order_service", False),
    ],
)
def test_what_a_misspelling_is(word: str, other: str, is_one: bool) -> None:
    assert is_misspelling(word, other) is is_misspelling(other, word) is is_one


# --- safety ---------------------------------------------------------------------------------------------------------

FAULTY = HEAD + "    return request.app.state.evnt_bus\n"


def test_a_dry_run_prints_the_patch_and_changes_nothing(tmp_path: Path) -> None:
    root = made(tmp_path, {"shop/main.py": FAULTY.encode().rstrip(b"\n")})
    code, out, err = check(root, "--fix", "--dry-run")
    assert code == 1
    assert changed(root) == []
    assert "can be renamed: shop/main.py:27: 'evnt_bus' to 'event_bus'" in err
    subprocess.run(["git", "apply", "-"], cwd=root, input=out, text=True, check=True)
    patched = (root / "shop/main.py").read_bytes()
    git(root, "checkout", "-q", ".")
    check(root, "--fix")
    assert (root / "shop/main.py").read_bytes() == patched != FAULTY.encode()


def test_a_file_with_changes_of_its_own_is_refused(tmp_path: Path) -> None:
    root = made(tmp_path, {"shop/main.py": FAULTY})
    (root / "shop/main.py").write_text(FAULTY + "# mine\n")
    code, _, err = check(root, "--fix")
    assert code == 2
    assert "changes that are not committed: shop/main.py; commit or stash them, or give --allow-dirty" in err
    assert (root / "shop/main.py").read_text() == FAULTY + "# mine\n"
    assert check(root, "--fix", "--allow-dirty")[0] == 0
    assert (root / "shop/main.py").read_text() == FAULTY.replace("evnt_bus", "event_bus") + "# mine\n"


def test_changes_elsewhere_do_not_matter(tmp_path: Path) -> None:
    root = made(tmp_path, {"shop/main.py": FAULTY, "README": "a"})
    (root / "README").write_text("b")
    assert check(root, "--fix")[0] == 0


def test_without_git_it_asks(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(FAULTY)
    (tmp_path / "appstate-lint.toml").write_text("")
    code, _, err = check(tmp_path, "--fix")
    assert code == 2
    assert "--allow-dirty" in err
    assert (tmp_path / "main.py").read_text() == FAULTY


def test_a_read_only_file_is_refused(tmp_path: Path) -> None:
    root = made(tmp_path, {"shop/main.py": FAULTY})
    (root / "shop/main.py").chmod(0o444)
    code, _, err = check(root, "--fix", "--allow-dirty")
    assert code == 2
    assert "shop/main.py: it is read-only; make it writable" in err
    assert (root / "shop/main.py").read_text() == FAULTY


@pytest.mark.parametrize("pages", [0, 1, 2])
def test_a_disk_that_is_full_changes_nothing(tmp_path: Path, pages: int) -> None:
    root = made(tmp_path / "project", {"shop/main.py": FAULTY})
    disk = tmp_path / "disk"
    disk.mkdir()
    done = full_disk.run(root, disk, pages, "check", "--fix", "--no-cache")
    assert (done.code, done.unchanged) == (2, True)
    assert "No space left on device; nothing was changed" in done.err.splitlines()[-1]
    assert full_disk.run(root, disk, 100, "check", "--fix", "--no-cache")[::2] == (0, False)


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 1, "migration": "other", "entries": []}'])
def test_a_journal_that_somebody_else_wrote_is_refused(tmp_path: Path, text: str) -> None:
    root = made(tmp_path, {"shop/main.py": FAULTY})
    path = journal.path_of(root, "check --fix")
    path.parent.mkdir()
    path.write_text(text)
    code, _, err = check(root, "--fix")
    assert code == 2
    assert err.count("\n") == 1 and "remove it" in err
    assert (root / "shop/main.py").read_text() == FAULTY


def test_a_hostile_journal_writes_nowhere(tmp_path: Path) -> None:
    root = made(tmp_path / "project", {"shop/main.py": FAULTY})
    outside = tmp_path / "outside.py"
    outside.write_text("mine = 1\n")
    entry = journal.entry(root, "../outside.py", b"evil = 1\n", b"mine = 1\n")
    path = journal.path_of(root, "check --fix")
    path.parent.mkdir()
    path.write_bytes(msgspec.json.encode(journal.Journal(1, "check --fix", (entry,))))
    code, _, err = check(root, "--fix")
    assert code == 2
    assert "'../outside.py' leads out of the root" in err
    assert (root / "shop/main.py").read_text() == FAULTY
    assert outside.read_text() == "mine = 1\n"


def examined(root: Path, overlay: Mapping[str, str] | None = None) -> engine.Examined:
    return engine.examine(root, Settings(), overlay=overlay)


def test_a_file_that_is_edited_during_the_analysis_is_left(tmp_path: Path) -> None:
    root = made(tmp_path, {"shop/main.py": FAULTY})
    edited = FAULTY.replace("class Bus", "# mine\nclass Bus")

    first = examined(root)
    (root / "shop/main.py").write_text(edited)
    fixes = fixing.prepare(root, first, first.findings, partial(examined, root))
    assert fixes.changes == ()
    assert [each.reason for each in fixes.left] == ["the file has just changed; run again"]


def prepared(root: Path) -> fixing.Fixes:
    first = examined(root)
    return fixing.prepare(root, first, first.findings, partial(examined, root))


def test_a_file_that_is_edited_after_the_analysis_is_refused(tmp_path: Path) -> None:
    root = made(tmp_path, {"shop/main.py": FAULTY, "shop/other.py": "x = 1\n"})
    fixes = prepared(root)
    (root / "shop/main.py").write_text(FAULTY + "# mine\n")
    with pytest.raises(CannotRun, match="it has just changed; run again"):
        write_changes(root, "check --fix", fixes.changes, allow_dirty=True)
    assert (root / "shop/main.py").read_text() == FAULTY + "# mine\n"


def test_what_a_lost_process_left_can_be_undone(tmp_path: Path) -> None:
    api = (
        "from fastapi import APIRouter, Request\nrouter = APIRouter()\n\n\n"
        '@router.get("/a")\nasync def a(request: Request):\n    return request.app.state.evnt_bus\n'
    )
    main = FAULTY.replace("FastAPI, Request\n", "FastAPI, Request\nfrom shop import api\n", 1)
    main += "\n\napp.include_router(api.router)\n"
    root = made(tmp_path, {"shop/main.py": main, "shop/api.py": api})
    changes = prepared(root).changes
    assert len(changes) == 2

    def lost(stage: Path, target: Path) -> None:
        if target.name == "main.py":
            raise KeyboardInterrupt
        stage.replace(target)

    with pytest.raises(KeyboardInterrupt):
        kept = journal_for(root, "check --fix", changes)
        journal.write(root, kept, {each.file: each.after for each in changes}, lost)
    assert changed(root) == ["shop/api.py"]
    with contextlib.redirect_stderr(io.StringIO()):
        assert cli.run(["migrate", "rollback", "check --fix", str(root)]) == 0
    assert changed(root) == []


def test_the_report_is_of_what_remains(tmp_path: Path) -> None:
    root = made(tmp_path, {"shop/main.py": HEAD + "    request.app.state.evnt_bus\n    return request.app.state.bus\n"})
    code, out, _ = check(root, "--fix", "--output-format", "json")
    assert code == 1
    report = json.loads(out)
    assert [(each["code"], each["component"]) for each in report["findings"]] == [("E7802", "bus")]
    assert report["coverage"]["reads"]["flagged"] == 1


@pytest.mark.parametrize(("name", "expected"), [("evnt_bus", [1, 0, 2]), ("event_bus", [1, 0, 0])])
def test_one_analysis_finds_and_one_makes_sure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, expected: list[int]
) -> None:
    """The analyses are counted of a check, of a fix that has nothing to mend, and of one that has."""
    root = made(tmp_path / "project", {"shop/main.py": f"{HEAD}    return request.app.state.{name}\n"})
    run, ran = engine._run, []

    def counted(*given: object, **options: object) -> engine.Ran:
        ran.append(given)
        return run(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "_run", counted)
    counts = []
    options = ["check", str(root), "--cache-dir", str(tmp_path / "cache")]
    for more in ([], ["--fix", "--select", "W7804"], ["--fix"]):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            cli.run([*options, *more])
        counts.append(len(ran))
        ran.clear()
    assert counts == expected


def test_the_cache_does_not_keep_what_was_fixed(tmp_path: Path) -> None:
    root = made(tmp_path / "project", {"shop/main.py": FAULTY})
    options = ["check", str(root), "--cache-dir", str(tmp_path / "cache")]
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        codes = [cli.run(options), cli.run([*options, "--fix"]), cli.run(options)]
    assert codes == [1, 0, 0]
    assert source.decode((root / "shop/main.py").read_bytes()) == FAULTY.replace("evnt_bus", "event_bus")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--unsafe-fixes"], "--unsafe-fixes says how to fix; give --fix, too"),
        (["--dry-run"], "--dry-run says how to fix; give --fix, too"),
        (["--allow-dirty"], "--allow-dirty says how to fix; give --fix, too"),
        (["--fix", "--watch"], "--fix changes the files that --watch looks at; give one of them"),
    ],
)
def test_options_that_do_not_fit_are_one_line(tmp_path: Path, options: list[str], line: str) -> None:
    root = made(tmp_path, {"shop/main.py": FAULTY})
    code, out, err = check(root, *options)
    assert (code, out) == (2, "")
    assert line in err
    assert changed(root) == []
