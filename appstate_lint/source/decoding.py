"""Bytes of a file → its text, as the compiler reads it (PEP 263)."""

from __future__ import annotations

import io
import os
import stat
import tokenize
from pathlib import Path

_BOM = b"\xef\xbb\xbf"
_OPEN_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
)  # a FIFO swapped in after the check does not block
_NOT_FOR_SOURCE = frozenset({"idna", "punycode", "undefined"})  # text codecs of single labels, quadratic on files


class Unreadable(Exception):
    """A file has no text for us; ``str()`` is the reason, without the file's name."""


def read_bytes(root: Path, path: str) -> bytes:
    """Return the content of the file ``path``, relative to ``root``.

    Raises Unreadable when it cannot be read or is not a regular file; a FIFO, socket or device is not opened.
    """
    return read_regular(os.path.join(root, path))  # noqa: PTH118 -- once per file: pathlib is 5 times slower


def read_regular(name: str) -> bytes:
    """Return the content of the regular file ``name``; raises Unreadable."""
    try:
        if not stat.S_ISREG(os.stat(name).st_mode):  # noqa: PTH116
            raise Unreadable("not a regular file")
        with open(os.open(name, _OPEN_FLAGS), "rb") as file:  # noqa: PTH123
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Unreadable("not a regular file")
            return file.read()
    except OSError as error:
        raise Unreadable(error.strerror or type(error).__name__) from error
    except ValueError as error:  # a null character in the name
        raise Unreadable(str(error)) from error


def decode(data: bytes) -> str:
    r"""Return the text of a Python file: no byte order mark, every line end ``\n``, form feeds kept.

    Lines are those that ``ast`` counts. Raises Unreadable for an unknown codec, one that does not make text (rot13,
    hex, zlib), bytes that the codec refuses, and null characters, which the compiler refuses.
    """
    if b"\r" in data:
        data = _unix_lines(data)  # before decoding, as the compiler does, so that the cookie of a CR file is found
    encoding = _encoding(data)
    try:
        text = data.removeprefix(_BOM).decode(encoding)
    except LookupError as error:
        raise Unreadable(f"cannot be decoded: {error}") from error
    except ValueError as error:
        raise Unreadable(f"cannot be decoded as {encoding}: {_reason(error)}") from error
    if "\0" in text:
        raise Unreadable("contains null bytes")
    if "\r" in text:
        return text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _unix_lines(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _encoding(data: bytes) -> str:
    """Return the codec that the cookie in one of the first two lines names, or utf-8."""
    second = data.find(b"\n", data.find(b"\n") + 1)
    if b"coding" not in (data if second < 0 else data[:second]):
        return "utf-8"
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        raise Unreadable(f"cannot be decoded: {error.msg}") from error
    if encoding in _NOT_FOR_SOURCE:
        raise Unreadable(f"cannot be decoded: {encoding} is not a codec for source text")
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _reason(error: ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        line = error.object.count(b"\n", 0, error.start) + 1
        return f"{error.reason} at line {line}"
    return str(error)
