"""Which written name a reader probably meant: edit distance, shared words, and the usual suffixes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Set

SUFFIXES = frozenset({
    "store", "manager", "service", "client", "pool", "factory", "registry", "mgr", "svc", "provider", "repository",
    "repo", "handler", "instance", "conn", "connection", "obj", "engine", "hub", "router",
})  # fmt: skip
_CLOSE = 0.8
_UNREAD = 0.5
"""How much closer a name without readers counts than one with some."""


def nearest(name: str, candidates: Iterable[str], unread: Set[str] = frozenset()) -> str | None:
    """Return the candidate that is close enough to ``name`` to be meant by it, ``None`` if none is.

    What is ``unread`` has no other reader: so this one may mean it where words alone would not tell.
    """
    best: tuple[float, str] | None = None
    for candidate in sorted(candidates):
        score = closeness(name, candidate)
        if candidate in unread:
            score = score + _UNREAD if score else _shared(name, candidate)
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
    if _contracts(_split(left), _split(right)):
        return 1.9 + ratio
    core, other = first - SUFFIXES, second - SUFFIXES
    if core and other and (core < other or other < core or first < second or second < first):
        return 1.5 + ratio
    if _abbreviates(left, right) or _abbreviates(right, left):
        return 1.2 + ratio
    if ratio >= _CLOSE:
        return 1.0 + ratio
    return 0.0


def _shared(left: str, right: str) -> float:
    """Return what share of the words of two names is common to them, if one has all those of the other; else 0."""
    first, second = _words(left), _words(right)
    return len(first & second) / len(first | second) if first < second or second < first else 0.0


def _words(name: str) -> frozenset[str]:
    """Return the words of a name, plurals as singulars."""
    return frozenset(
        word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word for word in _split(name)
    )


def _split(name: str) -> list[str]:
    return [word for word in name.lower().split("_") if word]


def _contracts(left: list[str], right: list[str]) -> bool:
    """Tell whether two names say the same word by word, some of them shortened, as ``job_cmd`` of ``job_command``."""
    if len(left) != len(right) or len(left) < 2 or not set(left) & set(right):
        return False
    return all(
        first == second or _is_short(*sorted((first, second), key=len))
        for first, second in zip(left, right, strict=True)
    )


def _is_short(short: str, long: str) -> bool:
    """Tell whether a word is another one without some letters in between (``cfg``, ``cmd``, ``mgr``)."""
    letters = iter(long)
    return (
        3 <= len(short) < len(long)
        and short[-1] == long[-1]
        and short[0] == long[0]
        and all(letter in letters for letter in short)
    )


def _abbreviates(short: str, long: str) -> bool:
    """Tell whether the first word of ``short`` begins that of ``long``, and ``short`` says no more than ``long``.

    So does ``notif_store`` of ``notifications``; but ``cart_url`` and ``cart_tasks`` are two things of a cart.
    """
    first, *rest = _split(short) or [""]
    whole = (_split(long) or [""])[0]
    return len(first) >= 4 and whole != first and whole.startswith(first) and set(rest) - SUFFIXES <= set(_split(long))
