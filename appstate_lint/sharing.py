"""Work shared by processes: each is a copy of this one, takes what is next, and hands back bytes.

Only where there is ``fork``: the facts of a large project are not handed around, they are there. What a process that
died did not hand back is left to the caller.
"""

from __future__ import annotations

import os
import struct
import sys
import warnings
from collections.abc import Callable

_TOKEN = struct.Struct("<H")
_HEAD = struct.Struct("<HQ")
_MOST = 16_000  # as many tokens fit into a pipe
CAN_SHARE = sys.platform == "linux"


def shared(work: Callable[[int], bytes], count: int, jobs: int) -> dict[int, bytes]:
    """Return what ``work`` gives for 0, 1, …, ``count`` - 1, done in ``jobs`` processes; perhaps not for each."""
    if not CAN_SHARE or jobs < 2 or not 1 < count <= _MOST:
        return {}
    tokens, feed = os.pipe()
    os.write(feed, b"".join(map(_TOKEN.pack, range(count))))
    os.close(feed)
    children = [_child(work, tokens) for _ in range(min(jobs, count))]
    os.close(tokens)
    done: dict[int, bytes] = {}
    for data in _drained([results for _, results in children]):
        done.update(_unpacked(data))
    for child, _ in children:
        os.waitpid(child, 0)
    return done


def begun(work: Callable[[], bytes], jobs: int) -> Callable[[], bytes]:
    """Start ``work`` in a process beside this one; return what waits for its result, empty bytes if there is none."""
    if not CAN_SHARE or jobs < 2:
        return bytes
    tokens, feed = os.pipe()
    os.write(feed, _TOKEN.pack(0))
    os.close(feed)
    child, results = _child(lambda _: work(), tokens)
    os.close(tokens)

    def result() -> bytes:
        (data,) = _drained([results])
        os.waitpid(child, 0)
        return _unpacked(data).get(0, b"")

    return result


def _child(work: Callable[[int], bytes], tokens: int) -> tuple[int, int]:
    """Start a process that works; return its number and where its results come from."""
    results, out = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # no other thread holds what the copy needs
        child = os.fork()
    if child:
        os.close(out)
        return child, results
    try:
        while token := os.read(tokens, _TOKEN.size):
            (index,) = _TOKEN.unpack(token)
            blob = work(index)
            _write(out, _HEAD.pack(index, len(blob)) + blob)
    except BaseException:  # the caller does it again, and meets the same fault
        os._exit(1)
    os._exit(0)


def _write(out: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(out, view) :]


def _drained(sources: list[int]) -> list[bytes]:
    """Read all of ``sources`` to their ends, whichever has something."""
    import selectors

    found: dict[int, list[bytes]] = {source: [] for source in sources}
    with selectors.DefaultSelector() as selector:
        for source in sources:
            selector.register(source, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                data = os.read(key.fd, 1 << 20)
                if data:
                    found[key.fd].append(data)
                else:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return [b"".join(parts) for parts in found.values()]


def _unpacked(data: bytes) -> dict[int, bytes]:
    """Return the results in what a process wrote; one that is not whole is left out."""
    found: dict[int, bytes] = {}
    at = 0
    while at + _HEAD.size <= len(data):
        index, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if at + length > len(data):
            break
        found[index] = data[at : at + length]
        at += length
    return found
