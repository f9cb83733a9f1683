"""Hostile input costs what is hostile, and nothing else: the rest of the project is linted as if it were not there."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import fuzzing
import msgspec
import pytest
from hostile import GOOD, STATE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesmith import from_grammar

from appstate_lint import closure, engine
from appstate_lint.cli import run
from appstate_lint.config import Settings
from appstate_lint.facts.extraction import extract
from appstate_lint.facts.flow import FileFacts, Name, nodes


def nested(opening: str, closing: str, middle: str = "x") -> Callable[[int], str]:
    return lambda depth: f"{opening * depth}{middle}{closing * depth}\n"


def blocks(head: str) -> Callable[[int], str]:
    return lambda depth: "".join(f"{' ' * level}{head}\n" for level in range(depth)) + " " * depth + "pass\n"


SHAPES: dict[str, Callable[[int], str]] = {
    "parentheses": nested("(", ")"),
    "lists": nested("[", "]"),
    "dicts": nested("{1: ", "}"),
    "calls": nested("f(", ")"),
    "subscripts": lambda depth: "x" + "[0]" * depth + "\n",
    "attributes": lambda depth: "x" + ".a" * depth + "\n",
    "chained calls": lambda depth: "x" + ".f()" * depth + "\n",
    "unary": nested("-", ""),
    "not": nested("not ", ""),
    "lambdas": nested("lambda: ", ""),
    "conditions": nested("1 if 1 else ", ""),
    "additions": lambda depth: "x = " + " + ".join(["y"] * depth) + "\n",
    "or": lambda depth: "x = " + " or ".join(["y"] * depth) + "\n",
    "comparisons": lambda depth: "x = " + " < ".join(["y"] * depth) + "\n",
    "await": lambda depth: "async def f():\n    " + "await " * depth + "x\n",
    "elif": lambda depth: "if x:\n    pass\n" + "elif x:\n    pass\n" * depth,
    "if": blocks("if x:"),
    "for": blocks("for x in y:"),
    "with": blocks("with x:"),
    "functions": blocks("def f():"),
    "classes": blocks("class C:"),
    "f-strings": lambda depth: "x = " + "f'{x}' " * depth + "\n",
    "decorators": lambda depth: "@d\n" * depth + "def f():\n    pass\n",
    "statements": lambda depth: "x = 1\n" * depth,
    "arguments": lambda depth: f"f({', '.join(['x'] * depth)})\n",
    "names": lambda depth: f"import {', '.join(f'a{n}' for n in range(depth))}\n",
}
DEPTHS = (100, 3_000, 50_000)
BYTES: dict[str, bytes] = {
    "null": b"x = 1\0\napp.state.x\n",
    "utf16": ("x = 1" + STATE).encode("utf-16"),
    "latin1": "x = 'é'".encode("latin-1") + STATE.encode(),
    "unknown codec": b"# coding: nonsense\n" + STATE.encode(),
    "no text codec": b"# coding: rot13\n" + STATE.encode(),
    "python2": b"print 'x'\nexec 'y'\n" + STATE.encode(),
    "newer syntax": b"x = ??\nlazy import y\n" + STATE.encode(),
    "unfinished": b"x = (\n" + STATE.encode(),
    "indented": b"  x = 1\n" + STATE.encode(),
    "bom in the middle": b"x = 1\n\xef\xbb\xbf" + STATE.encode(),
    "surrogate": b"x = '\\ud800'\n" + STATE.encode(),
    "huge number": b"x = 1" + b"0" * 10_000 + STATE.encode(),
    "form feeds": b"\x0c\x0c\nx = 1\n" + STATE.encode(),
    "only carriage returns": b"x = 1\rdef f(app):\r    return app.state.pool\r",
    "long line": b"x = '" + b"a" * 5_000_000 + b"'\n" + STATE.encode(),
    "long literal": b"x = [" + b"1, " * 100_000 + b"]\n" + STATE.encode(),
    "combining marks": ("x\u0301" * 3000 + " = 1").encode() + STATE.encode(),
    "imports itself": b"from shop.hostile import *\nfrom shop import hostile\n" + STATE.encode(),
    "imports in a circle": b"from shop import main\nfrom shop.main import *\n" + STATE.encode(),
    "extends itself": b"class A(A):\n    pass\n\n\nclass B(C):\n    pass\n\n\nclass C(B):\n    pass\n" + STATE.encode(),
}


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def good_findings(root: Path, jobs: int = 1) -> list[object]:
    """Return what is found in the good files."""
    report = engine.analyze(root, Settings(), jobs=jobs)
    json.loads(msgspec.json.encode(report))
    return [(each.code, each.file, each.line, each.component) for each in report.findings if each.file in GOOD]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return written(tmp_path / "project", GOOD)


def test_the_good_files_have_a_finding(root: Path) -> None:
    assert ("E7802", "shop/main.py", 9, "bus") in good_findings(root)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("shape", SHAPES)
def test_any_depth_gives_facts(shape: str, depth: int) -> None:
    facts = extract(SHAPES[shape](min(depth, 90) if shape in ("if", "for", "with", "functions", "classes") else depth))
    assert isinstance(facts, FileFacts)
    assert facts.error or facts.body or shape in ("parentheses", "unary", "not", "f-strings")


@pytest.mark.parametrize("shape", SHAPES)
def test_depth_beside_good_files(shape: str, root: Path) -> None:
    expected = good_findings(root)
    text = SHAPES[shape](90 if shape in ("if", "for", "with", "functions", "classes") else 3_000)
    (root / "shop" / "hostile.py").write_text(text + STATE, encoding="utf-8")
    main = root / "shop" / "main.py"
    main.write_text(GOOD["shop/main.py"] + "import shop.hostile\n", encoding="utf-8")
    assert good_findings(root) == expected


@pytest.mark.parametrize("kind", BYTES)
def test_odd_bytes_beside_good_files(kind: str, root: Path) -> None:
    expected = good_findings(root)
    (root / "shop" / "hostile.py").write_bytes(BYTES[kind])
    report = engine.analyze(root, Settings())
    lost = report.coverage.files.unparsable
    found = [(each.code, each.file, each.line, each.component) for each in report.findings if each.file in GOOD]
    assert lost in ((), ("shop/hostile.py",))
    assert report.incomplete == bool(lost)
    if lost:  # what it may write is not known: existence findings are withheld where its bytes allow it
        assert [gap.file for gap in report.gaps] == ["shop/hostile.py"]
        assert set(found) <= set(expected)
    else:
        assert found == expected


def test_odd_files_beside_good_files(root: Path) -> None:
    expected = good_findings(root)
    shop = root / "shop"
    (shop / "folder.py").mkdir()
    os.mkfifo(shop / "fifo.py")
    (shop / "loop.py").symlink_to("loop.py")
    (shop / "nowhere.py").symlink_to("nothing.py")
    (shop / "up").symlink_to("..")
    (shop / "zero.py").symlink_to("/dev/zero")
    (root / "shop" / os.fsdecode(b"bad\xff.py")).write_text("app.state.bus = 1\n", encoding="utf-8")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(shop)  # names of sockets are short
        try:
            listening.bind("socket.py")
        finally:
            os.chdir(here)
        assert good_findings(root) == expected
        assert good_findings(root, jobs=2) == expected


# ---------------------------------------------------------------- all at once, through both doors

BLOCKS = ("if", "for", "with", "functions", "classes")
"""Shapes whose text grows with the square of their depth."""


def hostile(root: Path) -> list[str]:
    """Put all that is hostile into a package beside the good one; return the names of the files."""
    folder = root / "hostile"
    folder.mkdir()
    for shape, make in SHAPES.items():
        for depth in (100, 3_000) if shape in BLOCKS else DEPTHS:
            name = f"{shape.replace(' ', '_').replace('-', '_')}_{depth}.py"
            (folder / name).write_text(make(min(depth, 1_000) if shape in BLOCKS else depth) + STATE, encoding="utf-8")
    for kind, content in BYTES.items():
        (folder / f"{kind.replace(' ', '_')}.py").write_bytes(content)
    (folder / "directory.py").mkdir()
    os.mkfifo(folder / "fifo.py")
    (folder / "loop.py").symlink_to("loop.py")
    (folder / "nowhere.py").symlink_to("nothing.py")
    (folder / "zero.py").symlink_to("/dev/zero")
    (folder / "up").symlink_to("..")
    (folder / os.fsdecode(b"bad\xff.py")).write_text("app.state.bus = 1\n", encoding="utf-8")
    return sorted(path.name for path in folder.iterdir())


JOBS = (2, pytest.param(1, marks=pytest.mark.whole), pytest.param(4, marks=pytest.mark.whole))


def by_command(root: Path, *words: str) -> dict[str, object]:
    """Return what the command line says of a project in another process, as JSON."""
    command = [sys.executable, "-m", "appstate_lint", "check", str(root), "--output-format", "json", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, done.stderr
    page = json.loads(done.stdout)
    assert isinstance(page, dict)
    return page


def by_pylint(root: Path, *words: str) -> list[tuple[str, str, int]]:
    """Return what pylint says of the good package in another process: symbol, file and line."""
    ours = ["--load-plugins=appstate_lint", "--disable=all", "--enable=appstate-lint,appstate-internal-error"]
    command = [sys.executable, "-m", "pylint", *ours, "--output-format=json", *words]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert not done.returncode & 32, done.stderr
    return sorted((each["symbol"], each["path"], each["line"]) for each in json.loads(done.stdout))


def kept(page: dict[str, object]) -> list[object]:
    """Return the findings in good files."""
    findings = page["findings"]
    assert isinstance(findings, list)
    return [each for each in findings if each["file"] in GOOD]


@pytest.fixture
def beside(root: Path) -> Path:
    """A good package that has a configuration of its own, so that pylint finds the root."""
    (root / "appstate-lint.toml").touch()
    return root


@pytest.mark.whole
def test_fifty_hostile_inputs_cost_the_command_line_only_themselves(beside: Path) -> None:
    expected = by_command(beside, "--no-cache")
    assert len(hostile(beside)) > 50
    report = engine.analyze(beside, Settings())
    lost = {gap.file for gap in report.gaps}
    assert len(lost) > 30 and all(file.startswith("hostile/") for file in lost)
    for words in (["--no-cache", "--jobs", "1"], ["--no-cache", "--jobs", "2"], ["--jobs", "4"], ["--jobs", "4"]):
        page = by_command(beside, *words)
        assert kept(page) == kept(expected) != []
        assert page["incomplete"] is True
        gaps = page["gaps"]
        assert isinstance(gaps, list)
        assert {gap["file"] for gap in gaps} == lost


@pytest.mark.parametrize("jobs", JOBS)
def test_processes_share_hostile_inputs(jobs: int, beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MANY_FILES", 0)
    expected = good_findings(beside)
    hostile(beside)
    assert good_findings(beside, jobs) == expected != []


@pytest.mark.parametrize("jobs", JOBS)
def test_fifty_hostile_inputs_cost_pylint_nothing(jobs: int, beside: Path) -> None:
    expected = by_pylint(beside, f"--jobs={jobs}", "shop")
    assert [(symbol, line) for symbol, _, line in expected] == [("appstate-never-initialized", 9)]
    hostile(beside)
    assert by_pylint(beside, f"--jobs={jobs}", "shop") == expected
    few = ["python2.py", "null.py", "utf16.py", "imports_itself.py", "extends_itself.py", "calls_100.py", "elif_100.py"]
    named = by_pylint(beside, f"--jobs={jobs}", "--enable=syntax-error", "shop", *(f"hostile/{name}" for name in few))
    assert [each for each in named if each[1].startswith("shop")] == expected
    assert {("syntax-error", f"hostile/{name}") for name in few[:3]} <= {(symbol, path) for symbol, path, _ in named}
    assert "appstate-internal-error" not in {symbol for symbol, _, _ in named}


@pytest.mark.parametrize(
    "toml",
    [
        "a = " + "[" * 5000,
        "a." * 20_000 + "b = 1",
        "[" + "a." * 5000 + "b]",
        "applications = [" + '"a", ' * 50_000 + "]",
        "exclude = ['" + "*" * 5_000 + "']",
        "exclude = ['" + "**/" * 500 + "x']",
        "\0",
        "a = 1\na = 2",
    ],
    ids=lambda text: text[:12],
)
def test_hostile_toml_ends_in_a_message(toml: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "appstate-lint.toml").write_text(toml, encoding="utf-8")
    code = run(["check", str(root), "--no-cache"])
    said = capsys.readouterr()
    assert code in (0, 1, 2)
    assert "Traceback" not in said.err and "internal error" not in said.err
    assert code != 2 or said.err.startswith("appstate-lint: appstate-lint.toml:")


# ---------------------------------------------------------------- random programs

needs_timers = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the limit of time needs timers")


def harmless(root: Path, count: int, first: int) -> None:
    """Lint random programs: none of them ends the linter, takes long, or is told of differently the second time."""
    outcome = fuzzing.run(root, fuzzing.programs(count, fuzzing.corpus(), first))
    assert not outcome.faults
    assert sum(outcome.counts.values()) == count and outcome.counts.keys() == {"lines", "trees", "grammar", "nodes"}
    assert outcome.parsed > count // 2


@needs_timers
def test_random_programs_do_no_harm(tmp_path: Path) -> None:
    harmless(tmp_path, 40, first=0)


@needs_timers
@pytest.mark.whole
def test_a_thousand_random_programs_do_no_harm(tmp_path: Path) -> None:
    harmless(tmp_path, 1000, first=1000)


def fails(_: Path) -> object:
    raise KeyError("x")


def hangs(_: Path) -> object:
    while True:
        pass


def differs(_: Path) -> object:
    return object()


@needs_timers
@pytest.mark.parametrize(
    ("report", "said"),
    [(fails, "KeyError in "), (hangs, "TimeoutError in "), (differs, "another report the second time")],
)
def test_harm_is_noticed(
    report: Callable[[Path], object], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzzing, "_report", report)
    monkeypatch.setattr(fuzzing, "MOST_SECONDS", 0.1)
    (fault,) = fuzzing.run(tmp_path, iter([fuzzing.Program("trees", 1, "x = 1\n")])).faults
    assert said in fault.reason


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(from_grammar())
def test_random_programs_give_facts(text: str) -> None:
    facts = extract(text)
    assert facts == extract(text)
    if not facts.error:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=FileFacts) == facts


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("aä\u20ac\U0001f600").map(repr), min_size=1), st.sampled_from(["\n", "; "]))
def test_columns_count_characters(strings: list[str], separator: str) -> None:
    text = separator.join(f"{string}, first.state; second = third('ö', {string})[fourth]" for string in strings)
    lines = text.split("\n")
    names = [node for node in nodes(extract(text)) if isinstance(node, Name)]
    assert len(names) == 4 * len(strings)
    assert [lines[name.line - 1][name.column : name.end_column] for name in names] == [name.id for name in names]


@settings(max_examples=300, deadline=None)
@given(st.text() | st.text("()[]{}'\"\\:,.=abc \n\t#@*"))
def test_random_text_gives_facts(text: str) -> None:
    assert isinstance(extract(text), FileFacts)


@settings(max_examples=300, deadline=None)
@given(st.binary())
def test_random_bytes_are_contained(content: bytes) -> None:
    assert isinstance(closure.Parser(lambda _: content).parse(content).facts, FileFacts)
