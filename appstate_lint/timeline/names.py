"""Which written name a reader probably meant: edit distance, shared words, and the usual suffixes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

SUFFIXES = frozenset({
    "store", "manager", "service", "client", "pool", "factory", "registry", "mgr", "svc", "provider", "repository",
    "repo", "handler", "instance", "conn", "connection", "obj", "engine", "hub", "router",
})  # fmt: skip
_CLOSE = 0.8


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate that is close enough to ``name`` to be meant by it, ``None`` if none is."""
    best: tuple[float, str] | None = None
    for candidate in sorted(candidates):
        score = closeness(name, candidate)
        if score > 0 and (best is None or score > best[0]):
            best = (score, candidate)
    return best[1] if best is not None else None


def closeness(left: str, right: str) -> float:
    """Return how close two names are, 0 where they are not."""
    if left == right:
        return 0.0
    first, second = _words(left), _words(right)
    ratio = difflib.SequenceMatcher(None, left, right).ratio()
    if first - SUFFIXES == second - SUFFIXES and first - SUFFIXES:
        return 2.0 + ratio
    core, other = first - SUFFIXES, second - SUFFIXES
    if core and other and (core < other or other < core or first < second or second < first):
        return 1.5 + ratio
    if _abbreviates(left, right) or _abbreviates(right, left):
        return 1.2 + ratio
    if ratio >= _CLOSE:
        return 1.0 + ratio
    return 0.0


def _words(name: str) -> frozenset[str]:
    """Return the words of a name, plurals as singulars."""
    words = (word for word in name.strip("_").lower().split("_") if word)
    return frozenset(
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in words
    )


def _abbreviates(short: str, long: str) -> bool:
    """Tell whether the first word of ``short`` begins that of ``long`` (``notif_store``/``notifications``)."""
    first = short.strip("_").split("_")[0]
    return len(first) >= 4 and len(long) > len(first) and long.strip("_").startswith(first)
