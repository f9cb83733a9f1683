"""Projects of the rule pages, of every rule, and some with odd text: every door says the same of them.

``test_rule_pages`` takes all cases through the doors; of the slow ones by default only these go through.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path

import pages
import pytest
from doors import (
    PYLINT_OPTIONS,
    SEVERITIES,
    Hit,
    command_hits,
    engine_hits,
    environment,
    in_python,
    python_files,
    run_pylint,
    stdin_hits,
)
from language_server import Client, serving
from pages import Case

from appstate_lint import source
from appstate_lint.checks import RULES
from appstate_lint.files import rules_folder

Found = Mapping[str, frozenset[Hit]]
"""What is found, by the name of the project."""

COUNT = 40
NAMES = {rule.code: rule.name for rule in RULES}
NEVER = "appstate-never-initialized"


def own(name: str, text: str) -> list[Case]:
    """Return the cases of a page as they are written."""
    return [case for case in pages.cases(name, text) if case.framework == "fastapi"]


def loud(case: Case) -> bool:
    """Return whether ``case`` has findings in Python files."""
    return any(mark.file.endswith(".py") for mark in case.marks)


PAGES = [own(name, text) for name, text in pages.read_pages(rules_folder()).items()]
TURNS = zip_longest(*[filter(loud, page) for page in PAGES])
PROJECTS = [case for turn in TURNS for case in turn if case is not None][:COUNT]
"""The first project with findings of each page, then the second of some."""
SILENT = [case for page in PAGES for case in [case for case in page if not case.marks][:1]]
"""The first project of each page that has nothing to be found."""

ODD = """\
# what follows is not ASCII
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(app):
    app.state.event_bus = object()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/events")
async def events(request: Request):
    grüße = "äöü"; return "ä{astral}ö", request.app.state.bus
"""
ODD_HIT = Hit(NEVER, "shop/main.py", 18, 33)
"""The finding of ``ODD``: its column counts characters, of which one takes two to four bytes."""


def odd() -> Mapping[str, bytes]:
    """Return files with text before the finding that is not ASCII, by project, in several codings."""
    text = ODD.replace("{astral}", "é")
    return {
        "odd-utf-8": text.encode(),
        "odd-astral": ODD.replace("{astral}", "\N{GRINNING FACE}").encode(),
        "odd-bom": text.encode("utf-8-sig"),
        "odd-latin-1": text.replace("what follows is not ASCII", "coding: latin-1").encode("latin-1"),
        "odd-crlf": text.replace("\n", "\r\n").encode(),
        "odd-separators": text.replace("äöü", "\u2028\x0cä").encode(),
    }


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All projects on disk, a folder each."""
    folder = tmp_path_factory.mktemp("projects").resolve()
    for case in (*PROJECTS, *SILENT):
        case.write(folder)
    for name, content in odd().items():
        (folder / name / "shop").mkdir(parents=True)
        (folder / name / pages.CONFIGURATION).touch()
        (folder / name / "shop" / "main.py").write_bytes(content)
    return folder


FILES = sorted([*python_files([*PROJECTS, *SILENT]), *(f"{name}/shop/main.py" for name in odd())])


@pytest.fixture(scope="module")
def expected(tree: Path) -> Found:
    """What the engine finds in Python files."""
    found = frozen({path.name: in_python(frozenset(engine_hits(path))) for path in sorted(tree.iterdir())})
    assert found.keys() >= {case.name for case in PROJECTS} | odd().keys()
    assert sum(case.name not in found for case in SILENT) > len(SILENT) // 2
    return found


# --- the doors ------------------------------------------------------------------------------------------------------


def by_command(tree: Path, _: pytest.MonkeyPatch) -> Found:
    return frozen({path.name: in_python(frozenset(command_hits(path))) for path in sorted(tree.iterdir())})


def by_pylint(tree: Path, _: pytest.MonkeyPatch) -> Found:
    return frozen(run_pylint(tree, FILES))


def by_two_workers(tree: Path, _: pytest.MonkeyPatch) -> Found:
    return frozen(run_pylint(tree, FILES, "-j2"))


SPAWNING = """
import multiprocessing, sys
from pylint.lint import Run
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    Run(sys.argv[1:])
"""


def by_spawned_workers(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    script = tree.parent / "spawning.py"
    script.write_text(SPAWNING)
    return frozen(run_pylint(tree, FILES, "-j2", program=(str(script),)))


def by_pylint_elsewhere(tree: Path, _: pytest.MonkeyPatch) -> Found:
    return frozen(run_pylint(tree, FILES, cwd=Path(tree.anchor)))


def by_standard_input(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    found: dict[str, set[Hit]] = {}
    for file in FILES:
        found.setdefault(file.partition("/")[0], set()).update(stdin_hits(tree, tree / file, monkeypatch))
    return frozen(found)


def drawn(server: Client, tree: Path, files: list[str]) -> Iterator[tuple[str, set[Hit]]]:
    """Open ``files`` together, and yield each with what the server draws in it."""
    for file in files:
        server.open(tree / file, source.decode((tree / file).read_bytes()))
    for file in files:
        shown = file.partition("/")[2]
        yield (
            file,
            {
                Hit(NAMES[each["code"]], shown, each["range"]["start"]["line"] + 1, each["range"]["start"]["character"])
                for each in server.diagnostics(tree / file)
                if each.get("code") in NAMES  # other linters that the server finds may have no codes
            },
        )


def frozen(found: Mapping[str, Iterable[Hit]]) -> Found:
    return {name: frozenset(hits) for name, hits in found.items() if hits}


DOORS: Mapping[str, Callable[[Path, pytest.MonkeyPatch], Found]] = {
    "command line": by_command,
    "pylint": by_pylint,
    "pylint -j2": by_two_workers,
    "pylint -j2, spawned": by_spawned_workers,
    "pylint from another folder": by_pylint_elsewhere,
    "pylint --from-stdin": by_standard_input,
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_says_the_same(door: str, tree: Path, expected: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    assert DOORS[door](tree, monkeypatch) == expected


FEW = [*odd(), *{SEVERITIES[case.page]: case.name for case in reversed(PROJECTS)}.values(), SILENT[0].name]
"""Projects with odd text, with the findings of one rule of each severity, and with none."""
ALL = [*odd(), *(case.name for case in (*PROJECTS, *SILENT))]


@pytest.mark.skipif(importlib.util.find_spec("pylsp") is None, reason="python-lsp-server is not installed")
@pytest.mark.parametrize("names", [FEW, pytest.param(ALL, marks=pytest.mark.whole)], ids=["few", "all"])
def test_pylsp_says_the_same(names: list[str], tree: Path, expected: Found) -> None:
    """Open the files as an editor does; each costs a process."""
    files = [file for file in FILES if file.partition("/")[0] in names]
    settings = {"pylsp": {"plugins": {"pylint": {"enabled": True, "executable": "pylint", "args": PYLINT_OPTIONS}}}}
    found: dict[str, set[Hit]] = {}
    with serving([sys.executable, "-m", "pylsp"], tree, settings, environment()) as server:
        for wave in zip_longest(*[iter(files)] * 4):
            for file, hits in drawn(server, tree, [file for file in wave if file is not None]):
                found.setdefault(file.partition("/")[0], set()).update(hits)
    assert frozen(found) == {name: hits for name, hits in expected.items() if name in names}


def test_columns_count_characters(expected: Found) -> None:
    assert {name: {hit for hit in expected[name] if hit.rule == NEVER} for name in odd()} == {
        name: {ODD_HIT} for name in odd()
    }


def test_the_projects_are_of_all_rules_that_show_in_code(expected: Found) -> None:
    seen = {hit.rule for hits in expected.values() for hit in hits}
    assert seen >= {case.page for case in PROJECTS}
    assert seen <= SEVERITIES.keys()
