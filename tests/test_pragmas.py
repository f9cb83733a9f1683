"""``# pylint:`` comments: the lines we call silenced are those on which the real pylint is silent."""

# ruff: noqa: E501 -- a case is one line
from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pylint
import pytest

from appstate_lint.source import Pragmas, pragmas

RULE, CODE = "appstate-never-initialized", "E7802"

# Emits its message on every line of every file, as a checker by lines does.
PLUGIN = f'''
from pylint.checkers import BaseRawFileChecker


class EveryLine(BaseRawFileChecker):
    name = "appstate-lint"
    msgs = {{"{CODE}": ("every line", "{RULE}", "every line")}}

    def process_module(self, node):
        with node.stream() as stream:
            for line in range(1, len(stream.read().splitlines()) + 1):
                self.add_message("{RULE}", line=line)


def register(linter):
    linter.register_checker(EveryLine(linter))
'''

D = f"# pylint: disable={RULE}"
E = f"# pylint: enable={RULE}"
N = f"# pylint: disable-next={RULE}"

BEFORE_4_1 = tuple(map(int, pylint.__version__.split(".")[:2])) < (4, 1)
FROM_4_1 = {"match", "comprehension"}
"""Before pylint 4.1 a comment behind `case` or in a comprehension covers its own line, and no more."""

CASES = {
    "none": "x = 1\ny = 2\n",
    "behind a statement": f"x = 1\ny = 2  {D}\nz = 3\n",
    "by code": "x = 1  # pylint: disable=E7802\ny = 1\n",
    "by code in lower case": "x = 1  # pylint: disable=e7802\ny = 1\n",
    "by category": "x = 1  # pylint: disable=E\ny = 2  # pylint: disable=W\nz = 3\n",
    "by long category": "x = 1\ny = 2  # pylint: disable=error\nz = 3  # pylint: disable=warning\n",
    "by checker": "x = 1\ny = 2  # pylint: disable=appstate-lint\nz = 3  # pylint: disable=Appstate-Lint\n",
    "another symbol": "x = 1  # pylint: disable=appstate-never\ny = 2  # pylint: disable=invalid-name\n",
    "symbol in capitals": f"x = 1  # pylint: disable={RULE.upper()}\ny = 1\n",
    "several symbols": f"x = 1  # pylint: disable=invalid-name, {RULE}\ny = 2  # pylint: disable={RULE},foo\n",
    "with a reason": f"x = 1  {D}; because\ny = 2  {D} # because\nz = 3  # because {D}\n",
    "two in one comment": f"x = 1  # pylint: disable=invalid-name # pylint: disable={RULE}\ny = 2\n",
    "the last of two counts": f"x = 1  {D} # pylint: disable=invalid-name\ny = 2\n",
    "module level": f"a = 1\n{D}\nx = 1\n\ndef f():\n    return 1\n\ny = 1\n",
    "first line": f"{D}\nx = 1\ny = 2\n",
    "after the docstring": f'"""Doc."""\n{D}\nx = 1\n',
    "behind the docstring": f'"""Doc."""  {D}\nx = 1\n',
    "last line": f"x = 1\n{D}\n",
    "after the code": f"x = 1\n{D}\n# one\n# two\n{E}\n# three\n",
    "disabled above, comments at the end": f"{D}\nx = 1\n# tail\n",
    "in a function, comments at the end": f"def f():\n    {D}\n    x = 1\n# tail\n",
    "function body": f"def f():\n    a = 1\n    {D}\n    b = 2\n    if b:\n        c = 3\n\nx = 1\n",
    "behind def": f"def f():  {D}\n    a = 1\n    return a\n",
    "behind def with parameters": f"def f(a, b=1):  {D}\n    return a\n",
    "behind a parameter": f"def f(\n    a,  {D}\n    b: d[\n        s,  {D}\n        i] = 1,\n    *c,\n):\n    return a\n",
    "behind the end of a signature": f"def f(\n    a,\n) -> int:  {D}\n    return a\n",
    "decorated": f"@a\n@b(\n    1,  {D}\n    2,\n)\ndef f():  {D}\n    return 1\n",
    "above a decorator": f"x = 1\n{D}\n@a\ndef f():\n    return 1\n\n{E}\ny = 1\n",
    "decorators apart": f"@a\n\n# why\n@b\ndef f():  {D}\n    return 1\n",
    "behind class": f"class A:  {D}\n    x = 1\n    y = 2\n\nz = 1\n",
    "behind class with bases": f"class A(B):  {D}\n    x = 1\n",
    "behind class with metaclass": f"class A(metaclass=B):  {D}\n    x = 1\n\ny = 1\n",
    "class body": f"class A:\n    {D}\n    x = 1\n\n    def f(self):\n        return 1\n\ny = 1\n",
    "function docstring": f'def f():\n    """Doc.\n\n    {D}\n    """\n    x = 1  {D}\n    y = 1\n',
    "behind a function docstring": f'def f():\n    """Doc."""  {D}\n    x = 1\n\n\ny = 1\n',
    "behind if": f"if a:  {D}\n    x = 1\nelse:\n    y = 1\n",
    "if body": f"if a:\n    {D}\n    x = 1\nelse:\n    y = 1\nz = 1\n",
    "behind else": f"if a:\n    x = 1\nelse:  {D}\n    y = 1\nz = 1\n",
    "elif": f"if a:\n    x = 1\nelif b:\n    {D}\n    y = 1\nelse:\n    z = 1\n",
    "behind try": f"try:  {D}\n    x = 1\nexcept E:\n    y = 1\nfinally:\n    z = 1\nw = 1\n",
    "try body": f"try:\n    {D}\n    x = 1\nexcept E:\n    y = 1\n",
    "except body": f"try:\n    x = 1\nexcept E:\n    a = 1\n    {D}\n    y = 1\nz = 1\n",
    "named except body": f"try:\n    x = 1\nexcept E as e:\n    a = 1  {D}\n    y = 1\nz = 1\n",
    "behind except": f"try:\n    x = 1\nexcept E as e:  {D}\n    a = 1\n    y = 1\n",
    "bare except": f"try:\n    x = 1\nexcept:  {D}\n    a = 1\n    y = 1\nz = 1\n",
    "loops": f"for i in x:  {D}\n    a = 1\nwhile y:\n    {D}\n    b = 1\nelse:\n    c = 1\nd = 1\n",
    "with": f"with a as b, c as d:  {D}\n    x = 1\nwith (\n    a as b,  {D}\n    c,\n):\n    {D}\n    y = 1\nz = 1\n",
    "match": f"match a:\n    case 1:  {D}\n        b = 1\n        c = 1\n    case _:\n        d  {D}\n        e\nf = 1\n",
    "call, first line": f"x = f(  {D}\n    1,\n    2,\n)\n",
    "call, middle line": f"x = f(\n    1,  {D}\n    2,\n)\n",
    "call, last line": f"x = f(\n    1,\n    2,\n)  {D}\n",
    "call, line of its own": f"x = f(\n    {D}\n    1,\n    2,\n)\ny = 1\n",
    "return of several lines": f"def f():\n    return (  {D}\n        1 +\n        2\n    )\n",
    "import of several lines": f"from a import (  {D}\n    b,\n)\nfrom d import (\n    e,  {D}\n    f,\n)\nx = 1\n",
    "dict": f"x = {{  {D}\n    'a': 1,  {D}\n    **b(\n        c),  {D}\n}}\ny = 1\n",
    "dict unpacked": f"x = {{\n    **(  {D}\n        b),\n    'c': 1,\n}}\ny = 1\n",
    "comprehension": f"x = [\n    a  {D}\n    for a in b  {D}\n    if a\n    if c(\n        d)  {D}\n]\ny = 1\n",
    "lambda": f"x = f(lambda a,  {D}\n    b: (\n    c))  {D}\ny = 1\n",
    "string": f'x = """\n{D}\n"""  {D}\ny = 1\n',
    "string with a pragma in it": f'x = "{D}"\ny = 1\n',
    "backslash": f"x = 1 + \\\n    2  {D}\ny = 1\n",
    "enabled again": f"{D}\nx = 1\n{E}\ny = 1\n{D}\nz = 1\n",
    "enabled on one line": f"{D}\nx = 1  {E}\ny = 1\n",
    "enabled in a function": f"{D}\ndef f():\n    {E}\n    x = 1\n\n\ny = 1\n",
    "disabled again inside": f"def f():\n    {D}\n    a\n    {E}\n    if a:\n        {D}\n        b\n    c\n",
    "enable all": f"{D}\nx = 1\n# pylint: enable=all\ny = 1\n",
    "disable all": "def f():\n    x = 1  # pylint: disable=all\n\n\ny = 1\n",
    "disable all among others": "x = 1  # pylint: disable=invalid-name,all\ny = 1\n",
    "next": f"x = 1\n{N}\ny = 1\nz = 1\n",
    "next behind a statement": f"x = 1  {N}\ny = 1\nz = 1\n",
    "next of all": "x = 1\n# pylint: disable-next=all\ny = 1\nz = 1\n",
    "next of several lines": f"{N}\nx = f(\n    1,\n)\n",
    "next within disabled": f"{D}\nx = 1\n{E}\n{N}\ny = 1\nz = 1\n",
    "next at the end": f"x = 1\n{N}\n# tail\n# tail\n",
    "skip-file": "x = 1\n# pylint: skip-file\ny = 1\n",
    "disable-all": "x = 1\n# pylint: disable-all\ny = 1\n",
    "skip-file in a string": 'x = "# pylint: skip-file"\ny = 1\n',
    "old names": f"x = 1  # pylint: disable-msg={RULE}\ny = 1\n# pylint: disable-msg={RULE}\nz = 1\n# pylint: enable-msg={RULE}\nw = 1\n",
    "spaces": f"x = 1  #pylint:disable={RULE}\ny = 1  #  pylint:   disable  =  {RULE}\n",
    "other words first": f"x = 1  # noqa pylint: disable={RULE}\ny = 1  # notpylint: disable={RULE}\n",
    "no assignment": f"x = 1  # pylint: disable {RULE}\ny = 1  # pylint: disable\n",
    "empty": "x = 1  # pylint: disable=\ny = 1  # pylint:\nz = 1  # pylint: =x\n",
    "unknown word": f"x = 1  # pylint: disabel={RULE}\ny = 1\n",
    "two actions": f"x = 1  # pylint: disable=invalid-name disable={RULE}\ny = 1  # pylint: disable={RULE} enable={RULE}\n",
    "a mistake after": f"x = 1  # pylint: disable={RULE} enable {RULE}\ny = 1\n",
    "an option": f"# pylint: max-line-length=10\nx = 1  {D}\ny = 1\n",
    "colon in another comment": f"x = 1  # see pylint: the linter\ny = 1  {D}\n",
    "only comments": f"# a\n{D}\n# b\n",
    "form feed": f"x = 1\n\f\ny = 1  {D}\nz = 1\n",
    "async": f"async def f():  {D}\n    async with a as b:\n        {D}\n        x = 1\n    async for c in d:\n        y = 1\n    await z\n",
    "one line": f"if a: x = 1  {D}\ndef f(): return 1  {D}\nclass A: x = 1  {D}\ny = 1; z = 2  {D}\nw = 1\n",
    "nested expressions": f"x = a.b(\n    c\n).d(  {D}\n    e,\n)\ny = (a  {D}\n     and b\n     and c)  {D}\nz = a[\n    1:  {D}\n    2]\n",
    "annotated": f"x: dict[  {D}\n    str, int\n] = {{}}\ny = 1\n",
    "f-string": f'x = f"{{a}}"  {D}\ny = (f"{{a}}"  {D}\n     f"{{b}}")\nz = 1\n',
    "assert and raise": f"assert (  {D}\n    a), (\n    b)  {D}\nraise A(\n    b  {D}\n) from c\n",
    "type comment": f"def f(a,  # type: int\n      b):  {D}\n    return a\n",
}


def silenced(text: str) -> set[int]:
    found = pragmas(text)
    return {line for line in range(1, len(text.splitlines()) + 1) if found.covers(line, RULE, CODE)}


def silenced_by_pylint(folder: Path, texts: dict[str, str]) -> dict[str, set[int]]:
    """Return the lines of each text on which the real pylint reports nothing."""
    (folder / "plugin").mkdir()
    (folder / "plugin" / "every_line.py").write_text(PLUGIN)
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    command = [sys.executable, "-m", "pylint", "--load-plugins=every_line", "--disable=C,R,W"]
    files = [f"{name}.py" for name in texts]
    run = subprocess.run(
        [*command, "--rcfile=/dev/null", "-f", "json", "--persistent=n", *files],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "plugin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout, run.stderr
    reported: dict[str, set[int]] = {name: set() for name in texts}
    for message in json.loads(run.stdout):
        if message["symbol"] == RULE:
            reported[message["path"].removesuffix(".py")].add(message["line"])
        else:
            assert message["symbol"] != "syntax-error", message
    return {name: set(range(1, len(text.splitlines()) + 1)) - reported[name] for name, text in texts.items()}


@pytest.fixture(scope="module")
def by_pylint(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[int]]:
    texts = {f"case_{number}": text for number, text in enumerate(CASES.values())}
    lines = silenced_by_pylint(tmp_path_factory.mktemp("cases"), texts)
    return dict(zip(CASES, lines.values(), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_same_as_pylint(by_pylint: dict[str, set[int]], name: str) -> None:
    if name in FROM_4_1 and BEFORE_4_1:
        assert silenced(CASES[name]) > by_pylint[name]
    else:
        assert silenced(CASES[name]) == by_pylint[name]


def test_random_places_same_as_pylint(tmp_path: Path) -> None:
    rng = random.Random(7)
    texts = {}
    mixed = sorted(text for name, text in CASES.items() if name not in FROM_4_1 or not BEFORE_4_1)
    for number in range(60):
        lines = "".join(rng.sample(mixed, 3)).splitlines()
        lines = [line.split("#")[0].rstrip() if "#" in line and '"' not in line else line for line in lines]
        for place in rng.sample(range(len(lines)), min(4, len(lines))):
            if not lines[place].endswith("\\") and '"' not in lines[place]:
                lines[place] += "  " + rng.choice([D, D, D, E, N])
        text = "\n".join(lines) + "\n"
        try:
            compile(text, "x", "exec")
        except SyntaxError:
            continue
        texts[f"case_{number}"] = text
    assert len(texts) > 20
    expected = silenced_by_pylint(tmp_path, texts)
    assert {name: silenced(text) for name, text in texts.items()} == expected


def test_other_rules_are_not_silenced() -> None:
    found = pragmas(f"x = 1  {D}\n")
    assert found.covers(1, RULE, CODE)
    assert not found.covers(1, "appstate-never-read", "I7814")
    assert not found.covers(1, RULE + "-x", "E7803")


@pytest.mark.parametrize("text", ["", "x = 1\n", "# pylint is a linter\n"])
def test_text_without_pragmas(text: str) -> None:
    assert pragmas(text) == Pragmas()


@pytest.mark.parametrize(
    "text",
    [
        f"def f(:  {D}\n",
        f"x = 1  {D}\n  y = (\n",
        f"'''\n{D}",
        f"\0 {D}",
        f"x = 1  {D}\n" + "(" * 5000,
        f"x = {'-' * 100_000}1  {D}\n",
        f"{'if a:' * 200}  {D}",
        f"\x0c\ufeff{D}\u2028{D}\r{D}\x85x",
        f"\ud800 {D}",
        "# pylint: " + "#" * 10_000 + "pylint:",
        "# pylint: disable=" + ",".join(["a"] * 10_000),
        "# pylint: disable=disable=disable=",
        f"x = 1\n{D}\n\tif a:\n  b\n",
        f"if a:\n        b\n    c  {D}\n",
        f"$ ? ` {D}",
    ],
)
def test_odd_text_never_raises(text: str) -> None:
    assert isinstance(pragmas(text).covers(1, RULE, CODE), bool)


def test_broken_file_keeps_pragmas_of_single_lines() -> None:
    found = pragmas(f"x = 1  {D}\ny = 1\n" + "(" * 3)
    assert found.covers(1, RULE, CODE)
    assert not found.covers(2, RULE, CODE)
