"""What ``migrate apply`` changed, kept so that it can be undone byte for byte, whatever happened in between.

A journal is written before the first file is. Every file is replaced whole; at any moment each is as it was, or as it
is to be. A journal is data that somebody may have put there: nothing is written before all of it was checked.
"""

from __future__ import annotations

import base64
import contextlib
import difflib
import hashlib
import io
import os
import shlex
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

import msgspec

from appstate_lint.migration.merging import merged

FOLDER = ".appstate-lint"
_SUFFIXES = (".py", ".pyi")

Replace = Callable[[Path, Path], None]
"""Puts the first file in the place of the second, at once."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: its path relative to the root, its permission bits, what it held before and after, and hashes."""

    path: str
    mode: int
    before: str
    after: str
    before_hash: str
    after_hash: str

    @property
    def content(self) -> bytes:
        """What the file held before."""
        return base64.b64decode(self.before, validate=True)

    @property
    def result(self) -> bytes:
        """What the file held after."""
        return base64.b64decode(self.after, validate=True)


class Journal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All files of one run, by path."""

    schema: int
    migration: str
    entries: tuple[Entry, ...]


class Refused(Exception):
    """Nothing was written; the arguments are lines for people."""


def digest(content: bytes) -> str:
    """Return the hash by which contents are told apart."""
    return hashlib.sha256(content).hexdigest()


def path_of(root: Path, migration: str) -> Path:
    """Return where the journal of a migration is kept."""
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in migration)
    return root / FOLDER / f"{name[:60]}-{digest(migration.encode('utf-8'))[:8]}.json"


def load(root: Path, migration: str) -> Journal | None:
    """Return the journal of a migration, ``None`` if there is none. Raises Refused for one that cannot be trusted."""
    path = path_of(root, migration)
    _check_folder(root)
    try:
        if path.is_symlink():
            raise Refused(f"{path}: the journal is a link; remove it")
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}; make it readable, or remove it") from error
    try:
        journal = msgspec.json.decode(data, type=Journal)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"{path}: this is no journal ({error}); remove it") from error
    if journal.schema != 1 or journal.migration != migration:
        raise Refused(f"{path}: this is the journal of something else; remove it")
    problems = [f"{path}: {problem}" for problem in _problems(root, journal)]
    if problems:
        raise Refused(*problems)
    return journal


def kept(root: Path) -> tuple[str, ...]:
    """Return the names of the migrations that have a journal, as far as these can be read."""
    found: list[str] = []
    folder = root / FOLDER
    for path in sorted(folder.glob("*.json")) if not folder.is_symlink() else ():
        with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if not path.is_symlink():
                found.append(msgspec.json.decode(path.read_bytes(), type=Journal).migration)
    return tuple(found)


def _problems(root: Path, journal: Journal) -> Iterable[str]:
    """Yield what is wrong with the entries of a journal: where they lead, and what they hold."""
    seen: set[str] = set()
    for each in journal.entries:
        if each.path in seen:
            yield f"{each.path!r} is listed twice"
        seen.add(each.path)
        problem = path_problem(root, each.path)
        if problem:
            yield f"{each.path!r} {problem}"
        if not 0 <= each.mode <= 0o7777:
            yield f"{each.path!r} has impossible permissions"
        try:
            if digest(each.content) != each.before_hash or digest(each.result) != each.after_hash:
                yield f"{each.path!r}: its content is not what its hash says"
        except ValueError:
            yield f"{each.path!r}: its content cannot be decoded"


def path_problem(root: Path, path: str) -> str:
    """Return why a path is none of a source file below the root, empty if it is one; links lead elsewhere."""
    pure = PurePosixPath(path)
    if not path or "\0" in path or "\\" in path or pure.is_absolute() or PureWindowsPath(path).drive:
        return "is no path relative to the root"
    if pure.as_posix() != path or any(part in ("..", ".") for part in pure.parts):
        return "leads out of the root, or around in it"
    if pure.suffix not in _SUFFIXES:
        return "is no Python file"
    here = root
    for part in pure.parts:
        here = here / part
        if here.is_symlink():
            return "leads through a link"
    if not here.is_file():
        return "is no regular file"
    return ""


def _check_folder(root: Path) -> None:
    folder = root / FOLDER
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise Refused(f"{folder}: this is to be a folder of the linter's own, and is not; move it away")


# ---------------------------------------------------------------- writing


def write(root: Path, journal: Journal, after: dict[str, bytes], replace: Replace = os.replace) -> None:
    """Write new contents, by path, and their journal before them; all of them, or none if something fails.

    Every content is on the disk before the first file is replaced, so a full disk changes nothing. Raises Refused.
    """
    modes = {each.path: each.mode for each in journal.entries}
    stage = _staged(root, [(path, content, modes[path]) for path, content in sorted(after.items())])
    target = path_of(root, journal.migration)
    old: bytes | None = None
    done: list[str] = []
    try:
        old = target.read_bytes() if target.exists() else None
        _replace_bytes(stage / "journal", target, msgspec.json.encode(journal), replace)
        for number, path in enumerate(sorted(after)):
            replace(stage / str(number), root / path)
            done.append(path)
        _sync(root)
    except OSError as error:
        try:
            _undo(root, journal, done, target, old)
        except (OSError, Refused) as second:
            undo = f"`appstate-lint migrate rollback {shlex.quote(journal.migration)}` undoes it"
            raise Refused(
                f"{error.filename or root}: {error.strerror or error}; some files are changed: {undo}"
            ) from second
        raise Refused(f"{error.filename or root}: {error.strerror or error}; nothing was changed") from error
    finally:
        _remove(stage)


def _undo(root: Path, journal: Journal, done: Iterable[str], target: Path, old: bytes | None) -> None:
    """Put back what was replaced before something failed."""
    entries = {each.path: each for each in journal.entries}
    for path in done:
        entry = entries[path]
        stage = _staged(root, [(path, entry.content, entry.mode)])
        (stage / "0").replace(root / path)
        _remove(stage)
    if old is None:
        target.unlink(missing_ok=True)
        tidy(root)
    else:
        target.write_bytes(old)


def _staged(root: Path, contents: Iterable[tuple[str, bytes, int]]) -> Path:
    """Write contents to numbered files of a folder of our own, on the disk of the root; return it. Raises Refused."""
    _check_folder(root)
    stage = root / FOLDER / f"stage-{os.getpid()}"
    try:
        stage.mkdir(parents=True, exist_ok=True)
        if not (root / FOLDER / ".gitignore").exists():
            (root / FOLDER / ".gitignore").write_text("*\n", encoding="utf-8")
        for number, (_, content, mode) in enumerate(contents):
            _write_bytes(stage / str(number), content)
            (stage / str(number)).chmod(mode)
    except OSError as error:
        _remove(stage)
        tidy(root)
        raise Refused(f"{error.filename or root}: {error.strerror or error}; nothing was changed") from error
    return stage


def _replace_bytes(stage: Path, target: Path, content: bytes, replace: Replace) -> None:
    _write_bytes(stage, content)
    replace(stage, target)


def _write_bytes(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(root: Path) -> None:
    """Make the renames last, where the system can."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def tidy(root: Path) -> None:
    """Remove the folder of journals if it holds none any more, with what a process that died has left in it.

    What cannot be removed stays.
    """
    folder = root / FOLDER
    with contextlib.suppress(OSError):
        if folder.is_dir() and not folder.is_symlink() and not any(folder.glob("*.json")):
            _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder of our own, as far as that can be done."""
    with contextlib.suppress(OSError):  # of a file that cannot be looked at, rmtree raises all the same
        shutil.rmtree(folder, ignore_errors=True)


def forget(root: Path, migration: str) -> None:
    """Drop the journal of a run that is not to be undone, now that all of it is done."""
    path_of(root, migration).unlink(missing_ok=True)
    tidy(root)


def entry(root: Path, path: str, before: bytes, after: bytes) -> Entry:
    """Return the entry for a file that is to change."""
    mode = stat.S_IMODE((root / path).stat().st_mode)
    old, new = (base64.b64encode(content).decode("ascii") for content in (before, after))
    return Entry(path, mode, old, new, digest(before), digest(after))


# ---------------------------------------------------------------- undoing


def roll_back(root: Path, journal: Journal, replace: Replace = os.replace) -> tuple[str, ...]:
    """Put every file of a journal back as it was, and drop the journal; return the files that changed.

    Raises Edited where a file was edited since, before anything is touched, and Refused where a file cannot be written.
    """
    changed: list[Entry] = []
    edited: dict[Entry, bytes] = {}
    for each in journal.entries:
        now = (root / each.path).read_bytes()
        if digest(now) == each.after_hash:
            changed.append(each)
        elif digest(now) != each.before_hash:
            edited[each] = now
    if edited:
        raise Edited(edited)
    stage = _staged(root, [(each.path, each.content, each.mode) for each in changed])
    try:
        for number, each in enumerate(changed):
            replace(stage / str(number), root / each.path)
        _sync(root)
        path_of(root, journal.migration).unlink()
    except OSError as error:
        raise Refused(
            f"{error.filename or root}: {error.strerror or error}; run the rollback again, what is done stays done"
        ) from error
    finally:
        _remove(stage)
    tidy(root)
    return tuple(each.path for each in changed)


class Edited(Exception):
    """Files were edited after they were rewritten; nothing was touched."""

    def __init__(self, edited: Mapping[Entry, bytes]) -> None:
        """Keep the entries of the files, and what these hold now."""
        self.entries = tuple(edited)
        self._edited = edited
        super().__init__(*(each.path for each in edited))

    def patch(self) -> str:
        """Return what undoes the rewriting in the files and keeps the edits: for ``git apply``, or people.

        Lines that were rewritten and then edited get both versions, between marks.
        """
        return "".join(
            difference(each.path, now, merged(each.result, now, each.content)) for each, now in self._edited.items()
        )


def difference(path: str, old: bytes, new: bytes) -> str:
    """Return two contents of a file as a unified diff, a file whose last line does not end included."""
    before, after = (
        [line.decode("utf-8", "backslashreplace") for line in io.BytesIO(text).readlines()] for text in (old, new)
    )
    rows = difflib.unified_diff(before, after, f"a/{path}", f"b/{path}")
    return "".join(row if row.endswith("\n") else f"{row}\n\\ No newline at end of file\n" for row in rows)
