"""What is linted is never run: sixty hostile projects under an audit hook, and repositories that configure programs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import GOOD, STATE
from test_machine_faults import FILES

RAN = "__import__('pathlib').Path('ran.trapped').write_text('ran')"
TRAP = "import pathlib\npathlib.Path(__file__).with_suffix('.trapped').write_text('ran')\nraise SystemExit(3)\n"
SCRIPT = "#!/bin/sh\ntouch ran.trapped\ncat\n"
PYLINT = f'init-hook = "{RAN}"\nload-plugins = ["setup", "shop.trap"]\n'
PYLINT_INI = f"[MAIN]\ninit-hook={RAN}\nload-plugins=setup,shop.trap\n"
FRAMEWORKS = ("fastapi", "starlette")
"""A package of that name in the project is no framework: nothing is found then, and nothing run either."""
SHADOWED = (
    *("click", "libcst", "msgspec", "pathspec", "pylint", "astroid", "rich", "tomli", "tomlkit"),
    *("ast", "json", "os", "re", "typing", "tokenize", "codecs", "pathlib", "contextlib", "subprocess", "threading"),
    *FRAMEWORKS,
)
STARTED = ("setup", "conftest", "sitecustomize", "usercustomize", "noxfile", "manage", "gunicorn.conf", "__main__")

PROJECTS: dict[str, dict[str, str]] = {
    **{f"module {name}": {f"{name}.py": TRAP + STATE} for name in SHADOWED if name not in FRAMEWORKS},
    **{f"package {name}": {f"{name}/__init__.py": TRAP + STATE} for name in SHADOWED},
    **{f"{name}.py": {f"{name}.py": TRAP + STATE} for name in STARTED},
    "package of our name": {"appstate_lint/__init__.py": TRAP, "appstate_lint/cli.py": TRAP + STATE},
    "root is a package": {"__init__.py": TRAP + STATE, "tests/conftest.py": TRAP + STATE},
    "paths": {"hostile.pth": "import setup\n", "setup.py": TRAP, "venv/lib/site-packages/a.pth": "import setup\n"},
    "environment": {
        "venv/pyvenv.cfg": "",
        "venv/bin/python": SCRIPT,
        ".python-version": "3.99\n",
        ".env": "A=`date`\n",
    },
    "pylint in pyproject.toml": {"pyproject.toml": f"[tool.pylint.main]\n{PYLINT}", "setup.py": TRAP},
    "pylint in pylintrc.toml": {"pylintrc.toml": f"[tool.pylint.main]\n{PYLINT}", "setup.py": TRAP},
    "pylint in .pylintrc": {".pylintrc": PYLINT_INI, "pylintrc": PYLINT_INI, "setup.py": TRAP},
    "pylint in setup.cfg": {"setup.cfg": PYLINT_INI.replace("MAIN", "pylint.main"), "setup.py": TRAP},
    "build backend": {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "setup"\nbackend-path = ["."]\n',
        "setup.py": TRAP,
    },
    "other tools": {
        "pyproject.toml": '[tool.mypy]\nplugins = ["setup"]\n[tool.pytest.ini_options]\naddopts = "-p setup"\n',
        "tox.ini": "[testenv]\ncommands = touch ran.trapped\n",
        "setup.py": TRAP,
    },
    "codec": {
        "encodings/trap.py": TRAP,
        "trap.py": TRAP,
        "shop/coded.py": "# coding: trap\n" + STATE,
    },
    "contract class": {
        "appstate-lint.toml": '[contract-class]\ncall = "shop.trap:Contract"\n',
        "shop/trap.py": TRAP + "class Contract:\n    pass\n\n\nPOOL = Contract(name='pool')\n" + STATE,
    },
    "names of the configuration": {
        "appstate-lint.toml": (
            'applications = ["shop.trap:app"]\n[phase-functions]\n"shop.trap:*" = "startup"\n'
            '[components.pool]\ntype = "shop.trap:Pool"\n'
        ),
        "shop/trap.py": TRAP + STATE,
    },
    "migration": {
        "appstate-lint.toml": '[[migrations]]\nname = "m"\naccessors = ["shop.trap:get"]\ncomponent = "pool"\n',
        "shop/trap.py": TRAP + "def get():\n    return 1\n" + STATE,
    },
    "side effects": {"shop/trap.py": TRAP + STATE},
    "decorators and defaults": {
        "shop/trap.py": f"@(lambda f: {RAN})\ndef f(a: {RAN} = {RAN}) -> {RAN}:\n    pass\n{STATE}"
    },
    "classes": {
        "shop/trap.py": (
            f"class Meta(type):\n    def __new__(*a):\n        {RAN}\n\n\nclass A(metaclass=Meta):\n    x = {RAN}\n"
            f"\n    def __init_subclass__(cls):\n        {RAN}\n\n\nclass B(A):\n    pass\n{STATE}"
        )
    },
    "modules that answer": {"shop/trap.py": f"def __getattr__(name):\n    {RAN}\n\n\n__path__ = {RAN}\n{STATE}"},
    "strings": {"shop/trap.py": f'x = f"{{{RAN}}}"\ny = eval({RAN!r})\nexec({RAN!r})\n{STATE}'},
    "dynamic imports": {
        "shop/trap.py": f"import importlib\nimportlib.import_module('setup')\n{STATE}",
        "setup.py": TRAP,
    },
    "cache": {".appstate-cache/x/last-0": "cbuiltins\neval\n(S'1'\ntR.", ".appstate-cache/x/stamps": "cos\nsystem\n"},
    "journal": {".appstate-lint/m.json": '{"schema": 1, "migration": "m", "entries": [{"path": "../x.py"}]}'},
}
WATCHING = """
import os, sys
root = os.path.realpath(sys.argv.pop(1))
def watch(event, args):
    if event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "pty.spawn"):
        print("BAD", event, args, file=sys.stderr, flush=True)
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "pickle.find_class"):
        print("BAD", event, args, file=sys.stderr, flush=True)
    if event == "exec" and getattr(args[0], "co_filename", "").startswith(root):
        print("BAD exec", args[0].co_filename, file=sys.stderr, flush=True)
    if event == "import" and args[1] and os.path.realpath(str(args[1])).startswith(root):
        print("BAD import", args[1], file=sys.stderr, flush=True)
    if event == "compile" and args[1] is not None and str(args[1]).startswith(root):
        print("BAD compile", args[1], file=sys.stderr, flush=True)
from appstate_lint.cli import main
sys.addaudithook(watch)
main(sys.argv[1:])
"""
ISOLATED = "-P" if sys.version_info >= (3, 11) else "-I"


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if text.startswith("#!"):
            path.chmod(0o755)
    return root


def outside_python() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def nothing_is_run(root: Path) -> str:
    """Lint a project under the audit hook, from within; return what is printed."""
    command = [sys.executable, ISOLATED, "-c", WATCHING, str(root), "check", "."]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, env=outside_python())
    assert "BAD" not in done.stderr
    assert "Traceback" not in done.stderr and "internal error" not in done.stderr
    assert not list(root.rglob("*.trapped"))
    return done.stdout + done.stderr


NAMES = sorted(PROJECTS)


def test_there_are_sixty() -> None:
    assert len(PROJECTS) >= 60


@pytest.mark.parametrize("name", NAMES[::6])
def test_nothing_of_a_project_is_run(name: str, tmp_path: Path) -> None:
    said = nothing_is_run(written(tmp_path / "project", {**GOOD, **PROJECTS[name]}))
    assert name.removeprefix("package ") in FRAMEWORKS or "'bus' is read" in said


@pytest.mark.whole
@pytest.mark.parametrize("name", [name for name in NAMES if name not in NAMES[::6]])
def test_nothing_of_any_project_is_run(name: str, tmp_path: Path) -> None:
    test_nothing_of_a_project_is_run(name, tmp_path)


def test_nothing_of_all_of_them_at_once_is_run(tmp_path: Path) -> None:
    files = {file: text for name in NAMES for file, text in PROJECTS[name].items() if not file.startswith(FRAMEWORKS)}
    assert "'bus' is read" in nothing_is_run(written(tmp_path / "project", {**files, **GOOD}))


def test_a_trap_is_seen(tmp_path: Path) -> None:
    root = written(tmp_path / "project", {"trap.py": TRAP.replace("raise SystemExit(3)\n", "")})
    program = WATCHING.replace("main(sys.argv[1:])", "sys.path.insert(0, root); import trap")
    done = subprocess.run([sys.executable, "-c", program, str(root)], cwd=root, capture_output=True, text=True)
    assert "BAD exec" in done.stderr and list(root.rglob("*.trapped"))


def test_the_module_does_not_import_from_the_working_directory(tmp_path: Path) -> None:
    names = [name for name in NAMES if not name.startswith(("module", "package"))]
    files = {file: text for name in names for file, text in PROJECTS[name].items()}
    needed = ("click", "rich", "msgspec", "pathspec", "tomli", "typing", "collections", "re", "enum", "__future__")
    shadows = {f"{name}.py": TRAP for name in needed}
    root = written(tmp_path / "project", {**files, **shadows, **GOOD})
    command = [sys.executable, "-m", "appstate_lint", "check", "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, env=outside_python())
    assert done.returncode == 1, done.stderr
    assert "'bus' is read" in done.stdout
    assert not list(root.rglob("*.trapped"))


# ---------------------------------------------------------------- repositories that configure programs


PROGRAMS = (
    *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "gpg.program"),
    *("diff.external", "diff.trap.textconv", "diff.trap.command"),
    *("filter.trap.clean", "filter.trap.smudge", "filter.two.process"),
)


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose configuration names programs wherever git can be made to start one."""
    root = written(tmp_path / "project", FILES)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "all")
    (root / "tests" / "test_shop.py").write_text("MORE = 1\n")
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran.trapped\ncat\n")
    trap.chmod(0o755)
    for hook in ("post-index-change", "fsmonitor-watchman", "pre-commit", "reference-transaction"):
        (root / ".git" / "hooks" / hook).write_text(trap.read_text())
        (root / ".git" / "hooks" / hook).chmod(0o755)
    for key in PROGRAMS:
        git(root, "config", key, str(trap))
    git(root, "config", "filter.trap.required", "true")
    (root / ".git" / "info" / "attributes").write_text("*.py filter=trap diff=trap\n*.toml filter=two\n")
    return root


@pytest.mark.parametrize(
    "words",
    [
        ["check", "--diff", "HEAD"],
        ["check", "--fix"],
        ["check", "--fix", "--unsafe-fixes", "--allow-dirty"],
        ["migrate", "status", "--since", "HEAD"],
        ["migrate", "verify", "bridge", "--since", "HEAD"],
        ["migrate", "apply", "bridge"],
    ],
)
def test_no_program_of_a_repository_is_started(words: list[str], repository: Path) -> None:
    for file in repository.rglob("*.py"):
        os.utime(file, (1, 1))  # git has to look at the content
    command = [sys.executable, "-m", "appstate_lint", *words]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr and "git failed" not in done.stderr and "internal" not in done.stderr
    assert done.returncode in (0, 1) or "not committed" in done.stderr, done.stderr
    assert words[1] not in ("--fix", "apply") or "renamed" in done.stderr or "rewritten" in done.stderr, done.stderr
    assert not list(repository.parent.rglob("*.trapped"))


def test_git_would_start_them(repository: Path) -> None:
    os.utime(repository / "shop" / "main.py", (1, 1))
    subprocess.run(["git", "status"], cwd=repository, capture_output=True, timeout=120)
    assert list(repository.parent.rglob("*.trapped"))
