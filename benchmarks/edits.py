"""Random edits of a tree, such as people make, one after the other."""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

_COMPONENT = re.compile(rb"\bstate\.([a-z_]\w*)|\b(?:app|application)\[\"([a-z_]\w*)\"\]")
_WRITE = re.compile(rb"^([ \t]+)[\w.]*(?:\bstate\.\w+|\bapp\[[^\]\n]+\]) *=[^=\n][^\n(\[{]*$", re.M)
_SIGNATURE = re.compile(rb"^([ \t]*(?:async )?def \w+\()([^()*\n]*)\)", re.M)
_DEFINITION = re.compile(rb"^[ \t]*(?:async )?def (\w+)", re.M)
_IMPORT = re.compile(rb"^(?:from [\w.]+ )?import [\w., ]+\n", re.M)
_CALL = re.compile(rb"^([ \t]+)(?:await )?[\w.]+\([^()\n]*\)$", re.M)
_COMMENT = re.compile(rb"#[^\n]*")
_TOUCHES = re.compile(rb"state\b|\bapp\[|FastAPI|APIRouter|web\.Application|TestClient|lifespan")
_AGES = (0.0, 5.0, 1000.0)
"""Seconds since a file was changed: the times of a new one are not trusted."""

_SETTINGS = (
    b'exclude = ["tests/**"]\n',
    b"closed = true\n",
    b'external-writers = ["db", "pool", "config"]\n',
    b'tests = ["app/**"]\n',
    b'phases = ["first", "second"]\n[components.db]\nphase = "first"\n',
    b'[components.added]\ntype = "str"\n',
    b"",
)
_ADDED = (
    b"def fill(app):\n    app.state.added = 1\n    app.state.db = None\n",
    b"def show(request):\n    return request.app.state.added, request.app['missing']\n",
    b"from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\ndef read():\n    return app.state.missing\n",
    b"from aiohttp import web\n\n\ndef make():\n    app = web.Application()\n    app['db'] = 1\n    return app\n",
    b"RATE = 3\n",
    b"",
)
_SYNTAX = (b"def broken(:\n", b"app.state.x = = 1\n", b"    odd = 1\n", b"x = (\n", b"x = '\n", b"\0", b"# \xff\n")


class Tree(NamedTuple):
    """A tree that is edited, what chooses the edits, and what the files held that were changed (None: nothing)."""

    root: Path
    dice: random.Random
    before: dict[Path, bytes | None]


def edited(tree: Tree) -> str:
    """Make one random edit; return what was done."""
    while True:
        name, edit = tree.dice.choice(sorted(EDITS.items()))
        files = [path for path in sorted(tree.root.rglob("*.py")) if path.is_file() and not path.is_symlink()]
        touching = [path for path in files if _TOUCHES.search(path.read_bytes())]
        path = tree.dice.choice(touching if touching and tree.dice.random() < 0.7 else files)
        changed = list(edit(tree, path))
        if changed:
            return f"{name}: {', '.join(sorted(str(each.relative_to(tree.root)) for each in changed))}"


Edit = Callable[[Tree, Path], Iterator[Path]]
"""Edits a file, or something near it, and yields what it changed: nothing if there was nothing to edit."""


def _write(tree: Tree, path: Path, content: bytes) -> Iterator[Path]:
    known = path.read_bytes() if path.exists() else None
    if content == known:
        return
    tree.before.setdefault(path, known)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    _date(tree, path)
    yield path


def _date(tree: Tree, path: Path) -> None:
    then = time.time_ns() - int(tree.dice.choice(_AGES) * 1e9) + tree.dice.randrange(10**6)
    os.utime(path, ns=(then, then))


def _one(pattern: re.Pattern[bytes], tree: Tree, text: bytes) -> re.Match[bytes] | None:
    found = list(pattern.finditer(text))
    return tree.dice.choice(found) if found else None


def _replacing(pattern: re.Pattern[bytes], replacement: bytes) -> Edit:
    """Return the edit that puts ``replacement``, a template, in place of one thing that ``pattern`` finds."""

    def edit(tree: Tree, path: Path) -> Iterator[Path]:
        text = path.read_bytes()
        found = _one(pattern, tree, text)
        if found is not None:
            yield from _write(tree, path, text[: found.start()] + found.expand(replacement) + text[found.end() :])

    return edit


def _appending(*texts: bytes) -> Edit:
    def edit(tree: Tree, path: Path) -> Iterator[Path]:
        yield from _write(tree, path, path.read_bytes() + b"\n" + tree.dice.choice(texts))

    return edit


def _name(tree: Tree, path: Path) -> bytes | None:
    """Return the name of a component that a file mentions."""
    found = _one(_COMPONENT, tree, path.read_bytes())
    return found and (found[1] or found[2])


def _rename_component(tree: Tree, path: Path) -> Iterator[Path]:
    """Give another name to a component wherever the file mentions it."""
    name = _name(tree, path)
    if name:
        new = tree.dice.choice((name + b"_new", b"db", b"pool"))
        yield from _write(tree, path, re.sub(rb"\b%b\b" % name, new, path.read_bytes()))


def _rename_everywhere(tree: Tree, path: Path) -> Iterator[Path]:
    name = _name(tree, path)
    if name:
        for each in sorted(tree.root.rglob("*.py")):
            if each.is_file() and name in (text := each.read_bytes()):
                yield from _write(tree, each, re.sub(rb"\bstate\.%b\b" % name, b"state.moved", text))


def _rename_function(tree: Tree, path: Path) -> Iterator[Path]:
    """Give another name to a function in its file only: others still use the old one."""
    text = path.read_bytes()
    found = _one(_DEFINITION, tree, text)
    if found:
        yield from _write(tree, path, re.sub(rb"\b%b\b" % found[1], found[1] + b"_new", text))


def _swap(tree: Tree, path: Path) -> Iterator[Path]:
    """Put a statement behind the next one."""
    lines = path.read_bytes().splitlines(keepends=True)
    pairs = [at for at in range(len(lines) - 1) if _indent(lines[at]) == _indent(lines[at + 1]) != b""]
    if pairs:
        at = tree.dice.choice(pairs)
        lines[at : at + 2] = lines[at + 1], lines[at]
        yield from _write(tree, path, b"".join(lines))


def _indent(line: bytes) -> bytes:
    return line[: len(line) - len(line.lstrip())]


def _comment(tree: Tree, path: Path) -> Iterator[Path]:
    """Change a comment without a change of size."""
    text = path.read_bytes()
    found = _one(_COMMENT, tree, text)
    if found:
        changed = b"#" + b"x" * (len(found[0]) - 1)
        yield from _write(tree, path, text[: found.start()] + changed + text[found.end() :])


def _touch(tree: Tree, path: Path) -> Iterator[Path]:
    """Change the time only."""
    _date(tree, path)
    yield path


def _add(tree: Tree, path: Path) -> Iterator[Path]:
    new = path.with_name(f"added_{tree.dice.randrange(1000)}.py")
    yield from _write(tree, new, tree.dice.choice(_ADDED))


def _add_used(tree: Tree, path: Path) -> Iterator[Path]:
    """Add a file that another one imports and calls."""
    name = f"used_{tree.dice.randrange(1000)}"
    yield from _write(tree, path.with_name(f"{name}.py"), _ADDED[0])
    package = "." if (path.parent / "__init__.py").exists() else ""
    use = f"from {package}{name} import fill\nfill(app)\n" if package else f"import {name}\n{name}.fill(app)\n"
    yield from _write(tree, path, path.read_bytes() + b"\n" + use.encode())


def _delete(tree: Tree, path: Path) -> Iterator[Path]:
    tree.before.setdefault(path, path.read_bytes())
    path.unlink()
    yield path


def _move(tree: Tree, path: Path) -> Iterator[Path]:
    """Give a file another name, or another folder."""
    text = path.read_bytes()
    new = tree.dice.choice((path.with_stem(f"{path.stem}_moved"), path.parent.parent / path.name))
    if tree.root in new.parents and not new.exists():
        yield from _delete(tree, path)
        yield from _write(tree, new, text)


def _configure(tree: Tree, _: Path) -> Iterator[Path]:
    """Put the linter's settings, other ones each time, in a file of their own."""
    yield from _write(tree, tree.root / "appstate-lint.toml", tree.dice.choice(_SETTINGS))


def _project(tree: Tree, _: Path) -> Iterator[Path]:
    """Put the settings in the project's file; they count where there is none of their own."""
    path = tree.root / "pyproject.toml"
    kept = path.read_bytes().partition(b"\n[tool.appstate-lint]")[0] if path.exists() else b""
    table = tree.dice.choice(_SETTINGS).replace(b"[components.", b"[tool.appstate-lint.components.")
    own = tree.root / "appstate-lint.toml"
    if own.exists():
        yield from _delete(tree, own)
    yield from _write(tree, path, kept + b"\n[tool.appstate-lint]\n" + table)


def _require(tree: Tree, _: Path) -> Iterator[Path]:
    """State another version of a framework."""
    version = tree.dice.choice((b"fastapi==0.50\n", b"fastapi>=0.110\n", b"starlette==1.0.0\n", b""))
    yield from _write(tree, tree.root / "requirements.txt", version)


def _undo(tree: Tree, _: Path) -> Iterator[Path]:
    """Give a file back what it held at first."""
    if tree.before:
        yield from _restore(tree, tree.dice.choice(sorted(tree.before)))


def _undo_all(tree: Tree, _: Path) -> Iterator[Path]:
    for path in sorted(tree.before):
        yield from _restore(tree, path)


def _restore(tree: Tree, path: Path) -> Iterator[Path]:
    content = tree.before[path]
    if content is not None:
        yield from _write(tree, path, content)
    elif path.exists():
        path.unlink()
        yield path
    del tree.before[path]


EDITS: dict[str, Edit] = {
    "add a comment": _appending(b"# a comment\n"),
    "change a comment": _comment,
    "change the time": _touch,
    "rename a component": _rename_component,
    "rename a component everywhere": _rename_everywhere,
    "delete an initializer": _replacing(_WRITE, rb"\1pass"),
    "make an initializer conditional": _replacing(_WRITE, rb"\1if maybe():\n\1    pass\n\g<0>\n\1del nothing"),
    "write twice": _replacing(_WRITE, rb"\g<0>\n\g<0>"),
    "add an initializer": _appending(b"\ndef late(app):\n    app.state.added = 1\n    app['db'] = 1\n"),
    "open the state": _appending(b"\ndef late(app):\n    setattr(app.state, name(), 1)\n"),
    "add a read": _replacing(_DEFINITION, rb"def added(app):\n    return app.state.missing\n\n\n\g<0>"),
    "read at import": _appending(b"app.state.db\n"),
    "change a signature": _replacing(_SIGNATURE, rb"\1\2, added=None)"),
    "take away parameters": _replacing(_SIGNATURE, rb"\1)"),
    "rename a function": _rename_function,
    "delete a call": _replacing(_CALL, rb"\1pass"),
    "delete an import": _replacing(_IMPORT, b""),
    "swap lines": _swap,
    "break the syntax": _appending(*_SYNTAX),
    "empty a file": lambda tree, path: _write(tree, path, b""),
    "add a file": _add,
    "add a file that is used": _add_used,
    "delete a file": _delete,
    "move a file": _move,
    "change the settings": _configure,
    "change the project's settings": _project,
    "change a requirement": _require,
    "undo": _undo,
    "undo all": _undo_all,
}
