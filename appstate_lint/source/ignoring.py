"""Lines of a ``.gitignore`` → a verdict on files and directories.

Format: https://git-scm.com/docs/gitignore, with the wildcards of git's ``wildmatch.c``. One entry at a time is judged,
as git does: a directory that is ignored is not entered, so a rule need not match what lies below. (pathspec was
measured: its import costs 45 ms, and it judges whole paths.)
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable, Iterator

import msgspec

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": " \\t",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-\\/:-@\\[-`{-~",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}
_BRACKET = re.compile(r"\[(?P<not>[!^]?)(?P<body>\]?(?:\\.|\[:\w+:\]|[^\]\\])*)\]", re.DOTALL)
_MEMBER = re.compile(r"\[:(?P<class>\w+):\]|(?P<low>\\.|.)(?:-(?P<high>\\.|[^\]]))?", re.DOTALL)
_NEVER = "(?!)"


class _Run(msgspec.Struct, frozen=True):
    """Neighboring rules with one verdict: one expression for bare names, one for paths."""

    ignored: bool
    by_name: re.Pattern[str] | None
    by_path: re.Pattern[str] | None


class Ignoring(msgspec.Struct, frozen=True):
    """The rules of one file, for entries of the directory it lies in and below; the last rule first."""

    for_files: tuple[_Run, ...]
    for_directories: tuple[_Run, ...]

    def file(self, name: str, path: str) -> bool | None:
        """Say whether a ``*.py`` file is ignored (True), wanted again (False) or not mentioned (None)."""
        return _verdict(self.for_files, name, path)

    def directory(self, name: str, path: str) -> bool | None:
        """Say the same of a directory; ``path`` has no slash at its end."""
        return _verdict(self.for_directories, name, path)


class _Rule(msgspec.Struct, frozen=True):
    pattern: str
    ignored: bool
    directories_only: bool
    anchored: bool


def compile_rules(lines: Iterable[str]) -> Ignoring:
    """Return the rules that ``lines`` state; lines that git discards are discarded."""
    rules = [rule for rule in map(_parse, lines) if rule is not None]
    rules.reverse()
    files = [rule for rule in rules if not rule.directories_only and _may_match_python(rule.pattern)]
    return Ignoring(for_files=tuple(_runs(files)), for_directories=tuple(_runs(rules)))


def matches(pattern: str, path: str) -> bool:
    """Say whether ``pattern`` matches the file ``path`` (relative, forward slashes) or a directory above it."""
    rules = _compiled(pattern)
    parts = path.split("/")
    above = [("/".join(parts[:count]), parts[count - 1]) for count in range(1, len(parts))]
    return any(rules.directory(name, folder) for folder, name in above) or bool(rules.file(parts[-1], path))


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> Ignoring:
    return compile_rules([pattern])


def _verdict(runs: tuple[_Run, ...], name: str, path: str) -> bool | None:
    for run in runs:
        if run.by_name is not None and run.by_name.fullmatch(name):
            return run.ignored
        if run.by_path is not None and run.by_path.fullmatch(path):
            return run.ignored
    return None


def _parse(line: str) -> _Rule | None:
    line = _without_trailing_blanks(line.removesuffix("\r"))
    if not line or line.startswith("#"):
        return None
    ignored = not line.startswith("!")
    pattern = line if ignored else line[1:]
    directories_only = pattern.endswith("/")
    pattern = pattern[:-1] if directories_only else pattern
    anchored = "/" in pattern
    pattern = pattern.removeprefix("/")
    return _Rule(pattern, ignored, directories_only, anchored) if pattern else None


def _without_trailing_blanks(line: str) -> str:
    stripped = line.rstrip(" ")
    backslashes = len(stripped) - len(stripped.rstrip("\\"))
    return stripped + " " if backslashes % 2 and len(stripped) < len(line) else stripped


def _may_match_python(pattern: str) -> bool:
    """Say whether a pattern can match a name that ends in ``.py``: most lines of a .gitignore cannot."""
    literal = re.split(r"[*?\[\]\\]", pattern)[-1]
    return literal.endswith(".py") or ".py".endswith(literal)


def _runs(rules: list[_Rule]) -> Iterator[_Run]:
    ids = itertools.count()
    for ignored, group in itertools.groupby(rules, key=lambda rule: rule.ignored):
        members = list(group)
        yield _Run(
            ignored=ignored,
            by_name=_union([_translate(rule.pattern, ids) for rule in members if not rule.anchored]),
            by_path=_union([_translate(rule.pattern, ids) for rule in members if rule.anchored]),
        )


def _union(expressions: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(expressions), re.DOTALL) if expressions else None


def _translate(pattern: str, ids: Iterator[int]) -> str:
    """Return the regular expression of a pattern; one that git can never match gives one that never matches."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        part, position = _next_part(pattern, position)
        if part == _NEVER:
            return _NEVER
        parts.append(part)
    return "".join(_without_backtracking(parts, ids))


def _next_part(pattern: str, position: int) -> tuple[str, int]:
    char = pattern[position]
    if char == "*":
        return _stars(pattern, position)
    if char == "?":
        return "[^/]", position + 1
    if char == "[":
        match = _BRACKET.match(pattern, position)
        return (_bracket(match), match.end()) if match else (_NEVER, position)
    if char == "\\":
        escaped = pattern[position + 1 : position + 2]
        return (re.escape(escaped), position + 2) if escaped else (_NEVER, position)
    return re.escape(char), position + 1


def _stars(pattern: str, position: int) -> tuple[str, int]:
    end = position
    while pattern[end : end + 1] == "*":
        end += 1
    whole = (position == 0 or pattern[position - 1] == "/") and pattern[end : end + 1] in ("", "/")
    if end - position == 1 or not whole:
        return "[^/]*", end
    if end == len(pattern):
        return ".*", end
    return "(?:.*/)?", end + 1


def _bracket(match: re.Match[str]) -> str:
    found = list(_MEMBER.finditer(match["body"]))
    if any(member["class"] and member["class"] not in _CLASSES for member in found):
        return _NEVER
    members = "".join(map(_member, found))
    if match["not"]:
        return f"[^/{members}]"
    return f"(?!/)[{members}]" if members else _NEVER


def _member(member: re.Match[str]) -> str:
    if member["class"]:
        return _CLASSES[member["class"]]
    low = member["low"][-1]
    if member["high"] is None:
        return re.escape(low)
    high = member["high"][-1]
    return f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""


def _without_backtracking(parts: list[str], ids: Iterator[int]) -> Iterator[str]:
    """Make a star that another star of its segment follows take the first match and no other.

    The later star can swallow the rest, so nothing is lost, and ``*a*a*a*b`` takes linear time. (A look-ahead with a
    back reference is an atomic group, which Python has only from 3.11 on.)
    """
    index = 0
    while index < len(parts):
        end = next((i for i in range(index + 1, len(parts)) if parts[i] in ("[^/]*", "/")), None)
        if parts[index] == "[^/]*" and end is not None and parts[end] == "[^/]*":
            group = f"g{next(ids)}"
            yield f"(?=(?P<{group}>[^/]*?{''.join(parts[index + 1 : end])}))(?P={group})"
            index = end
        else:
            yield parts[index]
            index += 1
