"""What is remembered of launchers between analyses, by all that their lives depend on.

A life goes from file to file by imports only. So it depends on the files that imports lead to from its launcher, on
which modules there are, and on the little that is asked of the whole project: names of classes that extend others, keys
for components, the packages that it uses, names that code sets on some holder. What no import leads to (a module
imported by a computed name) is seen afterwards: such a life is not remembered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec

from appstate_lint.model import Place
from appstate_lint.project import Project
from appstate_lint.project.launchers import Root
from appstate_lint.project.mentions import Mentions


class Memory(NamedTuple):
    """Where accounts are kept: ``context`` is a digest of settings and versions, ``digests`` those of files' contents.

    ``reached`` has the files that the imports of each file lead to.
    """

    context: bytes
    digests: Mapping[str, bytes]
    reached: Mapping[str, frozenset[str]]
    get: Callable[[bytes], bytes | None]
    put: Callable[[bytes, bytes], None]


class Keys:
    """Gives the key under which the account of a launcher is kept."""

    def __init__(
        self, memory: Memory, project: Project, mentions: Mentions, factories: Iterable[tuple[str, int]]
    ) -> None:
        shapes = mentions.shapes
        self._memory = memory
        self._factories = sorted(factories)
        whole = (
            memory.context,
            sorted(project.modules.by_path.values()),
            sorted((name, sorted(heirs)) for name, heirs in project.heirs.items()),
            sorted(shapes.keys.items()),
            sorted(shapes.words),
            shapes.items,
        )
        self._whole = _digest(whole)
        self._parsed = project.facts.keys()
        self._set = {
            file: {
                name for index in mentions.shaped(file) for name in shapes.set_on_holder(facts.functions[index].body)
            }
            for file, facts in project.facts.items()
            if file not in project.tests
        }

    def files(self, root: Root) -> set[str]:
        """Return the files that imports lead to from a launcher's, itself included."""
        found = {root.file}
        waiting = [root.file]
        while waiting:
            new = self._memory.reached.get(waiting.pop(), frozenset()) - found
            found |= new
            waiting.extend(new)
        return found

    def key(self, root: Root, files: set[str], told: Iterable[Place]) -> bytes:
        """Return the key of the account of a launcher whose imports lead to ``files``."""
        depends = [(file, file in self._parsed, self._memory.digests.get(file, b"")) for file in sorted(files)]
        factories = [each for each in self._factories if each[0] in files]
        set_elsewhere = sorted({name for file, names in self._set.items() if file not in files for name in names})
        return _digest((self._whole, root, sorted(told), factories, depends, set_elsewhere))


def _digest(value: object) -> bytes:
    return hashlib.blake2b(b"account" + msgspec.msgpack.encode(value), digest_size=16).digest()
