"""Three versions of a text → one that has the changes of both later ones, as ``diff3`` makes it."""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterator, Sequence
from typing import TypeAlias

_Lines: TypeAlias = Sequence[bytes]


def merged(base: bytes, ours: bytes, theirs: bytes) -> bytes:
    """Return ``base`` with the changes of both; lines that both changed otherwise stand between marks."""
    parts = _parts(*(io.BytesIO(text).readlines() for text in (base, ours, theirs)))
    return b"".join(b"".join(part) for part in parts)


def _parts(base: _Lines, ours: _Lines, theirs: _Lines) -> Iterator[_Lines]:
    """Yield the merged lines: those that all have, and what lies between."""
    here = mine = other = 0
    for start, end, our_start, their_start in _common(base, ours, theirs):
        yield _chosen(base[here:start], ours[mine:our_start], theirs[other:their_start])
        yield base[start:end]
        here, mine, other = end, our_start + end - start, their_start + end - start


def _common(base: _Lines, ours: _Lines, theirs: _Lines) -> Iterator[tuple[int, int, int, int]]:
    """Yield the stretches of ``base`` that all have, and where they start in the others; at last an empty one."""
    first = difflib.SequenceMatcher(None, base, ours, autojunk=False).get_matching_blocks()
    second = difflib.SequenceMatcher(None, base, theirs, autojunk=False).get_matching_blocks()
    one = two = 0
    while one < len(first) and two < len(second):
        a, b = first[one], second[two]
        start, end = max(a.a, b.a), min(a.a + a.size, b.a + b.size)
        if start < end:
            yield start, end, a.b + start - a.a, b.b + start - b.a
        if a.a + a.size < b.a + b.size:
            one += 1
        else:
            two += 1
    yield len(base), len(base), len(ours), len(theirs)


def _chosen(base: _Lines, ours: _Lines, theirs: _Lines) -> _Lines:
    """Return what stands for a stretch that not all have."""
    if list(ours) == list(base) or list(ours) == list(theirs):
        return theirs
    if list(theirs) == list(base):
        return ours
    return [b"<<<<<<< as it is now\n", *_ended(ours), b"=======\n", *_ended(theirs), b">>>>>>> before `apply`\n"]


def _ended(lines: _Lines) -> _Lines:
    """Return lines of which the last one ends."""
    return [*lines[:-1], lines[-1].rstrip(b"\r\n") + b"\n"] if lines else lines
