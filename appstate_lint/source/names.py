"""Paths of files → module names.

The *import root* of a file is the directory that has to be on ``sys.path`` for the imports of the project to work.
It is found from the layout alone:

* a package (a directory with ``__init__.py``) belongs to the chain of packages above it; the root is the directory
  above the topmost one;
* else the nearest of: a directory named ``src``, one that holds ``pyproject.toml``, ``setup.py`` or ``setup.cfg``,
  the project root. Directories without ``__init__.py`` on the way are namespace packages.

A file whose name is no identifier gets the name it would have if it were one: ``bin/run-server.py`` is
``bin.run-server`` and ``a.b.py`` is ``a.b``. Two files may have one name (several services in one repository).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

PACKAGE_FILE = "__init__.py"
ROOT_FILES = frozenset({"pyproject.toml", "setup.py", "setup.cfg"})


class Layout(msgspec.Struct, frozen=True):
    """Which directories are packages and which are import roots; paths relative to the root, ``""`` is the root.

    ``above`` holds the names of the packages above and including the root, when the root itself is a package.
    """

    packages: frozenset[str]
    roots: frozenset[str]
    above: tuple[str, ...] = ()


def module_prefixes(directories: Mapping[str, object], layout: Layout) -> dict[str, tuple[str, ...]]:
    """Return the dotted prefix of the modules in each of ``directories``, as a tuple of names."""
    return {directory: _prefix(directory, layout) for directory in directories}


def module_name(prefix: tuple[str, ...], file_name: str) -> str:
    """Return the module name of ``file_name`` in a directory with that prefix; a package is named by its directory."""
    if file_name == PACKAGE_FILE and prefix:
        return ".".join(prefix)
    return ".".join((*prefix, file_name.removesuffix(".py")))


def _prefix(directory: str, layout: Layout) -> tuple[str, ...]:
    parts = directory.split("/") if directory else []
    top = _import_root(parts, layout)
    below = tuple(parts[top:])
    return layout.above + below if top == 0 else below


def _import_root(parts: list[str], layout: Layout) -> int:
    """Return how many of ``parts`` lead to the import root."""
    for depth in range(len(parts), 0, -1):
        path = "/".join(parts[:depth])
        if path in layout.packages:
            return _above_packages(parts, depth, layout)
        if parts[depth - 1] == "src" or path in layout.roots:
            return depth
    return 0


def _above_packages(parts: list[str], depth: int, layout: Layout) -> int:
    while depth and "/".join(parts[:depth]) in layout.packages:
        depth -= 1
    return depth
