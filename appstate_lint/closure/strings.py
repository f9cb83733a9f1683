"""Modules that code may import by strings: ``import_module(...)`` and the ``"module:name"`` of servers.

The string may be put together elsewhere (tables of constants, f-strings), so where code imports by name, every module
counts all of whose parts are written in strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from appstate_lint.frameworks import Tables
from appstate_lint.source import SourceFile

_QUOTED = re.compile(r"""["']((?:[\w.%:]|\{[^{}\n"']*\})+)(?=["'])""")
_HOLE = re.compile(r"\{[^{}]*\}|%\w")
_ANY = "\0"


class Strings:
    """The words that strings of a project hold, as far as they may name modules."""

    def __init__(self, tables: Tables, files: Iterable[SourceFile]) -> None:
        roles = {name: call.role for name, call in tables.functions.items()}
        self._importers = tuple(sorted({n.rpartition(".")[2] for n, role in roles.items() if role == "import"}))
        self._servers = tuple(sorted({n.partition(".")[0] for n, role in roles.items() if role == "serve"}))
        self._files = {file.path: _parts(file) for file in files}
        self._words: set[str] = set()
        self._targets: set[str] = set()
        self._shapes: set[str] = set()
        self._imports = False
        self._serves = False

    def add(self, text: str) -> None:
        """Take in the strings of a file."""
        self._imports = self._imports or any(name in text for name in self._importers)
        self._serves = self._serves or any(name in text for name in self._servers)
        for quoted in _QUOTED.findall(text):
            module, colon, _ = quoted.partition(":") if "{" not in quoted else (quoted, "", "")
            if "." not in module and not colon and module.isidentifier():
                self._words.add(module)
                continue
            for part in _HOLE.sub(_ANY, module).split("."):
                if _ANY not in part:
                    self._words.add(part)
                    if colon:
                        self._targets.add(part)
                elif part != _ANY:
                    self._shapes.add(part)
                    if colon:
                        self._targets.add(part)

    def modules(self) -> Iterator[str]:
        """Yield the files that strings may name."""
        words = self._words if self._imports else self._targets if self._serves else set()
        shapes = "|".join(re.escape(each).replace(_ANY, r"\w*") for each in sorted(self._shapes))
        shape = re.compile(shapes) if shapes and self._imports else None
        for path, names in self._files.items():
            if any(all(part in words or (shape and shape.fullmatch(part)) for part in parts) for parts in names):
                yield path


def _parts(file: SourceFile) -> tuple[tuple[str, ...], ...]:
    """Return the dotted names of a file, split: by its module name, and every suffix of its path does as well."""
    stem = file.path.removesuffix(".py").removesuffix("/__init__")
    return (tuple(file.module.split(".")), (stem.rpartition("/")[2],))
