"""The version of a framework that a project states decides where the framework's behavior changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appstate_lint import cli, config, engine, source

MAIN = """\
from starlette.applications import Starlette


async def start():
    app.state.bus = object()


async def orders(request):
    return request.app.state.bus


app = Starlette()
app.add_event_handler("startup", start)
app.add_route("/orders", orders)
"""
DECORATED = MAIN.replace("async def start", '@app.on_event("startup")\nasync def start').replace(
    'app = Starlette()\napp.add_event_handler("startup", start)\n', ""
)
STATED = {
    "uv.lock": '[[package]]\nname = "starlette"\nversion = "1.2.0"\n',
    "poetry.lock": '[[package]]\nname = "Starlette"\nversion = "1.2.0"\n',
    "Pipfile.lock": '{"default": {"starlette": {"version": "==1.2.0"}}}',
    "requirements.txt": "# pinned\nhttpx>=0.27\nstarlette[full] == 1.2.0  # web\n",
    "requirements/base.txt": "starlette~=1.2\n",
    "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["starlette>=1.2,<2"]\n',
}


def found(root: Path) -> list[tuple[str, int]]:
    report = engine.analyze(root, config.load(root, None))
    return [(each.code, each.line) for each in report.findings if each.code[0] != "I"]


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in {"main.py": MAIN, **files}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize("file", STATED)
def test_a_stated_version_drops_what_it_has_no_more(tmp_path: Path, file: str) -> None:
    root = written(tmp_path, {file: STATED[file]})
    assert ("E7817", 13) in found(root)
    assert source.stated(root, ["starlette"])["starlette"].file == file


@pytest.mark.parametrize("version", ["0.47.3", "", "nonsense"])
def test_an_older_version_or_none_runs_it(tmp_path: Path, version: str) -> None:
    assert found(written(tmp_path, {"requirements.txt": f"starlette=={version}\n"})) == []


def test_a_decorator_is_dropped_too(tmp_path: Path) -> None:
    text = "from starlette.applications import Starlette\n\napp = Starlette()\n" + DECORATED.split("\n", 1)[1]
    root = written(tmp_path, {"main.py": text, "uv.lock": STATED["uv.lock"]})
    assert ("E7817", 7) in found(root)
    (root / "uv.lock").unlink()
    assert found(root) == []


def test_another_framework_still_has_it(tmp_path: Path) -> None:
    text = MAIN.replace("starlette.applications", "fastapi").replace("Starlette", "FastAPI")
    assert found(written(tmp_path, {"main.py": text, "uv.lock": STATED["uv.lock"]})) == []


def test_a_lock_file_wins_over_requirements_and_the_settings_over_both(tmp_path: Path) -> None:
    root = written(tmp_path, {"uv.lock": STATED["uv.lock"], "requirements.txt": "starlette>=0.30\n"})
    assert source.stated(root, ["starlette"])["starlette"].version == "1.2.0"
    (root / config.OWN_FILE).write_text('[versions]\nstarlette = "0.47"\n')
    assert found(root) == []


@pytest.mark.parametrize("text", ["", "[[package]]\nname = 3\n", "package = 1\n", "[[[", "\x00"])
def test_a_broken_lock_file_states_nothing(tmp_path: Path, text: str) -> None:
    assert found(written(tmp_path, {"uv.lock": text, "Pipfile.lock": "[1"})) == []


def test_config_shows_which_versions_hold(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = written(tmp_path, {"uv.lock": STATED["uv.lock"], config.OWN_FILE: '[versions]\nsanic = "23.12"\n'})
    with pytest.raises(SystemExit):
        cli.main(["config", str(root)])
    shown = {each["name"]: each for each in json.loads(capsys.readouterr().out)["frameworks"]}
    assert shown["starlette"] == {"name": "starlette", "version": "1.2.0", "said_by": "uv.lock"}
    assert shown["sanic"] == {"name": "sanic", "version": "23.12", "said_by": config.OWN_FILE}
    assert shown["quart"] == {"name": "quart", "version": None, "said_by": "A5"}
