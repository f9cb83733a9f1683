"""Modules that code may import by strings: ``import_module(...)`` and the ``"module:name"`` of servers.

The string may be put together elsewhere (tables of constants, f-strings), so where code imports by name, every module
counts all of whose parts are written in strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from appstate_lint.frameworks import Tables
from appstate_lint.project.modules import Modules
from appstate_lint.source import SourceFile

_QUOTED = re.compile(r"""["']((?:[\w.%:]|\{[^{}\n"']*\})+)(?=["'])""")
_HOLE = re.compile(r"\{[^{}]*\}|%\w")
_GAP = "\0"
_NOTHING: frozenset[str] = frozenset()


class Strings:
    """The words of strings that may name modules, and the files that import, or serve, what strings name."""

    def __init__(self, tables: Tables, files: Iterable[SourceFile]) -> None:
        roles = {name: call.role for name, call in tables.functions.items()}
        self._import_words = tuple(sorted({n.rpartition(".")[2] for n, role in roles.items() if role == "import"}))
        self._serve_words = tuple(sorted({n.partition(".")[0] for n, role in roles.items() if role == "serve"}))
        self._names = [(file.path, name) for file in files for name in _names(file)]
        self._importers: list[str] = []
        self._servers: list[str] = []
        self._words: set[str] = set()
        self._targets: set[str] = set()
        self._shapes: set[str] = set()
        self._built = False

    def add(self, file: str, text: str) -> None:
        """Take in the strings of a file."""
        if any(name in text for name in self._import_words):
            self._importers.append(file)
        if any(name in text for name in self._serve_words):
            self._servers.append(file)
        for quoted in set(_QUOTED.findall(text)):
            module, colon, _ = _HOLE.sub(_GAP, quoted).partition(":")
            self._built = self._built or (bool(colon) and (_GAP in module or not module))
            for part in module.split("."):
                if _GAP not in part:
                    self._words.add(part)
                    if colon:
                        self._targets.add(part)
                elif part != _GAP:
                    self._shapes.add(part)

    def modules(self, modules: Modules) -> Iterator[str]:
        """Yield the files that strings may name."""
        importers, words, shape = list(self._importers), self._words, None
        if self._built:
            importers += self._servers
        if importers and self._shapes:
            shape = re.compile("|".join(re.escape(each).replace(_GAP, r"\w*") for each in sorted(self._shapes)))
        for path, name in self._names:
            parts = name.split(".")
            if importers and all(part in words or (shape and shape.fullmatch(part)) for part in parts):
                if any(modules.find(name, each) == path for each in importers):
                    yield path
            elif not self._built and self._servers and all(part in self._targets for part in parts):
                if any(modules.find(name, each) == path for each in self._servers):
                    yield path


def _names(file: SourceFile) -> Iterator[str]:
    """Yield the names under which a file may be imported: its module name, and the suffixes of its path."""
    parts = file.path.removesuffix(".py").removesuffix("/__init__").split("/")
    names = {".".join(parts[start:]) for start in range(len(parts))}
    yield from sorted(names | {file.module})
