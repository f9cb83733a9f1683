"""A directory → the Python files of a project, with their module names.

Left out: version control, virtual environments, caches, installed packages, what ``.gitignore`` files and
``.git/info/exclude`` ignore (a global ignore file of the user is not read: the answer depends on the repository alone),
and what the settings exclude. Only regular files count; a FIFO or device named ``x.py`` is never opened. Names that are
not text (undecodable bytes) are left out, since no import can reach them.

Links: a file that is linked counts once, under its real path if that is in the project. A linked directory is followed
when its target lies in the same repository and has not been visited, so loops end and build caches outside are not
read. Hard links are files of their own.

A directory that the system does not let us read is named, for what it holds is missing.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from appstate_lint.source import names
from appstate_lint.source.decoding import Unreadable, read_regular
from appstate_lint.source.ignoring import Ignoring, compile_rules

_ROOT_FILES = ("pyproject.toml", "appstate-lint.toml")
_VCS = (".git", ".hg", ".svn")
_SKIPPED = frozenset(
    {
        *_VCS,
        ".bzr",
        "CVS",
        "_darcs",
        "__pycache__",
        "__pypackages__",
        ".appstate-cache",
        ".eggs",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        "node_modules",
        "site-packages",
    }
)
_ENVIRONMENTS = frozenset({"venv", ".venv", "env", ".env", "virtualenv", ".virtualenv"})
_INTERPRETERS = ("bin/python", "bin/python3", "Scripts/python.exe")
_ENVIRONMENT_MARKS = frozenset({"pyvenv.cfg", "conda-meta"})
_PATTERN_SIGNS = re.compile(r"[\\*?\[\]! ]")
_TEST_DIRECTORIES = frozenset({"test", "tests"})  # not "testing": that is often product code


class SourceFile(msgspec.Struct, frozen=True, order=True):
    """One Python file: path relative to the root with forward slashes, dotted module name, what it is.

    A package is named by its directory: its name never ends in ``.__init__``.
    """

    path: str
    module: str
    is_package: bool
    is_test: bool


class Discovery(msgspec.Struct, frozen=True):
    """The Python files of a project, sorted by path, and the directories that could not be read, with the reasons.

    Directories are relative to the root with forward slashes; the root itself is ``.``.
    """

    files: tuple[SourceFile, ...]
    unread: tuple[tuple[str, str], ...] = ()


class _Layer(msgspec.Struct, frozen=True):
    """Rules and where they apply: paths there are ``prefix`` plus the path below the root from ``cut`` on."""

    rules: Ignoring
    prefix: str
    cut: int

    def seen(self, path: str) -> str:
        return self.prefix + path[self.cut :]


class _Directory(msgspec.Struct, frozen=True):
    """A directory to scan: absolute name, path below the root with a slash at its end, what holds inside."""

    absolute: str
    path: str
    layers: tuple[_Layer, ...]
    is_test: bool


class _Entries(msgspec.Struct, frozen=True):
    """The content of one directory, sorted into what matters."""

    names: frozenset[str] = frozenset()
    files: tuple[tuple[str, int], ...] = ()
    directories: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    trouble: str = ""
    """Why the rest could not be read."""


class _Tests(msgspec.Struct, frozen=True):
    """What counts as test code: the patterns of the settings, or the customs of pytest and unittest."""

    patterns: Ignoring | None

    def directory(self, name: str, path: str) -> bool:
        return bool(self.patterns.directory(name, path)) if self.patterns else name in _TEST_DIRECTORIES

    def file(self, name: str, path: str) -> bool:
        if self.patterns:
            return bool(self.patterns.file(name, path))
        return name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"


class _Found:
    """What a walk has seen so far."""

    def __init__(self) -> None:
        self.files: dict[str, list[tuple[str, bool]]] = {}
        self.inodes: set[tuple[int, int]] = set()
        self.visited: set[tuple[int, int]] = set()
        self.directories: dict[str, _Directory] = {}
        self.links: list[tuple[_Directory, str]] = []
        self.unread: dict[str, str] = {}
        self.packages: set[str] = set()
        self.roots: set[str] = set()


def find_root(start: Path) -> Path:
    """Return the root of the project that ``start``, a file or directory, belongs to.

    It is the nearest directory at or above it with ``pyproject.toml``, ``appstate-lint.toml`` or a version control
    directory; a nested ``pyproject.toml`` below a ``.git`` thus makes a project of its own. Without any, it is the
    directory itself.
    """
    return _marked_root(start) or _directory_of(start)


def alone(start: Path) -> tuple[str, ...]:
    """Return the patterns to exclude so that ``start``, a file outside any project, is a project of its own.

    They hold for the root that ``find_root`` gives. None are returned for a directory, or a file of a project.
    """
    if start.is_dir() or _marked_root(start):
        return ()
    name = _PATTERN_SIGNS.sub(r"\\\g<0>", start.name)
    return ("/*", f"!/{name}")


def repository_root(start: Path) -> Path | None:
    """Return the nearest directory at or above ``start`` under version control (a ``.git`` file counts), or None."""
    here = _directory_of(start)
    return next((directory for directory in (here, *here.parents) if _has_vcs(directory)), None)


def is_disk(root: Path) -> bool:
    """Say whether ``root`` (absolute) is the root of a disk: no project, and too much to look at."""
    return root.parent == root


def discover(
    root: Path, exclude: Sequence[str] = (), tests: Sequence[str] = (), unsaved: Iterable[str] = ()
) -> tuple[SourceFile, ...]:
    """Return the files that :func:`explore` finds."""
    return explore(root, exclude, tests, unsaved).files


def explore(
    root: Path, exclude: Sequence[str] = (), tests: Sequence[str] = (), unsaved: Iterable[str] = ()
) -> Discovery:
    """Return the Python files below ``root``, and what could not be looked into.

    ``exclude`` and ``tests`` are patterns as in a ``.gitignore`` at the root; ``tests``, if any, replaces the usual
    ones (directories ``test`` and ``tests``, files ``test_*.py``, ``*_test.py``, ``conftest.py``). ``unsaved`` are
    paths below the root of files that only an editor has: they count where their directory does. Never raises for what
    lies on the disk.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100 -- resolve() would follow links
    repository = repository_root(root)
    excluded = compile_rules(exclude) if exclude else None
    test_code = _Tests(compile_rules(tests) if tests else None)
    start = _Directory(str(root), "", _layers_above(root, repository), is_test=False)
    found = _Found()
    _walk(start, found, excluded, test_code)
    boundary = os.path.realpath(repository or root)
    while found.links:
        links, found.links = sorted(found.links, key=lambda link: link[0].path + link[1]), []
        for directory, name in links:
            _follow(directory, name, boundary, found, excluded, test_code)
    for path in sorted(unsaved):
        _add_unsaved(path, found, excluded, test_code)
    return Discovery(_source_files(root, found), tuple(sorted(found.unread.items())))


def _marked_root(start: Path) -> Path | None:
    """Return the nearest directory at or above ``start`` that is marked as the root of a project."""
    here = _directory_of(start)
    for directory in (here, *here.parents):
        if any((directory / name).is_file() for name in _ROOT_FILES) or _has_vcs(directory):
            return directory
    return None


def _directory_of(start: Path) -> Path:
    absolute = Path(os.path.abspath(start))  # noqa: PTH100
    return absolute if absolute.is_dir() else absolute.parent


def _has_vcs(directory: Path) -> bool:
    return any((directory / name).exists() for name in _VCS)


def _source_files(root: Path, found: _Found) -> tuple[SourceFile, ...]:
    above = _packages_above(root) if "" in found.packages else ()
    layout = names.Layout(frozenset(found.packages), frozenset(found.roots), above)
    prefixes = names.module_prefixes(found.files, layout)
    return tuple(
        sorted(
            SourceFile(
                path=f"{directory}/{name}" if directory else name,
                module=names.module_name(prefixes[directory], name),
                is_package=name == names.PACKAGE_FILE,
                is_test=is_test,
            )
            for directory, files in found.files.items()
            for name, is_test in files
        )
    )


def _packages_above(root: Path) -> tuple[str, ...]:
    """Return the names of the packages that a root which is itself a package lies in, itself the last."""
    chain: list[str] = []
    for directory in (root, *root.parents):
        if not directory.name or not (directory / names.PACKAGE_FILE).is_file():
            break
        chain.append(directory.name)
    return tuple(reversed(chain))


def _walk(start: _Directory, found: _Found, excluded: Ignoring | None, tests: _Tests) -> None:
    """Scan ``start`` and all below it, without recursion; links are put aside."""
    pending = [start]
    while pending:
        directory = pending.pop()
        device, inode = _identity(directory.absolute)
        entries = _scan(directory.absolute)
        if (device, inode) in found.visited or (directory.path and _is_environment(directory.absolute, entries)):
            continue
        found.visited.add((device, inode))
        if entries.trouble:
            found.unread[directory.path.removesuffix("/") or "."] = entries.trouble
        directory = _with_own_rules(directory, entries)
        _note(directory, entries, found)
        for name, file_inode in entries.files:
            if not _is_left_out(directory, name, excluded, is_directory=False):
                _add_file(directory, name, found, tests)
                found.inodes.add((device, file_inode))
        for name in entries.directories:
            if not _is_left_out(directory, name, excluded, is_directory=True):
                pending.append(_below(directory, name, tests))
        found.links.extend((directory, name) for name in entries.links)


def _identity(absolute: str) -> tuple[int, int]:
    try:
        status = os.stat(absolute)  # noqa: PTH116
    except OSError:
        return (-1, -1)
    return (status.st_dev, status.st_ino)


def _scan(absolute: str) -> _Entries:
    """Return the sorted content of a directory, as far as it can be read."""
    trouble = ""
    seen: list[str] = []
    files: list[tuple[str, int]] = []
    directories: list[str] = []
    links: list[str] = []
    try:
        with os.scandir(absolute) as entries:
            for entry in entries:
                name = entry.name
                seen.append(name)
                if entry.is_symlink():
                    links.append(name)
                elif entry.is_dir(follow_symlinks=False):
                    directories.append(name)
                elif name.endswith(".py") and entry.is_file(follow_symlinks=False):
                    files.append((name, entry.inode()))
    except (FileNotFoundError, NotADirectoryError):
        pass  # it went away
    except OSError as error:
        trouble = error.strerror or type(error).__name__
    return _Entries(
        frozenset(seen),
        tuple(file for file in files if _is_python(file[0])),
        tuple(name for name in directories if _is_wanted(name)),
        tuple(name for name in links if _is_text(name)),
        trouble,
    )


def _is_python(name: str) -> bool:
    return name != ".py" and name.endswith(".py") and _is_text(name)


def _is_wanted(name: str) -> bool:
    return name not in _SKIPPED and not name.endswith(".egg-info") and _is_text(name)


def _is_text(name: str) -> bool:
    return name.isascii() or not any("\ud800" <= char <= "\udfff" for char in name)


def _is_environment(absolute: str, entries: _Entries) -> bool:
    if not _ENVIRONMENT_MARKS.isdisjoint(entries.names):
        return True
    if os.path.basename(absolute) not in _ENVIRONMENTS:  # noqa: PTH119
        return False
    return any(os.path.lexists(f"{absolute}/{python}") for python in _INTERPRETERS)


def _note(directory: _Directory, entries: _Entries, found: _Found) -> None:
    path = directory.path.removesuffix("/")
    found.directories[path] = directory
    if names.PACKAGE_FILE in entries.names:
        found.packages.add(path)
    if not names.ROOT_FILES.isdisjoint(entries.names):
        found.roots.add(path)


def _add_file(directory: _Directory, name: str, found: _Found, tests: _Tests) -> None:
    is_test = directory.is_test or tests.file(name, directory.path + name)
    found.files.setdefault(directory.path.removesuffix("/"), []).append((name, is_test))


def _add_unsaved(path: str, found: _Found, excluded: Ignoring | None, tests: _Tests) -> None:
    """Take in a file that the disk does not have, where its directory was scanned and does not leave it out."""
    parent, _, name = path.rpartition("/")
    directory = found.directories.get(parent)
    if directory is None or not _is_python(name) or any(name == known for known, _ in found.files.get(parent, ())):
        return
    if os.path.lexists(f"{directory.absolute}/{name}") or _is_left_out(directory, name, excluded, is_directory=False):
        return
    _add_file(directory, name, found, tests)
    if name == names.PACKAGE_FILE:
        found.packages.add(parent)


def _below(directory: _Directory, name: str, tests: _Tests) -> _Directory:
    path = directory.path + name
    return _Directory(
        f"{directory.absolute.removesuffix('/')}/{name}",
        path + "/",
        directory.layers,
        directory.is_test or tests.directory(name, path),
    )


def _is_left_out(directory: _Directory, name: str, excluded: Ignoring | None, *, is_directory: bool) -> bool:
    path = directory.path + name
    if excluded and _ask(excluded, name, path, is_directory=is_directory):
        return True
    for layer in directory.layers:
        verdict = _ask(layer.rules, name, layer.seen(path), is_directory=is_directory)
        if verdict is not None:
            return verdict
    return False


def _ask(rules: Ignoring, name: str, path: str, *, is_directory: bool) -> bool | None:
    return rules.directory(name, path) if is_directory else rules.file(name, path)


def _follow(
    directory: _Directory, name: str, boundary: str, found: _Found, excluded: Ignoring | None, tests: _Tests
) -> None:
    """Take in what the link ``name`` points to, unless it was seen under another name."""
    absolute = f"{directory.absolute.removesuffix('/')}/{name}"
    try:
        status = os.stat(absolute)  # noqa: PTH116
        target = os.path.realpath(absolute)
    except (OSError, ValueError):
        return
    identity = (status.st_dev, status.st_ino)
    is_directory = stat.S_ISDIR(status.st_mode)
    if _is_left_out(directory, name, excluded, is_directory=is_directory):
        return
    if is_directory and _is_wanted(name) and _is_inside(target, boundary):
        _walk(_below(directory, name, tests), found, excluded, tests)
    elif stat.S_ISREG(status.st_mode) and _is_python(name) and identity not in found.inodes:
        found.inodes.add(identity)
        _add_file(directory, name, found, tests)


def _is_inside(target: str, boundary: str) -> bool:
    return target.startswith(boundary.removesuffix(os.sep) + os.sep)


def _with_own_rules(directory: _Directory, entries: _Entries) -> _Directory:
    """Add the rules of the directory's own ``.gitignore``, which come before those from above."""
    if ".gitignore" not in entries.names:
        return directory
    layers = tuple(_layer(f"{directory.absolute}/.gitignore", "", len(directory.path)))
    return _Directory(directory.absolute, directory.path, layers + directory.layers, directory.is_test)


def _layer(file: str, prefix: str, cut: int) -> Iterator[_Layer]:
    try:
        text = read_regular(file).decode("utf-8-sig", "surrogateescape")
    except Unreadable:
        return
    rules = compile_rules(text.split("\n"))
    if rules.for_directories:
        yield _Layer(rules, prefix, cut)


def _layers_above(root: Path, repository: Path | None) -> tuple[_Layer, ...]:
    """Return the rules that hold at ``root`` from outside: ``.gitignore`` above it, then ``.git/info/exclude``."""
    if repository is None:
        return ()
    layers: list[_Layer] = []
    for directory in root.parents if root != repository else ():
        prefix = root.relative_to(directory).as_posix() + "/"
        layers.extend(_layer(str(directory / ".gitignore"), prefix, 0))
        if directory == repository:
            break
    below = root.relative_to(repository).as_posix()
    layers.extend(_layer(str(_git_directory(repository) / "info" / "exclude"), "" if below == "." else below + "/", 0))
    return tuple(layers)


def _git_directory(repository: Path) -> Path:
    """Return the directory with the repository's own files; a work tree or submodule has a ``.git`` file naming it."""
    directory = repository / ".git"
    try:
        pointer = read_regular(str(directory)).decode("utf-8", "surrogateescape")
        directory = repository / pointer.removeprefix("gitdir:").strip()
        return directory / read_regular(str(directory / "commondir")).decode("utf-8", "surrogateescape").strip()
    except Unreadable:
        return directory
