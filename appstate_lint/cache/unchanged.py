"""Whether what an analysis depended on is still what it was: then its result stands, and nothing is parsed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from appstate_lint.cache import Last, Store, digest_of
from appstate_lint.source import SourceFile, Unreadable

Skim: TypeAlias = Callable[[SourceFile, bytes | str, Iterable[tuple[str, str]]], bytes | None]
"""Returns what is seen of a file that is not parsed, None of one that is; given its content and fixtures."""


def stands(
    last: Last, files: Sequence[SourceFile], store: Store, overlay: Mapping[str, str], skimmer: Callable[[], Skim]
) -> bool:
    """Tell whether ``files`` are those of ``last``, and none changed in a way that matters.

    A file that was skipped, still is, and imports what it did, does not matter. ``skimmer`` is called only if needed.
    """
    if last.files != tuple(files):
        return False
    changed: list[SourceFile] = []
    for file, before in zip(files, last.digests, strict=True):
        if digest(file, store, overlay) != before:
            if file.path not in last.skimmed:
                return False
            changed.append(file)
    skim = skimmer() if changed else None
    for file in changed:
        assert skim is not None
        text = overlay.get(file.path)
        try:
            seen = skim(file, text if text is not None else store.read(file.path), last.fixtures)
        except Unreadable:
            return False
        if seen is None or digest_of(seen) != last.skimmed[file.path]:
            return False
    return True


def digest(file: SourceFile, store: Store, overlay: Mapping[str, str]) -> bytes:
    """Return the digest of a file's content, or of the text that an editor holds."""
    text = overlay.get(file.path)
    return store.digest(file.path) if text is None else digest_of(text.encode("utf-8", "surrogatepass"))
