"""What files say: from a cache, from other processes that parsed them ahead, or parsed now."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import msgspec

from appstate_lint import cache, source
from appstate_lint.facts import extraction
from appstate_lint.facts.flow import FileFacts
from appstate_lint.sharing import shared
from appstate_lint.source import SourceFile, Unreadable

Load = Callable[[SourceFile], bytes | str]
"""Returns the bytes of a file, or the text that an editor holds; raises Unreadable."""
Extract = Callable[[str, FileFacts | None], FileFacts]
"""Returns the facts of a text: those that a cache holds, those given, or extracted ones."""
Wanted = Callable[[SourceFile, bytes | str], bool]
"""Tells whether a file of that content is to be parsed."""

MANY = 48
"""From so many files on that are wanted at once, other processes pay."""
MOST = 1000
"""So many files are handed out at once: what they say is in memory twice meanwhile."""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[bytes, FileFacts])


def extracted(text: str, known: FileFacts | None = None) -> FileFacts:
    """Return the facts of a text: those that are ``known``, or extracted ones."""
    return extraction.extract(text) if known is None else known


class Parsed(msgspec.Struct, frozen=True):
    """What a parsed file says; ``text`` is what can be shown of it, empty if nothing can be read."""

    facts: FileFacts
    text: str


class Parser:
    """Reads and parses files, many at once with ``jobs`` processes."""

    def __init__(self, load: Load, extract: Extract = extracted, jobs: int = 1) -> None:
        self.load = load
        self._extract = extract
        self._jobs = jobs
        self._ahead: dict[bytes, FileFacts] = {}
        self._done: set[SourceFile] = set()

    def ahead(self, files: Sequence[SourceFile], wanted: Wanted = lambda *_: True) -> None:
        """Let other processes parse those files that are ``wanted`` soon, if there are many to look at."""
        new = [file for file in files if file not in self._done]
        if self._jobs > 1 and len(new) >= MANY:
            for start in range(0, len(new), MOST):
                self._share(new[start : start + MOST], wanted)

    def _share(self, files: Sequence[SourceFile], wanted: Wanted) -> None:
        blobs = shared(lambda index: self._blob(files[index], wanted), len(files), self._jobs)
        for index in sorted(blobs):
            with contextlib.suppress(msgspec.MsgspecError, ValueError, RecursionError):  # then it is parsed here
                digest, facts = _DECODER.decode(blobs[index])
                self._ahead[digest] = facts
                self._done.add(files[index])

    def parsed(self, file: SourceFile) -> Parsed:
        """Return what a file says; one that cannot be read has facts that say so."""
        try:
            return self.parse(self.load(file))
        except Unreadable as error:
            return Parsed(extraction.failed(str(error)), "")

    def parse(self, content: bytes | str) -> Parsed:
        """Return what a file's content says; if it cannot be decoded or parsed, the facts say so."""
        if isinstance(content, str):
            return Parsed(self._facts(content), content)
        try:
            text = source.decode(content)
        except Unreadable as error:
            return Parsed(extraction.failed(str(error)), content.decode("utf-8", "replace"))
        return Parsed(self._facts(text), text)

    def _facts(self, text: str) -> FileFacts:
        return self._extract(text, self._ahead.pop(_digest(text), None) if self._ahead else None)

    def _blob(self, file: SourceFile, wanted: Wanted) -> bytes:
        """Return the digest of a file's text and its facts as bytes; nothing if unwanted, unreadable, or that fails."""
        try:
            content = self.load(file)
            if not wanted(file, content):
                return b""
            text = content if isinstance(content, str) else source.decode(content)
            return _ENCODER.encode((_digest(text), extraction.extract(text)))
        except (Unreadable, ValueError, RecursionError, OverflowError):
            return b""


def _digest(text: str) -> bytes:
    return cache.digest_of(text.encode("utf-8", "surrogatepass"))
