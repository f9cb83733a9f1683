"""The hooks of .pre-commit-hooks.yaml, run by the real pre-commit on real git repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHIPPED = ("appstate_lint", "rules", "pyproject.toml", "README.md", ".pre-commit-hooks.yaml")

BOOT = """\
from contextlib import asynccontextmanager


@asynccontextmanager
async def lifespan(app):
    app.state.event_bus = object()
    yield
"""
MAIN = """\
from fastapi import FastAPI, Request

from shop.audit import router
from shop.boot import lifespan

app = FastAPI(lifespan=lifespan)
app.include_router(router)


@app.get("/events")
async def events(request: Request):
    return request.app.state.event_bus
"""
AUDIT = """\
from fastapi import APIRouter, Request

router = APIRouter()


@router.get("/audit")
async def audit(request: Request):
    return request.app.state.audit_log
"""
MISSPELT = MAIN.replace("state.event_bus", "state.bus")
OLD_FAULT = "shop/audit.py:8:11: E7802"
NEW_FAULT = "shop/main.py:12:11: E7802"

WHOLE, STAGED = "appstate-lint", "appstate-lint-staged"

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    identity = ["-c", "user.name=tester", "-c", "user.email=tester@example.org"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def commit_all(folder: Path) -> None:
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    done = git(folder, "commit", "-q", "--no-verify", "-m", "all")
    assert done.returncode == 0, done.stderr


def pre_commit(folder: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pre-commit in ``folder``; skips where it cannot install packages."""
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments, "--color=never"],
        cwd=folder,
        env={**os.environ, "PRE_COMMIT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    if "No matching distribution found" in done.stdout or "Could not install packages" in done.stdout:
        pytest.skip("pre-commit cannot install packages here")
    return done


def said_by(output: str, hook: str) -> str:
    """Return what the verbose ``output`` has of ``hook``."""
    blocks = output.split("- hook id: ")[1:]
    return next(block for block in blocks if block.splitlines()[0] == hook)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The linter as it is now, in a git repository of its own."""
    folder = tmp_path_factory.mktemp("product")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    commit_all(folder)
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A git repository with an old fault in it."""
    root = tmp_path / "project"
    (root / "shop").mkdir(parents=True)
    (root / "pyproject.toml").touch()
    for name, text in {"__init__": "", "boot": BOOT, "main": MAIN, "audit": AUDIT}.items():
        (root / "shop" / f"{name}.py").write_text(text)
    commit_all(root)
    return root


def test_try_repo_sees_what_is_staged_and_leaves_the_rest_alone(product: Path, shop: Path, tmp_path: Path) -> None:
    main = shop / "shop" / "main.py"
    main.write_text(MISSPELT)
    git(shop, "add", "-A")
    main.write_text("# not staged\n" + MAIN)
    done = pre_commit(shop, tmp_path / "home", "try-repo", str(product), "--verbose")
    assert done.returncode == 1, done.stdout + done.stderr
    assert NEW_FAULT in said_by(done.stdout, WHOLE)
    assert OLD_FAULT in said_by(done.stdout, WHOLE)
    assert NEW_FAULT in said_by(done.stdout, STAGED)
    assert OLD_FAULT not in said_by(done.stdout, STAGED)
    assert main.read_text() == "# not staged\n" + MAIN
    assert git(shop, "show", ":shop/main.py").stdout == MISSPELT


def test_a_commit_is_stopped_by_its_own_faults_only(product: Path, shop: Path, tmp_path: Path) -> None:
    main, boot = shop / "shop" / "main.py", shop / "shop" / "boot.py"
    rev = git(product, "rev-parse", "HEAD").stdout.strip()
    (shop / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {product}\n  rev: {rev}\n  hooks:\n"
        f"  - id: {STAGED}\n    verbose: true\n"
        f"  - id: {WHOLE}\n    verbose: true\n    args: [--diff, HEAD]\n"
    )
    git(shop, "add", "-A")
    installed = pre_commit(shop, tmp_path / "home", "install")
    assert installed.returncode == 0, installed.stdout
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home")}

    def commit() -> subprocess.CompletedProcess[str]:
        return git(shop, "commit", "-m", "change", environment=environment)

    main.write_text(MISSPELT)
    git(shop, "add", "-A")
    main.write_text(MAIN)
    stopped = commit()
    assert stopped.returncode == 1
    assert NEW_FAULT in said_by(stopped.stderr, STAGED)
    assert NEW_FAULT in said_by(stopped.stderr, WHOLE)
    assert OLD_FAULT not in stopped.stderr

    main.write_text(MAIN + "# mended\n")
    git(shop, "add", "-A")
    main.write_text(MISSPELT)
    passed = commit()
    assert passed.returncode == 0, passed.stderr
    assert "Passed" in passed.stderr
    assert main.read_text() == MISSPELT

    git(shop, "restore", ".")
    boot.write_text(BOOT.replace("event_bus", "bus"))
    git(shop, "add", "-A")
    renamed = commit()
    assert renamed.returncode == 1
    assert NEW_FAULT not in said_by(renamed.stderr, STAGED)
    assert NEW_FAULT in said_by(renamed.stderr, WHOLE)
    assert OLD_FAULT not in renamed.stderr

    git(shop, "restore", "--staged", ".")
    boot.write_text(BOOT.replace("event_bus", "bus"))
    (shop / "pyproject.toml").write_text("[tool.appstate-lint]\nnonsense = 1\n")
    git(shop, "add", "pyproject.toml")
    broken = commit()
    assert broken.returncode == 1
    assert "pyproject.toml:2" in broken.stderr
    assert boot.read_text() == BOOT.replace("event_bus", "bus")
