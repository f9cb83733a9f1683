"""Words that are probably meant where others are written."""

from __future__ import annotations

import re
from collections.abc import Iterable


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the one of ``words`` that ``word`` was probably meant to be, or None.

    Judged by common letters, then by common parts (``bus`` in ``domain_event_bus``). Ties go to the first by name.
    """
    candidates = sorted(set(words) - {word})
    folded = {candidate.lower(): candidate for candidate in reversed(candidates)}
    import difflib  # which is needed where something is wrong

    close = difflib.get_close_matches(word.lower(), sorted(folded), n=len(folded) or 1, cutoff=0.6)
    if close:
        return folded[min(close, key=lambda name: (-_likeness(word.lower(), name), name))]
    parts = _parts(word)
    sharing = [c for c in candidates if parts and _parts(c) and (parts <= _parts(c) or _parts(c) <= parts)]
    return min(sharing, key=lambda candidate: (abs(len(candidate) - len(word)), candidate), default=None)


def is_misspelling(word: str, other: str) -> bool:
    """Tell whether ``word`` is ``other`` written wrong: a letter more, less, wrong, or two of them changed over.

    Case and underscores do not count, digits do. Two such faults are one too many in names of fewer than eight
    letters, one in those of fewer than four. Counted is the optimal string alignment distance (Damerau 1964).
    """
    first, second = (each.lower().replace("_", "") for each in (word, other))
    digits = [re.findall(r"\d+", each) for each in (word, other)]
    shorter = min(len(first), len(second))
    allowed = 0 if shorter < 4 else 1 if shorter < 8 else 2
    return digits[0] == digits[1] and _faults(first, second) <= allowed


def _faults(first: str, second: str) -> int:
    """Return how many letters are to be inserted, deleted, replaced or swapped with the next to make one the other."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, 1):
        above, row, older = row, [i], before
        for j, other in enumerate(second, 1):
            best = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                best = min(best, older[j - 2] + 1)
            row.append(best)
        before = above
    return row[-1]


def _likeness(word: str, other: str) -> float:
    import difflib

    return difflib.SequenceMatcher(None, other, word).ratio()


def _parts(word: str) -> frozenset[str]:
    return frozenset(part for part in re.split(r"[\W_]+", word.lower()) if len(part) > 1)
