"""Which bytes make a file worth parsing: the words of the tables and settings, the same that recognize code later."""

from __future__ import annotations

import enum
import functools
import re
import unicodedata

import msgspec

from appstate_lint.config import Settings
from appstate_lint.frameworks import Tables
from appstate_lint.project.shapes import FAKES

_PLAIN_CODECS = frozenset({"utf-8", "utf8", "utf-8-sig", "u8", "utf", "ascii", "us-ascii"})
_FIRST_TWO_LINES = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)?[^\r\n]*")
_COOKIE = re.compile(rb"coding[:=][ \t]*([-\w.]+)")
_TOKEN = re.compile(r"[^\s!-/:-@\[-^`{-~]+")
_LONGEST_TOKEN = 1000  # normalization is quadratic on long runs of combining marks


class Use(enum.IntEnum):
    """What a file is good for: nothing, its own facts, or its facts and those of all that it imports."""

    SKIP = 0
    LOOK = 1
    FOLLOW = 2


class Words(msgspec.Struct, frozen=True):
    """The words that make a file worth following.

    ``holders`` do anywhere, and so do items of what is called like one of ``owners``; ``starts``, and a call or
    subclass of one of ``classes``, outside tests; ``fakes`` make a test file worth a look.
    """

    holders: tuple[str, ...]
    starts: tuple[str, ...]
    classes: tuple[str, ...]
    owners: tuple[str, ...] = ()
    fakes: tuple[str, ...] = FAKES

    def use(self, content: bytes | str, is_test: bool) -> Use:
        """Return what a file is good for by its bytes, or by its text where an editor holds it."""
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        if data is content and is_odd(data):
            return Use.FOLLOW
        wide = "" if data.isascii() else normalized(data)
        if wide is None or mentions_any(data, wide, self.holders) or self.has_items(data):
            return Use.FOLLOW
        if is_test:
            return Use.LOOK if mentions_any(data, wide, self.fakes) else Use.SKIP
        if mentions_any(data, wide, self.starts) or self.makes_application(data, wide):
            return Use.FOLLOW
        return Use.SKIP

    def has_items(self, data: bytes) -> bool:
        """Tell whether bytes take an item of what is called like an application."""
        return any(
            core in data and all(pattern.search(data) for pattern in _items_of(core, names))
            for core, names in cores(self.owners)
        )

    def makes_application(self, content: bytes | str, wide: str = "") -> bool:
        """Tell whether a file may make an application, or a class or another name for some."""
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        return any(makes(data, wide, name) for name in self.classes)


def words_of(tables: Tables, settings: Settings) -> Words:
    """Return the words of the tables and settings.

    Holders; names of application classes; packages of servers, whose functions have names too common to search for;
    declared accessors and what replaces them. Where an application is its own holder, the words of its framework.
    """
    applications = {name: spec for name, spec in tables.classes.items() if spec.kind == "application"}
    holders = tables.holders
    starts = {name.partition(".")[0] for name, call in tables.functions.items() if call.role == "serve"}
    for spec in applications.values():
        if not spec.holder:
            starts |= set(tables.words.get(spec.framework, ()))
    starts |= {library.package for library in tables.libraries if library.writes}
    for migration in settings.migrations:
        starts |= {last(name.replace(":", ".")) for name in migration.accessors}
        if migration.replacement:
            starts.add(last(migration.replacement.replace(":", ".")))
    starts |= {last(marker.call.replace(":", ".")) for marker in settings.phase_markers} - {"", "*"}
    starts.add(last(settings.contract_class.call.replace(":", ".")))
    classes = {last(name) for name in applications}
    owners = tables.variables | tables.leads if any(spec.items for spec in applications.values()) else ()
    return Words(tuple(sorted(holders)), tuple(sorted(starts - holders)), tuple(sorted(classes)), tuple(sorted(owners)))


def last(dotted: str) -> str:
    """Return the last part of a dotted name."""
    return dotted.rpartition(".")[2]


def mentions_any(data: bytes, wide: str, words: tuple[str, ...]) -> bool:
    """Tell whether bytes mention one of ``words``, or ``wide`` does: the identifiers with other than ASCII letters."""
    for core, several in cores(words):
        if core in data and any(word in data and re.search(rb"%b(?!\w)" % re.escape(word), data) for word in several):
            return True
    return bool(wide) and any(word in wide for word in words)


@functools.cache
def cores(words: tuple[str, ...]) -> tuple[tuple[bytes, tuple[bytes, ...]], ...]:
    """Return the words in which no other is, each with all that it is in: where it is missing, so are those."""
    found: dict[str, list[str]] = {}
    for word in sorted(words, key=len):
        found.setdefault(next((core for core in found if core in word), word), []).append(word)
    return tuple((core.encode("utf-8"), tuple(word.encode("utf-8") for word in found[core])) for core in found)


@functools.cache
def _items_of(core: bytes, names: tuple[bytes, ...]) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return what finds items of ``names``: roughly, but quickly since it begins with a ``core``, and exactly."""
    longest = max(map(len, names))
    roughly = rb"%b[\w\x80-\xff]{0,%d}[\s\\)]*\[" % (re.escape(core), longest)
    exactly = rb"(?<!\w)(?:%b)[\s\\)]*\[" % b"|".join(map(re.escape, names))
    return re.compile(roughly), re.compile(exactly)


def makes(data: bytes, wide: str, name: str) -> bool:
    """Tell whether bytes may call the class ``name``, extend it or give it another name."""
    encoded = name.encode("utf-8")
    if encoded in data:
        pattern = rb"%b[\s\\)]*\(|\bclass\b[^:]*%b(?!\w)|%b[\s\\]+as\b".replace(b"%b", re.escape(encoded))
        return re.search(pattern, data) is not None
    return bool(wide) and name in wide


def is_odd(data: bytes) -> bool:
    """Tell whether words cannot be searched for in ``data``: it is not UTF-8 text, or says that it is not."""
    if b"\0" in data:
        return True
    start = _FIRST_TWO_LINES.match(data)
    cookie = _COOKIE.search(start.group()) if start is not None and b"coding" in start.group() else None
    return cookie is not None and cookie[1].decode("ascii").lower().replace("_", "-") not in _PLAIN_CODECS


def normalized(data: bytes) -> str | None:
    """Return the words with other than ASCII letters as the compiler reads them (NFKC).

    ``None`` where the bytes are no UTF-8 or a word is too long to be normalized in bounded time.
    """
    try:
        text = data.decode("utf-8")
    except ValueError:
        return None
    tokens = [token for token in _TOKEN.findall(text) if not token.isascii()]
    if any(len(token) > _LONGEST_TOKEN for token in tokens):
        return None
    return unicodedata.normalize("NFKC", "\n".join(tokens))
