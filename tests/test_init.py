"""``init``: the starting configuration says what was found, can be used as it stands, and never replaces another."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomlkit
from commands import run

from appstate_lint import cli_init, config, engine
from appstate_lint.config import Settings
from appstate_lint.model import Application, FrameworkVersion

APPLICATION = """\
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/events")
async def events(request: Request):
    return request.app.state.bus
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "main.py").write_text(APPLICATION)
    (tmp_path / "admin.py").write_text("from aiohttp import web\n\napp = web.Application()\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\ndependencies = ["fastapi==0.115.2"]\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_says_what_was_found(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, "init")
    assert (done.code, done.out) == (0, "")
    text = (shop / "appstate-lint.toml").read_text()
    assert "#   fastapi: 0.115.2 (pyproject.toml)\n" in text
    assert "#   aiohttp: its version is not stated\n" in text
    assert "#   shop.main:app (fastapi, shop/main.py:3, 1 entry point)\n" in text
    assert '# applications = ["admin:app", "shop.main:app"]\n' in text
    assert "1 finding today; `appstate-lint check` shows them, `appstate-lint baseline write` accepts" in done.err


def test_it_changes_no_finding(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = run(capsys, "check").out
    run(capsys, "init")
    assert run(capsys, "check").out == before != ""
    settings = config.load(shop)
    assert settings == Settings(file="appstate-lint.toml", digest=settings.digest)


def test_every_comment_that_is_a_setting_can_be_used(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "init")
    path = shop / "appstate-lint.toml"
    text, count = re.subn(r'^# (\[\[?[\w-]+\]\]?|[\w"/*-]+ = .+)$', r"\1", path.read_text(), flags=re.MULTILINE)
    assert count == 17
    path.write_text(text)
    settings = config.load(shop)
    assert settings.applications == ("admin:app", "shop.main:app")
    assert settings.versions == (("aiohttp", "1.0"),)
    assert [choice.word for choice in settings.select] == ["E", "W"]
    known = set(tomlkit.parse(text))
    assert known == {
        *("exclude", "strict", "tests", "applications", "external-writers", "external-readers", "select", "ignore"),
        *("per-path-ignores", "severity", "versions", "phases", "closed", "phase-markers"),
    }
    assert run(capsys, "check").code == 1


def test_it_proposes_the_phases_that_the_code_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(Path(__file__).parent / "projects" / "orchestrator" / "harbor", tmp_path / "harbor")
    (tmp_path / "pyproject.toml").write_text("")
    assert run(capsys, "init", str(tmp_path)).code == 0
    path = tmp_path / "appstate-lint.toml"
    text = path.read_text()
    assert "#   start-up of harbor.main:app: lifespan; writes 7 components\n" in text
    assert "#   phases: 7 of StartPhase, said by harbor.boot:Boot._set_phase (harbor/boot.py:26)\n" in text
    proposed = re.sub(r"^# (phases = |\[\[phase-markers|call = |argument = )", r"\1", text, flags=re.MULTILINE)
    path.write_text(proposed)
    report = engine.analyze(tmp_path, config.load(tmp_path))
    assert not report.findings
    named = {each.component: each.named_phase for each in report.accesses if each.kind.value == "write"}
    assert (named["started"], named["charts"], named["event_store"]) == ("init", "caches", "readiness")


@pytest.mark.parametrize("link", [False, True])
def test_it_does_not_overwrite(shop: Path, capsys: pytest.CaptureFixture[str], link: bool) -> None:
    path = shop / "appstate-lint.toml"
    if link:
        path.symlink_to(shop / "nowhere.toml")
    else:
        path.write_text("nonsense =")
    done = run(capsys, "init")
    assert (done.code, len(done.err.splitlines()), "appstate-lint.toml has settings already" in done.err) == (
        2,
        1,
        True,
    )
    assert path.is_symlink() is link
    assert link or path.read_text() == "nonsense ="
    assert not (shop / "nowhere.toml").exists()


@pytest.mark.parametrize("table", ["[tool.appstate-lint]\n", "[tool.appstate-lint]\nnonsense = 1\n"])
def test_a_table_in_the_project_file_is_enough(shop: Path, capsys: pytest.CaptureFixture[str], table: str) -> None:
    (shop / "pyproject.toml").write_text(table)
    done = run(capsys, "init")
    assert (done.code, "pyproject.toml has settings already" in done.err) == (2, True)
    assert not (shop / "appstate-lint.toml").exists()


def test_settings_further_up_do_not_count(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / ".git").mkdir()
    (shop / "appstate-lint.toml").write_text("")
    (shop / "services").mkdir()
    (shop / "services" / "pyproject.toml").write_text("")
    assert run(capsys, "init", "services").code == 0
    assert (shop / "services" / "appstate-lint.toml").is_file()


def test_without_an_application_it_says_how_to_name_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    done = run(capsys, "init", str(tmp_path))
    assert (done.code, "no application was found" in done.err) == (0, True)
    text = (tmp_path / "appstate-lint.toml").read_text()
    assert "# No application was found here.\n" in text
    assert '# applications = ["package.module:app"]\n' in text


def test_a_name_cannot_break_out_of_its_comment(shop: Path) -> None:
    reckoning = engine.reckon(shop, Settings())
    odd = Application("a\nclosed = true\n#:app", "a\nclosed = true\n#.py", 3, "fastapi", 1, False)
    versions = [FrameworkVersion("fastapi", "1\nclosed = true\n#", "x\nclosed = true\n#")]
    report = msgspec.structs.replace(reckoning.report, applications=(odd,))
    text = cli_init.starting_configuration(reckoning._replace(report=report), versions)
    assert "closed = true" in text
    assert dict(tomlkit.parse(text)) == {"exclude": [], "strict": False}


def test_a_folder_that_cannot_be_written_is_said(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def refused(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
        if mode == "x":
            raise PermissionError(13, "Permission denied")
        return opened(path, mode, *rest, **named)

    monkeypatch.setattr(Path, "open", refused)
    done = run(capsys, "init")
    assert (done.code, done.err.count("\n"), "Permission denied" in done.err) == (2, 1, True)
