"""`timeline`: an application's life phase by phase, a component's story, in text and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appstate_lint import cli

MAIN = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from shop.boot import Boot


@asynccontextmanager
async def lifespan(app):
    boot = Boot(app)
    await boot.run()
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)
app.state.title = "shop"


@app.get("/orders")
async def orders(request: Request):
    return request.app.state.pool


@app.get("/find")
async def find(request: Request):
    return request.app.state.index
"""
BOOT = """\
from shop.settings import settings


class Pool:
    async def close(self):
        print("closed")


class Boot:
    def __init__(self, app):
        self.app = app

    async def run(self):
        await self.phase_one()
        await self.phase_two()

    async def phase_one(self):
        self.app.state.pool = Pool()

    async def phase_two(self):
        if settings.search:
            self.app.state.index = [self.app.state.pool]


def never_called(app):
    app.state.index = []
"""
SETTINGS = """\
import os


class Settings:
    def __init__(self):
        self.search = bool(os.environ.get("SEARCH"))


settings = Settings()
"""
WHOLE = """\
shop.main:app  fastapi, shop/main.py:16, 2 entry points
  build
    writes    title  <module>  shop/main.py:17
  startup
    writes    pool   Boot.phase_one  shop/boot.py:18
    reads     pool   Boot.phase_two  shop/boot.py:22
    writes    index  Boot.phase_two  shop/boot.py:22  if os.environ.get('SEARCH')
  serving
    reads     index  find    shop/main.py:27  may be missing  W7804
    reads     pool   orders  shop/main.py:22
  shutdown
    reads     pool  lifespan  shop/main.py:13
  gaps
    W7804  shop/main.py:27  'index' is read in serving, but Boot.phase_two may not have set it (shop/boot.py:22)

not run by any application
    1 access to 1 component; `appstate-lint accesses` lists them
"""
ONE = """\
shop.main:app  fastapi, shop/main.py:16, 2 entry points
  startup
    writes    index  Boot.phase_two  shop/boot.py:22  if os.environ.get('SEARCH')
  serving
    reads     index  find  shop/main.py:27  may be missing  W7804
  gaps
    W7804  shop/main.py:27  'index' is read in serving, but Boot.phase_two may not have set it (shop/boot.py:22)

not run by any application
    writes    index  never_called  shop/boot.py:26
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "appstate-lint.toml").write_text("", encoding="utf-8")
    folder = tmp_path / "shop"
    folder.mkdir()
    for name, text in {"main": MAIN, "boot": BOOT, "settings": SETTINGS, "__init__": ""}.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return tmp_path


def _told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.run(["timeline", *arguments]) == 0
    return capsys.readouterr().out


def test_whole_life(shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    assert _told(capsys) == WHOLE


def test_one_component(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _told(capsys, "index", str(shop)) == ONE


def test_json(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = json.loads(_told(capsys, "index", str(shop), "--output-format", "json"))
    (application,) = page["applications"]
    assert (page["schema"], application["name"], application["entry_points"]) == (1, "shop.main:app", 2)
    write, read = application["events"]
    assert (write["phase"], write["kind"], write["line"], write["conditional"]) == ("startup", "write", 22, True)
    assert write["conditions"] == ["os.environ.get('SEARCH')"]
    assert (read["phase"], read["kind"], read["presence"]) == ("serving", "read", ["ABSENT", "VALUE"])
    assert [each["code"] for each in page["findings"]] == ["W7804"]
    assert [(each["kind"], each["line"], each["phase"]) for each in page["not_run"]] == [("write", 26, "unreached")]


def test_reads_of_serving_code_are_one_line_a_component(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    more = "\n\n@app.get('/%d')\nasync def more_%d(request: Request):\n    return request.app.state.pool\n"
    with (shop / "shop/main.py").open("a", encoding="utf-8") as file:
        file.writelines(more % (number, number) for number in range(5))
    monkeypatch.chdir(shop)
    assert "    reads     pool   6 functions  shop/main.py:22 and 5 more\n" in _told(capsys)
    assert _told(capsys, "pool").count("reads     pool") == 8


def test_applications_with_one_story_stand_together(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "shop/main.py").write_text(
        "from fastapi import FastAPI\n\n\ndef build():\n    app = FastAPI()\n    app.state.x = 1\n    return app\n"
        "\n\ndef one():\n    return build()\n\n\ndef two():\n    return build()\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(shop)
    rows = _told(capsys, "x").splitlines()
    assert [row.split("  ")[0] for row in rows[:2]] == ["shop.main:one", "shop.main:two"]
    assert sum("writes    x" in row for row in rows) == 1


def test_unknown_component(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["timeline", "indx", str(shop)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "'indx'" in error
    assert "did you mean index?" in error


HELD = """\
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app):
    if os.environ.get("POOL"):
        app.state.pool = object()
    if getattr(app.state, "pool", None):
        app.state.bus = object()
    yield


app = FastAPI(lifespan=lifespan)
"""


def test_condition_on_a_component_is_worded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "main.py").write_text(HELD)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        cli.main(["timeline", "bus"])
    written = next(line for line in capsys.readouterr().out.split("\n") if "writes" in line)
    assert written.endswith("main.py:12  if 'pool' is set")
