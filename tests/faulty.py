"""A machine that fails: the n-th use of the files below some folders raises OSError, once or from then on.

What the linter uses of the system is wrapped where it asks for it (``open``, the functions of ``os``, and the reads and
writes of the files that these give); the wrapped thing itself is the real one.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

ERRORS = (errno.EIO, errno.ENOSPC, errno.EMFILE)
_ON_PATHS = ("open", "scandir", "stat", "lstat", "mkdir", "replace", "rename", "unlink", "chmod", "rmdir")
_ON_NUMBERS = ("read", "write", "fsync", "fstat")


class Machine:
    """Counts the uses of what lies below ``folders``, and fails at one of them, or at all from that one on."""

    def __init__(self, folders: tuple[Path, ...], fails_at: int, error: int, *, for_good: bool) -> None:
        self.folders = tuple(str(folder) for folder in folders)
        self.fails_at, self.error, self.for_good = fails_at, error, for_good
        self.used = 0
        self.failed: list[str] = []
        self.watched: set[int] = set()

    def concerns(self, path: object) -> bool:
        """Say whether ``path``, or the file with that number, lies below the folders."""
        if isinstance(path, int):
            return path in self.watched
        name = os.fspath(path) if isinstance(path, (str, os.PathLike)) else ""
        return isinstance(name, str) and os.path.abspath(name).startswith(self.folders)  # noqa: PTH100

    def use(self, what: str, path: object) -> None:
        """Count one use, and fail if it is its turn."""
        self.used += 1
        if self.used == self.fails_at or (self.for_good and self.used > self.fails_at > 0):
            self.failed.append(f"{what} {path}")
            raise OSError(self.error, os.strerror(self.error), str(path))


class _File(io.FileIO):
    """A file whose reads and writes are counted."""

    machine: Machine

    def readinto(self, buffer: Any) -> int | None:  # type: ignore[override]
        self.machine.use("read", self.name)
        return super().readinto(buffer)

    def readall(self) -> bytes:
        self.machine.use("read", self.name)
        return super().readall()

    def read(self, size: int | None = -1) -> bytes | None:  # type: ignore[override]
        self.machine.use("read", self.name)
        return super().read(-1 if size is None else size)

    def write(self, data: Any) -> int | None:  # type: ignore[override]
        self.machine.use("write", self.name)
        return super().write(data)


@contextmanager
def failing(*folders: Path, fails_at: int = 0, error: int = errno.EIO, for_good: bool = False) -> Iterator[Machine]:
    """Fail at the use of that number, the first being 1; with 0 only count."""
    machine = Machine(folders, fails_at, error, for_good=for_good)
    with ExitStack() as stack:
        for name in _ON_PATHS:
            stack.enter_context(mock.patch.object(os, name, _wrapped(machine, name)))
        for name in _ON_NUMBERS:
            stack.enter_context(mock.patch.object(os, name, _wrapped(machine, name)))
        opened = _opening(machine)
        stack.enter_context(mock.patch.object(builtins, "open", opened))
        stack.enter_context(mock.patch.object(io, "open", opened))
        yield machine


def _wrapped(machine: Machine, name: str) -> Callable[..., Any]:
    real = getattr(os, name)

    def used(*arguments: Any, **options: Any) -> Any:
        if arguments and machine.concerns(arguments[0]) and "dir_fd" not in options:
            machine.use(name, arguments[0])
            result = real(*arguments, **options)
            if name == "open":
                machine.watched.add(result)
            return result
        return real(*arguments, **options)

    return used


def _opening(machine: Machine) -> Callable[..., Any]:
    real = io.open

    def opened(
        file: Any, mode: str = "r", buffering: int = -1, encoding: str | None = None, errors: str | None = None,
        newline: str | None = None, closefd: bool = True, opener: Any = None,
    ) -> Any:  # fmt: skip
        if not machine.concerns(file):
            return real(file, mode, buffering, encoding, errors, newline, closefd, opener)
        if not isinstance(file, int):
            machine.use("open", file)
        raw = _File(file, mode.replace("b", "").replace("t", ""), closefd, opener)
        raw.machine = machine
        if buffering == 0:
            return raw
        buffered = io.BufferedReader(raw) if raw.readable() else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, encoding, errors, newline)

    return opened
