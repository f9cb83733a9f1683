"""`migrate apply` and `migrate rollback`: what is rewritten, and that it is undone exactly, whatever fails."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from appstate_lint import cli
from appstate_lint.migration import journal
from appstate_lint.migration.edits import Call, Import, Rewrite
from appstate_lint.migration.rewriting import CannotRewrite, rewritten
from tests import full_disk

NAME = "bridge"
DECLARED = """[[migrations]]
name = "bridge"
accessors = ["shop.bridge:get_bridge", "shop.bridge:open_bridge"]
component = "bridge"
"""
BRIDGE = """class Bridge:
    def send(self, text):
        return text


_bridge = Bridge()


def get_bridge():
    return _bridge


async def open_bridge():
    return _bridge
"""
MAIN = """from contextlib import asynccontextmanager

from fastapi import FastAPI

from shop import api, other
from shop.bridge import Bridge, get_bridge


@asynccontextmanager
async def lifespan(app: FastAPI):
    get_bridge().send("start")
    app.state.bridge = Bridge()
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(api.router)
app.include_router(other.router)
"""
API = """from fastapi import APIRouter, Request, WebSocket

from shop.bridge import (
    Bridge,
    get_bridge,  # the old way
    open_bridge,
)
from shop.helper import help_out

router = APIRouter()
TYPE = Bridge


@router.get("/one")
async def one(request: Request):
    help_out()
    return get_bridge().send("häh")  # kept


@router.get("/two")
async def two(request: Request):
    bridge = (await open_bridge()).send( "x" )
    return bridge, [get_bridge() for _ in "ab"], (lambda: get_bridge())()


@router.websocket("/ws")
async def socket(websocket: WebSocket):
    await websocket.send_text(get_bridge().send("a"))


@router.get("/three")
async def three():
    return get_bridge()


@router.get("/four")
async def four(request: Request):
    request = None
    return get_bridge()
"""
API_AFTER = """from fastapi import APIRouter, Request, WebSocket

from shop.bridge import (
    Bridge,
    get_bridge,  # the old way
)
from shop.helper import help_out

router = APIRouter()
TYPE = Bridge


@router.get("/one")
async def one(request: Request):
    help_out()
    return request.app.state.bridge.send("häh")  # kept


@router.get("/two")
async def two(request: Request):
    bridge = request.app.state.bridge.send( "x" )
    return bridge, [request.app.state.bridge for _ in "ab"], (lambda: request.app.state.bridge)()


@router.websocket("/ws")
async def socket(websocket: WebSocket):
    await websocket.send_text(websocket.app.state.bridge.send("a"))


@router.get("/three")
async def three():
    return get_bridge()


@router.get("/four")
async def four(request: Request):
    request = None
    return get_bridge()
"""
OTHER = """from fastapi import APIRouter, Request
router = APIRouter()


@router.get("/café")
def café(request: Request):
    from shop.bridge import get_bridge
    größe = get_bridge()
    return größe"""
OTHER_AFTER = """from fastapi import APIRouter, Request
router = APIRouter()


@router.get("/café")
def café(request: Request):
    größe = request.app.state.bridge
    return größe"""
FILES = {
    "appstate-lint.toml": DECLARED,
    "shop/__init__.py": "",
    "shop/bridge.py": BRIDGE,
    "shop/main.py": MAIN,
    "shop/api.py": API,
    "shop/other.py": OTHER,
    "shop/helper.py": "from shop.bridge import get_bridge\n\n\ndef help_out():\n    return get_bridge()\n",
    "shop/unused.py": "import os\nfrom shop.bridge import get_bridge\n\nHERE = os.curdir\n",
}
CHANGED = ["shop/api.py", "shop/other.py", "shop/unused.py"]


def encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    """The files as bytes: one with CRLF and a BOM, one without a last line end."""
    made = {name: text.encode() for name, text in files.items()}
    made["shop/api.py"] = b"\xef\xbb\xbf" + made["shop/api.py"].replace(b"\n", b"\r\n")
    return made


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.autocrlf=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, content in encoded(FILES).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (root / "shop/other.py").chmod(0o755)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "before")
    return root


def tree(root: Path) -> str:
    """The hash of the whole tree, as git sees it: contents and the executable bit of every file."""
    git(root, "add", "-A")
    return git(root, "write-tree")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }


def run(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run(["migrate", *arguments])
    return code, out.getvalue(), err.getvalue()


# --- rewriting ------------------------------------------------------------------------------------------------------


def test_the_mechanical_part_is_rewritten(root: Path) -> None:
    code, out, err = run("apply", NAME, str(root))
    assert code == 0
    expected = encoded({"shop/api.py": API_AFTER, "shop/other.py": OTHER_AFTER})
    assert (root / "shop/api.py").read_bytes() == expected["shop/api.py"]
    assert (root / "shop/other.py").read_bytes() == expected["shop/other.py"]
    assert (root / "shop/unused.py").read_text() == "import os\n\nHERE = os.curdir\n"
    assert (root / "shop/other.py").stat().st_mode & 0o777 == 0o755
    assert git(root, "diff", "--name-only").splitlines() == CHANGED
    assert "+    return request.app.state.bridge.send" in out
    assert "9 places in 3 files rewritten, 4 left" in err


def test_what_is_left_is_said_with_the_reason(root: Path) -> None:
    _, _, err = run("apply", NAME, str(root), "--dry-run")
    left = {line.split(": ")[1]: line.split(": ", 3)[3] for line in err.splitlines() if line.startswith("left: ")}
    assert left == {
        "shop/api.py:33": "no request, websocket or application is in scope",
        "shop/api.py:39": "no request, websocket or application is in scope",
        "shop/helper.py:5": "no request, websocket or application is in scope",
        "shop/main.py:11": "it runs in startup, when the component may not be there",
    }


def test_what_stands_below_a_comment_of_its_own_is_left(root: Path) -> None:
    text = "import os\n# for the old way\nfrom shop.bridge import get_bridge\nfrom shop.bridge import open_bridge\n"
    (root / "shop/unused.py").write_text(text)
    code, _, err = run("apply", NAME, str(root), "--allow-dirty")
    assert code == 0
    assert (root / "shop/unused.py").read_text() == text.rpartition("from")[0]
    assert "left: shop/unused.py:3: get_bridge: it stands below a comment of its own" in err


@pytest.mark.parametrize(
    ("caught", "is_left"), [("RuntimeError", True), ("Exception", False), ("ImportError", False), ("OSError", True)]
)
def test_a_call_whose_own_failure_is_caught_is_left(root: Path, caught: str, is_left: bool) -> None:
    call = f"    try:\n        return get_bridge()\n    except {caught}:\n        return None\n"
    (root / "shop/other.py").write_text((root / "shop/other.py").read_text().rpartition("    größe")[0] + call)
    code, _, err = run("apply", NAME, str(root), "--allow-dirty")
    assert code == 0
    assert ("get_bridge" in (root / "shop/other.py").read_text()) is is_left
    assert ("left: shop/other.py:9: get_bridge: its own failure is caught here" in err) is is_left


def test_an_import_error_of_the_accessor_itself_is_caught(root: Path) -> None:
    bridge = BRIDGE.replace("get_bridge():\n", "get_bridge():\n    import shop.plugin\n")
    (root / "shop/bridge.py").write_text(bridge)
    call = "    try:\n        return get_bridge()\n    except ImportError:\n        return None\n"
    (root / "shop/other.py").write_text((root / "shop/other.py").read_text().rpartition("    größe")[0] + call)
    _, _, err = run("apply", NAME, str(root), "--allow-dirty")
    assert "left: shop/other.py:9: get_bridge: its own failure is caught here" in err


def test_what_a_framework_keeps_for_later_is_not_taken_to_run_at_once(root: Path) -> None:
    """The router is included where nobody sees it; its dependency has a request all the same."""
    hidden = (
        "import vendor\nfrom fastapi import APIRouter, Depends, FastAPI, Request\n"
        "from shop.bridge import get_bridge\n\n\n"
        "def send(request: Request):\n    return get_bridge()\n\n\n"
        "def send_all(app: FastAPI):\n    return get_bridge()\n\n\n"
        "def ask(request: Request):\n    return get_bridge()\n\n\nvendor.register(ask)\n"
        "router = APIRouter(dependencies=[Depends(send), Depends(send_all)])\n"
    )
    (root / "shop/hidden.py").write_text(hidden)
    assert run("apply", NAME, str(root), "--allow-dirty")[0] == 0
    text = (root / "shop/hidden.py").read_text()
    assert text.count("    return request.app.state.bridge\n") == 2
    assert "    return app.state.bridge\n" in text


def test_the_tests_that_reach_what_is_rewritten_are_named(root: Path) -> None:
    test = "from shop.other import café\n\n\ndef test_it():\n    assert café(None)\n"
    (root / "tests").mkdir()
    (root / "tests/test_other.py").write_text(test)
    (root / "tests/test_more.py").write_text("def test_more():\n    assert True\n")
    _, _, err = run("apply", NAME, str(root), "--dry-run")
    assert "\nthese reach what is rewritten: pytest tests/test_other.py\n" in err


@pytest.mark.parametrize(
    ("fallback", "after"),
    [
        ('getattr(request.app.state, "bridge", None) or get_bridge()', "request.app.state.bridge"),
        ('(getattr(request.app.state, "bridge", None)\n        or get_bridge())', "(request.app.state.bridge)"),
        ('f(getattr(request.app.state, "bridge", None) or (get_bridge()), 1)', "f(request.app.state.bridge, 1)"),
        ('getattr(request.state, "bridge", None) or get_bridge()', None),
        ('getattr(request.app.state, "bridge", 0) or get_bridge()', None),
        ("request.app.state.bridge and get_bridge()", None),
        ('getattr(request.app.state, "bridge", None) or 0 or get_bridge()', None),
        ('getattr(request.app.state, "bridge", None) or f(get_bridge())', None),
        ("request.app.state.bridge if request.url else get_bridge()", None),
    ],
)
def test_a_fallback_for_a_component_that_is_there_goes(root: Path, fallback: str, after: str | None) -> None:
    text = OTHER.rpartition("    größe")[0]
    (root / "shop/other.py").write_text(f"{text}    return {fallback}\n")
    code, _, err = run("apply", NAME, str(root), "--allow-dirty")
    assert code == 0
    if after is None:
        assert (root / "shop/other.py").read_text() == f"{text}    return {fallback}\n"
        assert "get_bridge: it stands in for 'bridge' where that is missing" in err
    else:
        assert (root / "shop/other.py").read_text() == f"{OTHER_AFTER.rpartition('    größe')[0]}    return {after}\n"


@pytest.mark.parametrize(
    "body",
    [
        'x = getattr(request.app.state, "bridge", None)\n    if x is None:\n        return get_bridge()\n    return x',
        'if "bridge" in request.app.state:\n        return 1\n    return get_bridge()',
        "if request.app.state.bridge is None:\n        return get_bridge()\n    return 1",
        'if not hasattr(request.app.state, "bridge"):\n        return get_bridge()\n    return 1',
    ],
)
def test_what_stands_in_for_a_missing_component_is_left(root: Path, body: str) -> None:
    text = f"{OTHER.rpartition('    größe')[0]}    {body}\n"
    (root / "shop/other.py").write_text(text)
    code, _, err = run("apply", NAME, str(root), "--allow-dirty")
    assert code == 0
    assert (root / "shop/other.py").read_text() == text
    assert "get_bridge: it stands in for 'bridge' where that is missing" in err


def test_imports_inside_functions_go_where_nothing_in_them_needs_them(root: Path) -> None:
    text = f"""{OTHER.rpartition("    from")[0]}    if request.url:
        from shop.bridge import get_bridge

        return get_bridge()
    from shop.bridge import get_bridge

    return get_bridge()


def kept():
    from shop.bridge import get_bridge

    return get_bridge()
"""
    (root / "shop/other.py").write_text(text)
    code, _, _ = run("apply", NAME, str(root), "--allow-dirty")
    assert code == 0
    after = (root / "shop/other.py").read_text()
    moved, kept = after.split("def kept")
    assert "get_bridge" not in moved
    assert moved.count("return request.app.state.bridge") == 2
    assert kept == text.split("def kept")[1]


def test_what_the_analysis_would_report_is_left(root: Path) -> None:
    """Start-up sets the component on some paths only: the fallback is needed, and so is the accessor."""
    main = MAIN.replace("    app.state.bridge = Bridge()", "    if api.TYPE:\n        app.state.bridge = Bridge()")
    (root / "shop/main.py").write_text(main)
    code, out, err = run("apply", NAME, str(root), "--dry-run")
    assert code == 0
    assert "left: shop/other.py:8: get_bridge: appstate-maybe-uninitialized would be found then" in err
    assert [line for line in out.splitlines() if line.startswith("+++")] == ["+++ b/shop/unused.py"]


@pytest.mark.parametrize(
    ("start", "is_left"),
    [
        ("app.state.bridge = Bridge()\n    get_bridge().send(1)", False),
        ("if app.debug:\n        app.state.bridge = Bridge()\n    get_bridge().send(1)", True),
        ("app.state.bridge = Bridge() if app.debug else None\n    get_bridge().send(1)", True),
        ("get_bridge().send(1)\n    app.state.bridge = Bridge()", True),
    ],
)
def test_what_runs_before_serving_is_rewritten_where_the_component_is_proved(
    root: Path, start: str, is_left: bool
) -> None:
    old = 'get_bridge().send("start")\n    app.state.bridge = Bridge()'
    main = MAIN.replace(old, start)
    (root / "shop/main.py").write_text(main)
    code, _, err = run("apply", NAME, str(root), "--allow-dirty")
    assert code == 0
    assert ("get_bridge: it runs in startup, when the component may not be there" in err) is is_left
    text = (root / "shop/main.py").read_text()
    rewritten_main = main.replace("get_bridge().send", "app.state.bridge.send").replace(", get_bridge", "")
    assert text == (main if is_left else rewritten_main)


def test_a_dry_run_changes_nothing(root: Path) -> None:
    before = contents(root)
    code, out, _ = run("apply", NAME, str(root), "--dry-run")
    assert code == 0
    assert out.count("+++ b/") == 3
    assert contents(root) == before


def test_a_second_run_changes_nothing(root: Path) -> None:
    run("apply", NAME, str(root))
    once = contents(root)
    code, out, _ = run("apply", NAME, str(root), "--allow-dirty")
    assert (code, out) == (0, "")
    assert contents(root) == once


def test_the_result_is_found_by_the_analysis(root: Path) -> None:
    run("apply", NAME, str(root))
    _, out, _ = run("verify", NAME, str(root), "--output-format", "json")
    found = json.loads(out)
    assert found["faults"] == []
    assert {(each["file"], each["line"]) for each in found["leftovers"] if each["kind"] == "accessor"} == {
        ("shop/api.py", 32), ("shop/api.py", 38), ("shop/helper.py", 5), ("shop/main.py", 11),
    }  # fmt: skip


def test_nothing_is_rewritten_while_nothing_sets_the_component(root: Path) -> None:
    (root / "shop/main.py").write_text(MAIN.replace("app.state.bridge = Bridge()", "pass"), encoding="utf-8")
    (root / "shop/unused.py").unlink()
    code, out, err = run("apply", NAME, str(root), "--dry-run")
    assert (code, out) == (0, "")
    assert "nothing sets component 'bridge' yet" in err


@pytest.mark.parametrize(
    ("old", "calls", "imports", "new"),
    [
        ("f(  )\n", [Call(1, 0, 1, 5, "a.b")], [], "a.b\n"),
        ("x = (f()\n  )\n", [Call(1, 5, 1, 8, "a.b")], [], "x = (a.b\n  )\n"),
        ("async def g():\n  return(await f())\n", [Call(2, 15, 2, 18, "a.b", True)], [], None),
        ("from m import f, g\n", [], [Import(1, 14, "f")], "from m import g\n"),
        ("from m import f, g\n", [], [Import(1, 17, "g")], "from m import f\n"),
        ("import os; from m import f\n", [], [Import(1, 25, "f")], "import os\n"),
        ("if x:\n    from m import f\n", [], [Import(2, 18, "f")], "if x:\n    pass\n"),
        ("if x: from m import f\n", [], [Import(1, 20, "f")], "if x: pass\n"),
        ("from m import (\n    f,  # why\n    g,\n)\n", [], [Import(2, 4, "f")], "from m import (\n    g,\n)\n"),
        ("from m import (\n    f,\n    g,\n)\n", [], [Import(3, 4, "g")], "from m import (\n    f,\n)\n"),
        (
            "from m import (\n    f,  # a\n    g\n)\n",
            [],
            [Import(3, 4, "g")],
            "from m import (\n    f  # a\n)\n",
        ),
        ("from m import (\n    f,\n    g\n)\n", [], [Import(3, 4, "g")], "from m import (\n    f\n)\n"),
        ("ä = f(); é = f()\n", [Call(1, 13, 1, 16, "a.b")], [], "ä = f(); é = a.b\n"),
        ("\tx = 1\n", [Call(1, 0, 1, 3, "a.b")], [], CannotRewrite),
        ("x = f(1)\n", [Call(1, 4, 1, 8, "a.b")], [], CannotRewrite),
        ("y = 1\nx = f\n", [Call(2, 4, 2, 5, "a.b")], [], CannotRewrite),
        ("# ours\nfrom m import f\n", [], [Import(2, 14, "f")], "# ours\n"),
        ("x = 1\n# why it is here\nfrom m import f\n", [], [Import(3, 14, "f")], CannotRewrite),
    ],
)
def test_only_the_planned_nodes_change(old: str, calls: Any, imports: Any, new: str | type[Exception] | None) -> None:
    rewrite = Rewrite("a.py", tuple(calls), tuple(imports))
    if new is CannotRewrite:
        with pytest.raises(CannotRewrite):
            rewritten(old.encode(), rewrite)
        return
    result = rewritten(old.encode(), rewrite).decode()
    assert result == ("async def g():\n  return(a.b)\n" if new is None else new)


def test_the_coding_of_a_file_stays() -> None:
    old = "# -*- coding: latin-1 -*-\nä = 'ü', f()\n".encode("latin-1")
    new = rewritten(old, Rewrite("a.py", (Call(2, 9, 2, 12, "a.b"),)))
    assert new == "# -*- coding: latin-1 -*-\nä = 'ü', a.b\n".encode("latin-1")


# --- undoing --------------------------------------------------------------------------------------------------------


def test_rollback_is_exact(root: Path) -> None:
    before, files = tree(root), contents(root)
    assert run("apply", NAME, str(root))[0] == 0
    assert tree(root) != before
    git(root, "reset", "-q")
    code, _, err = run("rollback", NAME, str(root))
    assert (code, err) == (0, "3 files as before\n")
    assert tree(root) == before
    assert contents(root) == files
    assert (root / "shop/other.py").stat().st_mode & 0o777 == 0o755
    code, _, err = run("rollback", NAME, str(root))
    assert code == 2
    assert err.count("\n") == 1


def test_two_runs_are_undone_together(root: Path) -> None:
    before = contents(root)
    run("apply", NAME, str(root))
    git(root, "commit", "-qam", "applied")
    text = (root / "shop/helper.py").read_text()
    changed = text.replace("def help_out():", "def help_out(request: Request):")
    (root / "shop/helper.py").write_text("from fastapi import Request\n" + changed)
    git(root, "commit", "-qam", "a request")
    edited = contents(root)
    assert run("apply", NAME, str(root))[0] == 0
    assert b"request.app.state.bridge" in (root / "shop/helper.py").read_bytes()
    assert run("rollback", NAME, str(root))[0] == 0
    after = contents(root)
    assert {name for name in after if after[name] != before.get(name)} == {"shop/helper.py"}
    assert after["shop/helper.py"] == edited["shop/helper.py"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("from fastapi", "# mine\nfrom fastapi"),
        ("def café", "# mine\ndef café"),
        ("router = ", "import os\f\n\nrouter = "),
    ],
)
def test_a_file_that_was_edited_stops_the_rollback(root: Path, old: str, new: str) -> None:
    """The patch that is printed undoes the rewriting and keeps the edit, wherever that is."""
    before = (root / "shop/other.py").read_bytes()
    run("apply", NAME, str(root))
    path = root / "shop/other.py"
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))
    edited = contents(root)
    code, out, err = run("rollback", NAME, str(root))
    assert code == 2
    assert err.count("\n") == 1
    assert "edited since, so nothing was touched: shop/other.py" in err
    assert contents(root) == edited
    subprocess.run(["git", "apply", "-"], input=out.encode(), cwd=root, check=True)
    assert path.read_bytes() == before.replace(old.encode(), new.encode())


def test_a_line_that_was_edited_after_it_was_rewritten_is_marked(root: Path) -> None:
    run("apply", NAME, str(root))
    path = root / "shop/other.py"
    path.write_bytes(path.read_bytes().replace(b"    gr", b"    mine = gr"))
    _, out, _ = run("rollback", NAME, str(root))
    subprocess.run(["git", "apply", "-"], input=out.encode(), cwd=root, check=True)
    text = path.read_text("utf-8")
    assert text.index("<<<<<<<") < text.index("mine = größe") < text.index("=======") < text.index("= get_bridge()")
    assert "from shop.bridge import get_bridge" in text


def test_a_rollback_of_something_else_says_what_can_be_undone(root: Path) -> None:
    assert "`migrate apply` keeps a journal of what it changes" in run("rollback", "brigde", str(root))[2]
    run("apply", NAME, str(root))
    (root / journal.FOLDER / "other.json").write_text("[]")
    code, _, err = run("rollback", "brigde", str(root))
    assert code == 2
    assert err.endswith("; what can be undone is 'bridge'\n")


def test_an_edited_file_stops_the_next_apply_too(root: Path) -> None:
    run("apply", NAME, str(root))
    (root / "shop/unused.py").write_text("from shop.bridge import get_bridge\n")
    before = contents(root)
    code, _, err = run("apply", NAME, str(root), "--allow-dirty")
    assert code == 2
    assert "shop/unused.py: edited since it was rewritten" in err
    assert contents(root) == before


def test_a_dirty_tree_is_refused(root: Path) -> None:
    (root / "shop/api.py").write_bytes((root / "shop/api.py").read_bytes() + b"# mine\r\n")
    before = contents(root)
    code, _, err = run("apply", NAME, str(root))
    assert code == 2
    assert "changes that are not committed: shop/api.py; commit or stash them" in err.splitlines()[-1]
    assert contents(root) == before
    assert run("apply", NAME, str(root), "--allow-dirty")[0] == 0
    assert run("rollback", NAME, str(root))[0] == 0
    assert contents(root) == before


def test_asking_git_runs_nothing_that_the_repository_names(root: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    monitor = tmp_path / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {ran}\n")
    monitor.chmod(0o755)
    git(root, "config", "core.fsmonitor", str(monitor))
    assert run("apply", NAME, str(root))[0] == 0
    assert not ran.exists()


def test_a_read_only_file_is_refused(root: Path) -> None:
    (root / "shop/other.py").chmod(0o444)
    before = contents(root)
    code, _, err = run("apply", NAME, str(root), "--allow-dirty")
    assert code == 2
    assert err.splitlines()[-1] == "appstate-lint: shop/other.py: it is read-only; make it writable"
    assert contents(root) == before


def test_a_link_is_refused(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    (root / "shop/other.py").replace(outside)
    (root / "shop/other.py").symlink_to(outside)
    held = outside.read_bytes()
    code, _, err = run("apply", NAME, str(root), "--allow-dirty")
    if code == 2:
        assert "leads through a link" in err
    assert outside.read_bytes() == held


@pytest.mark.parametrize("number", range(6))
def test_a_full_disk_changes_nothing(root: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(root)
    write, calls = journal._write_bytes, []

    def full(path: Path, content: bytes) -> None:
        calls.append(path)
        if len(calls) > number:
            path.write_bytes(content[: len(content) // 2])
            raise OSError(28, "No space left on device", str(path))
        write(path, content)

    monkeypatch.setattr(journal, "_write_bytes", full)
    code, _, err = run("apply", NAME, str(root))
    if number < 4:
        assert code == 2
        assert "No space left on device; nothing was changed" in err.splitlines()[-1]
        assert contents(root) == before
    else:
        assert code == 0


@pytest.mark.parametrize("pages", [0, 1, 2, 3, 4])
def test_a_disk_that_is_full_changes_nothing(root: Path, tmp_path: Path, pages: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    done = full_disk.run(root, disk, pages, "migrate", "apply", NAME)
    assert (done.code, done.unchanged) == (2, True)
    assert "No space left on device; nothing was changed" in done.err.splitlines()[-1]


@pytest.mark.parametrize("pages", [0, 1, 2])
def test_a_rollback_on_a_full_disk_changes_nothing(root: Path, tmp_path: Path, pages: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    assert run("apply", NAME, str(root))[0] == 0
    done = full_disk.run(root, disk, pages, "migrate", "rollback", NAME)
    assert (done.code, done.unchanged) == (2, True)
    assert "No space left on device; nothing was changed" in done.err
    assert full_disk.run(root, disk, 100, "migrate", "rollback", NAME)[::2] == (0, False)


def test_a_disk_with_room_is_not_full(root: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    done = full_disk.run(root, disk, 100, "migrate", "apply", NAME)
    assert (done.code, done.unchanged) == (0, False)


# --- failures, one at every write -----------------------------------------------------------------------------------

WRITES = 4
"""The journal and three files are put in place."""


def failing_at(number: int, kind: type[BaseException]) -> Any:
    calls: list[Path] = []

    def replace(stage: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == number:
            raise kind(5, "Input/output error", str(target)) if kind is OSError else kind()
        stage.replace(target)

    return replace


def whole(root: Path, old: Mapping[str, bytes], new: Mapping[str, bytes]) -> bool:
    """Tell whether every file is as it was or as it is to be, and there is no other outside of the linter's folder."""
    now = {name: content for name, content in contents(root).items() if not name.startswith(journal.FOLDER)}
    return now.keys() == old.keys() and all(content in (old[name], new[name]) for name, content in now.items())


@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_two_hundred_cycles_with_a_failure_at_every_write(
    root: Path, tmp_path: Path, kind: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = contents(root)
    beside = sorted(path.name for path in tmp_path.iterdir())
    assert run("apply", NAME, str(root))[0] == 0
    kept = journal.load(root, NAME)
    assert kept is not None
    after = {entry.path: entry.result for entry in kept.entries}
    assert run("rollback", NAME, str(root))[0] == 0
    new = {**old, **after}
    for cycle in range(100):
        fresh = journal.Journal(1, NAME, kept.entries)
        try:
            journal.write(root, fresh, after, failing_at(cycle % (WRITES + 1) + 1, kind))
        except (journal.Refused, KeyboardInterrupt) as failure:
            assert whole(root, old, new)
            if isinstance(failure, journal.Refused):
                assert contents(root) == old
        known = journal.load(root, NAME)
        if known is not None:
            with contextlib.suppress(journal.Refused, KeyboardInterrupt):
                journal.roll_back(root, known, failing_at(cycle % WRITES + 1, kind))
            assert whole(root, old, new)
            again = journal.load(root, NAME)
            if again is not None:
                journal.roll_back(root, again)
        journal.tidy(root)
        assert contents(root) == old
    assert sorted(path.name for path in tmp_path.iterdir()) == beside


KILLED = """
import os, signal, sys
from pathlib import Path
from appstate_lint.migration import journal

number, calls = int(sys.argv[1]), []


def replace(stage, target):
    calls.append(target)
    if len(calls) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    os.replace(stage, target)


root = Path(sys.argv[2])
data = Path(sys.argv[3]).read_bytes()
import msgspec
kept = msgspec.json.decode(data, type=journal.Journal)
journal.write(root, kept, {each.path: each.result for each in kept.entries}, replace)
"""


@pytest.mark.parametrize("number", range(1, WRITES + 1))
def test_a_killed_process_leaves_whole_files_and_an_exact_rollback(root: Path, tmp_path: Path, number: int) -> None:
    old = contents(root)
    assert run("apply", NAME, str(root))[0] == 0
    saved = tmp_path / "saved"
    saved.write_bytes(journal.path_of(root, NAME).read_bytes())
    new = {**old, **{name: (root / name).read_bytes() for name in CHANGED}}
    assert run("rollback", NAME, str(root))[0] == 0
    done = subprocess.run([sys.executable, "-c", KILLED, str(number), str(root), str(saved)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert whole(root, old, new)
    assert run("rollback", NAME, str(root))[0] == (2 if number == 1 else 0)
    journal.tidy(root)
    assert contents(root) == old


# --- journals that somebody else wrote ------------------------------------------------------------------------------


def hostile(entry: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**entry, **changes}


EVIL = base64.b64encode(b"evil = 1\n").decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "../outside.py"},
        {"path": "/etc/passwd.py"},
        {"path": "shop/../../outside.py"},
        {"path": "C:/outside.py"},
        {"path": "..\\outside.py"},
        {"path": "shop//other.py"},
        {"path": ""},
        {"path": "shop/other.py\0"},
        {"path": "shop/linked.py"},
        {"path": "linked/outside.py"},
        {"path": "shop"},
        {"path": ".git/hooks/pre-commit"},
        {"path": "appstate-lint.toml"},
        {"path": "shop/missing.py"},
        {"path": "shop/api.py"},
        {"mode": -1},
        {"mode": 0o100644 << 6},
        {"mode": "755"},
        {"before": EVIL},
        {"after": EVIL},
        {"before": "%%%"},
        {"before_hash": "0" * 64},
        {"extra": 1},
    ],
    ids=repr,
)
def test_a_hostile_journal_is_refused_before_the_first_write(
    root: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("mine = 1\n")
    (root / "shop/linked.py").symlink_to(outside)
    (root / "linked").symlink_to(tmp_path)
    run("apply", NAME, str(root))
    path = journal.path_of(root, NAME)
    made = json.loads(path.read_bytes())
    position = next(n for n, each in enumerate(made["entries"]) if each["path"] == "shop/other.py")
    made["entries"][position] = hostile(made["entries"][position], **changes)
    path.write_text(json.dumps(made))
    before = contents(root)
    for command in ("rollback", "apply"):
        code, _, err = run(command, NAME, str(root), *(["--allow-dirty"] if command == "apply" else []))
        assert code == 2 or "0 places" in err, err
        assert contents(root) == before
        assert outside.read_text() == "mine = 1\n"
    assert run("rollback", NAME, str(root))[0] == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 2, "migration": "bridge", "entries": []}', "[" * 100_000])
def test_what_is_no_journal_is_refused(root: Path, text: str) -> None:
    path = journal.path_of(root, NAME)
    path.parent.mkdir()
    path.write_text(text)
    code, _, err = run("rollback", NAME, str(root))
    assert code == 2
    assert err.count("\n") == 1


def test_a_journal_folder_that_is_a_link_is_refused(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / journal.FOLDER).symlink_to(elsewhere)
    before = contents(root)
    code, _, err = run("apply", NAME, str(root))
    assert code == 2
    assert "folder of the linter's own" in err
    assert contents(root) == before
    assert list(elsewhere.iterdir()) == []
