"""The GitHub action and the GitLab job: they follow their schemas, and what they run does what it should."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "ci.md"
FAULTY = """\
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/events")
async def events(request: Request):
    return request.app.state.bus
"""


def validate(schema: str, path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def described(text: str) -> dict[str, Any]:
    """Return the files that a page shows: a path in backticks above a fence."""
    return dict(re.findall(r"^`([\w./-]+)`\n```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "my shop").mkdir()
    (tmp_path / "my shop" / "main.py").write_text(FAULTY)
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "other.py").write_text("")
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("schema", "file"), [("vendor.github-actions", "action.yml"), ("vendor.gitlab-ci", "ci/gitlab.yml")]
)
def test_the_files_follow_their_schemas(schema: str, file: str, tmp_path: Path) -> None:
    done = validate(schema, ROOT / file)
    assert done.returncode == 0, done.stdout
    broken = (ROOT / file).read_text().replace("using:", "use:").replace("script:", "scripts:")
    (tmp_path / "broken.yml").write_text(broken)
    assert validate(schema, tmp_path / "broken.yml").returncode == 1


def test_the_workflows_of_the_guide_follow_their_schemas(tmp_path: Path) -> None:
    shown = described(GUIDE.read_text(encoding="utf-8"))
    schemas = {".github/workflows/appstate-lint.yml": "vendor.github-workflows", ".gitlab-ci.yml": "vendor.gitlab-ci"}
    assert shown.keys() == schemas.keys()
    for file, schema in schemas.items():
        path = tmp_path / "shown.yml"
        path.write_text(shown[file])
        done = validate(schema, path)
        assert done.returncode == 0, done.stdout
    inputs = set(YAML(typ="safe").load((ROOT / "action.yml").read_text())["inputs"])
    steps = YAML(typ="safe").load(shown[".github/workflows/appstate-lint.yml"])["jobs"]["check"]["steps"]
    (used,) = (set(step["with"]) for step in steps if step["uses"].startswith("OWNER/"))
    assert used <= inputs


def run_action(shop: Path, runner: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the step of the action that checks, as a runner would, with the linter of this environment."""
    action = YAML(typ="safe").load((ROOT / "action.yml").read_text())
    given = {name: about["default"] for name, about in action["inputs"].items()} | inputs
    step = action["runs"]["steps"][1]
    variables = {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: given[found[1]], value)
        for name, value in step["env"].items()
    }
    commands = runner / "appstate-lint" / "bin"
    commands.mkdir(parents=True, exist_ok=True)
    if not (commands / "appstate-lint").exists():
        (commands / "appstate-lint").symlink_to(Path(sys.executable).parent / "appstate-lint")
    script = runner / "script.sh"
    script.write_text(step["run"])
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
        cwd=shop,
        env={**os.environ, **variables, "RUNNER_TEMP": str(runner)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_action_annotates_and_fails(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    runner = tmp_path_factory.mktemp("runner")
    done = run_action(shop, runner)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("::error title=E7802 appstate-never-initialized,file=my shop/main.py,line=8,")
    done = run_action(shop, runner, paths="clean", arguments="--strict -v", sarif="out put.sarif")
    assert (done.returncode, done.stdout) == (0, "")
    assert "application: " in done.stderr
    assert json.loads((shop / "out put.sarif").read_text())["version"] == "2.1.0"


def test_the_action_runs_no_input_as_code(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    runner = tmp_path_factory.mktemp("runner")
    trap = "$(touch sprung) `touch sprung` ; touch sprung #"
    assert run_action(shop, runner, paths=trap, arguments="", sarif="").returncode == 2
    assert run_action(shop, runner, arguments=trap).returncode == 2
    assert not (shop / "sprung").exists()


def test_every_step_takes_its_inputs_from_the_environment() -> None:
    action = YAML(typ="safe").load((ROOT / "action.yml").read_text())
    for step in action["runs"]["steps"]:
        assert "${{" not in step["run"]
    used = set(re.findall(r"inputs\.(\w+)", (ROOT / "action.yml").read_text()))
    assert used == set(action["inputs"])


def test_the_gitlab_job_writes_what_it_declares(shop: Path) -> None:
    job = YAML(typ="safe").load((ROOT / "ci" / "gitlab.yml").read_text())["appstate-lint"]
    folder = str(Path(sys.executable).parent)
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join(job["script"])],
        cwd=shop,
        env={**os.environ, **job["variables"], "PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert "E7802" in done.stdout
    reports = job["artifacts"]["reports"]
    assert json.loads((shop / reports["codequality"]).read_text())[0]["check_name"] == "appstate-never-initialized"
    assert 'failures="1"' in (shop / reports["junit"]).read_text()


# --- what the README shows ------------------------------------------------------------------------------------------


def fences(language: str) -> list[str]:
    """Return the bodies of the fences of the README in ``language``."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_installations_of_the_readme_name_what_there_is() -> None:
    (repository,), (step,) = (YAML(typ="safe").load(text) for text in fences("yaml")[:2])
    hooks = {hook["id"] for hook in YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    assert {hook["id"] for hook in repository["hooks"]} <= hooks
    assert set(step["with"]) <= set(YAML(typ="safe").load((ROOT / "action.yml").read_text())["inputs"])
    assert all(len(text.strip().splitlines()) == 4 for text in fences("yaml")[:2])


def test_the_way_to_adopt_it_works(shop: Path) -> None:
    (commands,) = (text for text in fences("sh") if "baseline write" in text)
    folder = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}

    def run(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-e", "-c", script], cwd=shop, env=environment, capture_output=True, timeout=60, text=True
        )

    assert run("appstate-lint check").returncode == 1
    done = run(commands)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (shop / "appstate-lint.toml").is_file()
    (shop / "clean" / "other.py").write_text(FAULTY)
    done = run("appstate-lint check --output-format concise")
    assert (done.returncode, done.stdout.split(":")[0]) == (1, "clean/other.py")
