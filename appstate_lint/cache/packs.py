"""Blobs by key in files that are only ever written once and moved into place.

A pack is: magic, the blobs, an index (msgpack: key → offset, length, CRC-32), and a tail with the offset, length and
CRC-32 of the index. Each run that has something new adds a pack; when they become many, or most of what they hold is
no longer used, one with all that is used takes their place. A blob whose checksum is wrong is not there.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import msgspec

_MAGIC = b"ASLPACK1"
_TAIL = struct.Struct(">QQI8s")
_SEAL = struct.Struct(">I8s")
_SEAL_MAGIC = b"ASLSEAL1"
_SUFFIX = ".pack"
MOST_PACKS = 8
_SLACK = 1_000_000
STALE = 3600.0
"""After so many seconds a file that was to be moved into place is left over from a process that ended."""

_Index = dict[bytes, tuple[int, int, int]]


class Packs:
    """The packs of one folder; what is put is written by ``flush``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[Path, BinaryIO] = {}
        self._sizes: dict[Path, int] = {}
        self._places: dict[bytes, tuple[Path, int, int, int]] | None = None
        self._new: dict[bytes, bytes] = {}
        self._used: set[bytes] = set()

    @property
    def is_changed(self) -> bool:
        """Whether there is something to write."""
        return bool(self._new)

    @property
    def is_empty(self) -> bool:
        """Whether there are no blobs but those put since."""
        if self._places is None:
            self._places = self._open()
        return not self._places

    def get(self, key: bytes) -> bytes | None:
        """Return the blob of a key; None if there is none, or it cannot be read or is not what was written."""
        if key in self._new:
            return self._new[key]
        if self._places is None:
            self._places = self._open()
        place = self._places.get(key)
        if place is None:
            return None
        pack, offset, length, checksum = place
        blob = _slice(self._files[pack], offset, length)
        if blob is None or zlib.crc32(blob) != checksum:
            del self._places[key]
            return None
        self._used.add(key)
        return blob

    def put(self, key: bytes, blob: bytes) -> None:
        """Keep a blob until ``flush``."""
        self._new[key] = blob

    def flush(self) -> None:
        """Write what is new, and join the packs if there are too many; raises OSError."""
        if not self._new:
            return
        if self._places is None:
            self._places = self._open()
        old = list(self._files)
        used = sum(self._places[key][2] for key in self._used if key in self._places)
        is_loose = sum(self._sizes.values()) > 2 * (used + sum(map(len, self._new.values()))) + _SLACK
        if len(old) >= MOST_PACKS or is_loose:
            for key in self._used:
                if (blob := self.get(key)) is not None:
                    self._new[key] = blob
        else:
            old = []
        write(self.folder / f"{_random()}{_SUFFIX}", _pack(self._new))
        self.close()
        for pack in old:
            with contextlib.suppress(OSError):
                pack.unlink()
        self._new = {}

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()
        self._files, self._sizes, self._places = {}, {}, None

    def _open(self) -> dict[bytes, tuple[Path, int, int, int]]:
        """Open the packs and return where each blob is; packs that are broken are removed at the next join."""
        places: dict[bytes, tuple[Path, int, int, int]] = {}
        try:
            packs = sorted(self.folder.glob(f"*{_SUFFIX}"))
        except OSError:
            return places
        for pack in packs:
            with contextlib.suppress(OSError):
                file = pack.open("rb", buffering=0)
                self._files[pack] = file
                self._sizes[pack] = os.fstat(file.fileno()).st_size
                for key, (offset, length, checksum) in _index(self._files[pack], self._sizes[pack]).items():
                    places[key] = (pack, offset, length, checksum)
        return places


def _pack(blobs: dict[bytes, bytes]) -> bytes:
    parts, index, offset = [_MAGIC], {}, len(_MAGIC)
    for key, blob in blobs.items():
        index[key] = (offset, len(blob), zlib.crc32(blob))
        parts.append(blob)
        offset += len(blob)
    encoded = msgspec.msgpack.encode(index)
    return b"".join((*parts, encoded, _TAIL.pack(offset, len(encoded), zlib.crc32(encoded), _MAGIC)))


def _index(file: BinaryIO, size: int) -> _Index:
    """Return the index of a pack, empty if it is not whole."""
    tail = _slice(file, size - _TAIL.size, _TAIL.size) if size >= _TAIL.size else None
    if tail is None:
        return {}
    offset, length, checksum, magic = _TAIL.unpack(tail)
    if magic != _MAGIC or offset + length + _TAIL.size != size:
        return {}
    encoded = _slice(file, offset, length)
    if encoded is None or zlib.crc32(encoded) != checksum:
        return {}
    try:
        index = msgspec.msgpack.decode(encoded, type=_Index)
    except (msgspec.MsgspecError, ValueError):
        return {}
    return {key: place for key, place in index.items() if min(place) >= 0 and place[0] + place[1] <= size}


def _slice(file: BinaryIO, offset: int, length: int) -> bytes | None:
    """Return a stretch of a file, None if it cannot be read whole."""
    try:
        file.seek(offset)
        found = file.read(length)
        while found and len(found) < length:
            more = file.read(length - len(found))
            if not more:
                break
            found += more
    except (OSError, ValueError, OverflowError, MemoryError):
        return None
    return found if len(found) == length else None


# ---------------------------------------------------------------- single files


def _random() -> str:
    """Return a part of a file name that no other process uses."""
    return os.urandom(8).hex()


def sealed(content: bytes) -> bytes:
    """Return ``content`` with a tail that shows whether it is whole."""
    return content + _SEAL.pack(zlib.crc32(content), _SEAL_MAGIC)


def unsealed(data: bytes) -> bytes | None:
    """Return what was sealed, None if it is not whole."""
    if len(data) < _SEAL.size:
        return None
    checksum, magic = _SEAL.unpack(data[-_SEAL.size :])
    content = data[: -_SEAL.size]
    return content if magic == _SEAL_MAGIC and zlib.crc32(content) == checksum else None


def sweep(folder: Path, now: float) -> None:
    """Remove what writers that were killed have left in a folder; ``now`` is in seconds since the epoch."""
    for path in folder.glob(".*.*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < now - STALE and len(path.suffix) == len("." + _random()):
                path.unlink()


def write(path: Path, content: bytes) -> None:
    """Put a file in place whole, or not at all; raises OSError."""
    beside = path.with_name(f".{path.name}.{_random()}")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:  # noqa: PTH123
            file.write(content)
        os.replace(beside, path)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
