"""The files that may use declared accessors: those that mention one of the names that files have for them.

An import may give an accessor another name (``import get_x as get_y``), and a module may assign it to a variable: so
names are added until no file brings a new one. Known miss: a name that is built in pieces (``"get_" + "x"``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from appstate_lint.closure.words import mentions_any, normalized
from appstate_lint.config import Migration
from appstate_lint.facts.flow import FileFacts
from appstate_lint.project import Project
from appstate_lint.project.accessors import accessors, homes, names
from appstate_lint.project.modules import Modules


def homes_of(modules: Modules, migrations: Iterable[Migration]) -> set[str]:
    """Return the files of the modules that declarations speak of."""
    return {file for migration in migrations for each in migration.accessors for file in homes(modules, each)}


def words_for(project: Project, migrations: Iterable[Migration], texts: Mapping[str, str]) -> set[str]:
    """Return the names that the files of ``texts`` have for the accessors of ``migrations``."""
    return names(project, {each.definition for each in accessors(project, migrations)}, texts)


def mentions(content: bytes | str, words: Iterable[str]) -> bool:
    """Tell whether a file mentions one of ``words``."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    wide = "" if data.isascii() else normalized(data)
    return wide is None or mentions_any(data, wide, tuple(words))


def quoted(modules: Modules, file: str, facts: FileFacts) -> Iterator[str]:
    """Yield the files of the modules that strings of ``file`` name, or name something in."""
    for quote in facts.quotes:
        parts = quote.text.replace(":", ".").split(".")
        found = (modules.find(".".join(parts[:end]), file) for end in range(len(parts), 0, -1))
        path = next((each for each in found if each is not None), None)
        if path is not None:
            yield path
