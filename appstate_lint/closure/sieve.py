"""What a file is good for by its bytes alone, and what is kept of one that is not parsed."""

from __future__ import annotations

from collections.abc import Iterable

from appstate_lint.closure.clients import Clients
from appstate_lint.closure.imports import import_text
from appstate_lint.closure.words import Use, words_of
from appstate_lint.config import Settings
from appstate_lint.frameworks import Tables
from appstate_lint.source import SourceFile

Fixtures = Iterable[tuple[str, str]]
"""Fixtures that hand out clients: folder with a slash at its end, and name; without a folder, names of accessors."""


class Sieve:
    """Tells files that are parsed for what they say from those that are skipped."""

    def __init__(self, tables: Tables, settings: Settings) -> None:
        self.words = words_of(tables, settings)
        self.clients = Clients(tables)
        named = (*settings.applications, *(each.type for each in settings.components if each.type is not None))
        named += tuple(each.pattern for each in settings.phase_functions)
        named += tuple(each.call for each in settings.phase_markers)
        self._named = frozenset(module for name in named for module in modules_in(name))

    def use(self, file: SourceFile, content: bytes | str) -> Use:
        """Return what a file is good for; one that the settings name is followed."""
        use = self.words.use(content, file.is_test)
        return Use.FOLLOW if use is Use.SKIP and self._is_named(file) else use

    def _is_named(self, file: SourceFile) -> bool:
        folders = file.path.removesuffix(".py").removesuffix("/__init__").split("/")
        endings = (".".join(folders[start:]) for start in range(len(folders)))
        return file.module in self._named or not self._named.isdisjoint(endings)

    def makes_client(self, file: SourceFile, content: bytes | str) -> bool:
        """Tell whether a file is a test that makes a client."""
        return file.is_test and self.clients.makes(content)

    def makes_application(self, file: SourceFile, content: bytes | str) -> bool:
        """Tell whether a file that is no test may make an application."""
        return not file.is_test and self.words.makes_application(content)

    def rest(self, file: SourceFile, content: bytes | str) -> bytes:
        """Return what is kept of a file that is skipped."""
        return b"" if file.is_test else import_text(content)

    def skim(self, file: SourceFile, content: bytes | str, fixtures: Fixtures) -> bytes | None:
        """Return what is seen of a file that is not parsed, None of one that is.

        As long as that stays what it was in ``Closed.skimmed``, nothing else in the file matters.
        """
        if self.use(file, content) is not Use.SKIP or self.makes_client(file, content):
            return None
        asked = fixtures if file.is_test else [each for each in fixtures if not each[0]]
        if mentions(file.path, content, asked):
            return None
        return self.rest(file, content)


def mentions(path: str, content: bytes | str, fixtures: Fixtures) -> bool:
    """Tell whether a test file mentions one of the fixtures of the folders around it."""
    names = [name.encode("utf-8") for folder, name in fixtures if path.startswith(folder)]
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return any(name in data for name in names)


def modules_in(name: str) -> Iterable[str]:
    """Return the modules that a name of the settings may lie in: ``module:name``, or all dotted and any of it."""
    module, colon, _ = name.partition(":")
    parts = module.split(".")
    return (module,) if colon else (".".join(parts[:end]) for end in range(1, len(parts)))
