"""What a project, or the command line, says of rules and findings: what to report, what not, and how bad it is.

A word for rules is the name of one, a code or its beginning (``E``, ``W78``), or the name of a family. ``key`` says
where it is written: a key of the configuration with its 1-based ``line``, or an option (line 0).
"""

from __future__ import annotations

import msgspec

from appstate_lint.model import Severity


class Choice(msgspec.Struct, frozen=True):
    """A word for the rules that are selected, or ignored everywhere."""

    word: str
    key: str
    line: int = 0


class PathIgnore(msgspec.Struct, frozen=True):
    """Words for the rules that are ignored in the files that ``pattern`` (as in a ``.gitignore``) matches."""

    pattern: str
    words: tuple[str, ...]
    key: str
    line: int = 0


class SeverityChoice(msgspec.Struct, frozen=True):
    """How bad the findings of the rules of a word are."""

    word: str
    severity: Severity
    key: str
    line: int = 0


class Accepted(msgspec.Struct, frozen=True):
    """A finding that the baseline accepts for now; ``line`` is where the baseline says so."""

    fingerprint: str
    rule: str
    line: int


class Baseline(msgspec.Struct, frozen=True):
    """The findings that are accepted for now, and the file that lists them, as people name it."""

    file: str = ""
    accepted: tuple[Accepted, ...] = ()
