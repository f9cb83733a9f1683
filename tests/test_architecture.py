"""The house: imports go down its stairs only, files are opened in few rooms, and what is written down agrees."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appstate_lint.checks import RULES
from appstate_lint.codes import NAMES
from appstate_lint.config import Settings
from appstate_lint.files import rules_folder
from appstate_lint.frameworks import load

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "appstate_lint"

STAIRS = (
    {"__main__"},
    {"cli", "plugin"},
    {"cli_check", "cli_baseline", "cli_contracts", "cli_init", "cli_migrate", "cli_show"},
    {"cli_watch", "cli_fix"},
    {"cli_common", "progress"},
    {"cli_output", "indexes"},
    {"fixing"},
    {"engine"},
    {"summary"},
    {"selection"},
    {"spelling"},
    {"report", "baseline", "checks"},
    {"migration"},
    {"contracts"},
    {"timeline"},
    {"closure"},
    {"project"},
    {"cache"},
    {"facts", "source"},
    {"frameworks", "settings_schema"},
    {"config"},
    {"choices"},
    {"toml_lines", "model", "schema", "files", "sharing", "deep", "faults", "codes"},
)
FOREIGN = {
    "click": {
        *("cli", "cli_baseline", "cli_check", "cli_common", "cli_contracts", "cli_init", "cli_migrate"),
        *("cli_show", "cli_watch"),
    },
    "pylint": {"plugin", "__init__"},
    "astroid": {"plugin", "__init__"},
}
OPENS_FILES = {
    "sharing",  # pipes
    "cli_check",
    "cli_common",
    "cli_contracts",
    "cli_init",
    "cli_migrate",
    "cli_output",
    "indexes",
    "source",
    "cache",
    "config",
    "files",
    "frameworks",
    "baseline",
    "migration",
}
FILE_CALLS = {
    *("open", "read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "rglob"),
    *("is_file", "is_dir", "mkdir", "unlink"),
}
FILE_MODULES = {"os", "tempfile", "shutil", "glob", "subprocess", "sqlite3", "mmap", "fileinput"}

COMMON = {"anyio", "injector", "secure", "dash", "jose", "panel", "burr"}
"""Packages that the tables describe, whose names are words."""

SOURCES = sorted(PACKAGE.rglob("*.py"))
each_source = pytest.mark.parametrize("path", SOURCES, ids=[path.relative_to(PACKAGE).as_posix() for path in SOURCES])


def room(path: Path) -> str:
    """The room of a source file: the first name below the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def stair(name: str) -> int:
    found = [number for number, rooms in enumerate(STAIRS) if name in rooms]
    assert found, f"{name} stands on no stair: add it to STAIRS, and to the map of the house"
    return found[0]


def imported(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield the dotted name of everything that ``tree`` imports, wherever it does; ``package`` is where it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = parts[: len(parts) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imports_of(path: Path) -> list[str]:
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    return list(imported(ast.parse(path.read_text(encoding="utf-8")), package))


def called(tree: ast.AST) -> Iterator[str]:
    """Yield the last name of everything that ``tree`` calls; what the room ``source`` does is its own affair."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) != "source":
                yield node.func.attr


@each_source
def test_imports_go_down(path: Path) -> None:
    here = room(path)
    if here == "__init__":
        return
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] != "appstate_lint" or parts[1] in ("__version__", here):
            continue
        assert stair(parts[1]) > stair(here), f"{path.name} imports {name}"


@each_source
def test_foreign_packages_stay_in_their_rooms(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports_of(path)}
    for package, rooms in FOREIGN.items():
        assert package not in roots or room(path) in rooms


@each_source
def test_files_are_opened_in_few_rooms(path: Path) -> None:
    if room(path) in OPENS_FILES:
        return
    assert not FILE_CALLS & set(called(ast.parse(path.read_text(encoding="utf-8"))))
    assert not FILE_MODULES & {name.split(".")[0] for name in imports_of(path)}


def test_the_readers_of_imports_and_calls_see_them() -> None:
    tree = ast.parse(
        "def f():\n from ..model import Rule\n from . import text\n import click.core\n"
        " Path(x).open()\n source.read_bytes()"
    )
    assert list(imported(tree, "appstate_lint.report")) == [
        "appstate_lint.model.Rule",
        "appstate_lint.report.text",
        "click.core",
    ]
    assert set(called(tree)) == {"Path", "open"}


# --- what is written down -------------------------------------------------------------------------------------------


def test_codes_and_names_are_unique_and_well_formed() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.code[1:] for rule in RULES}) == len(RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert re.fullmatch(r"[EWI]78\d\d", rule.code)
        assert re.fullmatch(r"appstate(-[a-z]+)+", rule.name)


def test_pylint_is_told_of_every_rule() -> None:
    assert list(NAMES.items()) == [(rule.code, rule.name) for rule in RULES]


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    pages = {path.stem for path in rules_folder().glob("*.md")} - {"README"}
    assert pages == {rule.name for rule in RULES}


def test_the_table_holds_every_rule() -> None:
    table = (rules_folder() / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| \[`([\w-]+)`\]\(([\w-]+)\.md\)", table, re.MULTILINE)
    assert {(code, name) for code, name, _ in rows} == {(rule.code, rule.name) for rule in RULES}
    assert all(name == page for _, name, page in rows)


def test_the_changelog_names_every_rule() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(appstate-[a-z-]+)` \(([EWI]\d{4})\)", changelog))
    assert named == {(rule.name, rule.code) for rule in RULES}


@pytest.mark.parametrize(
    "command",
    [["mypy"], ["ruff", "check", "."], ["ruff", "format", "--check", "."]],
    ids=["types", "lint", "format"],
)
def test_the_code_passes_its_checks(command: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@each_source
def test_no_framework_is_named(path: Path) -> None:
    tables = load(Settings())
    dotted = {*tables.packages, *(library.package for library in tables.libraries), *tables.classes}
    names = {name.partition(".")[0] for name in dotted}
    frameworks = {spec.framework for spec in tables.classes.values() if spec.framework}
    words = set(re.findall(r"[a-z_]+", path.read_text("utf-8").lower()))
    assert frameworks >= {"fastapi", "starlette", "aiohttp", "litestar", "quart", "flask", "sanic"}
    assert not words & (frameworks | names) - sys.stdlib_module_names - COMMON
