"""Brings source distributions here, and unpacks them; runs nothing of theirs.

pip does not do: to know the metadata of a source distribution it runs the project's own build code. unearth, which
finds packages for other installers, fetches the file and no more.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from pathlib import Path

from unearth import PackageFinder

from primer.projects import Project


class Unavailable(Exception):
    """A project cannot be had; the text says why."""


def archive(project: Project, folder: Path, index: str | None) -> Path:
    """Return the archive of ``project`` in ``folder``, fetched from ``index`` (none: the usual one) if it is not there.

    Raises :class:`Unavailable` if the index does not have it, or what it has is not the file whose digest is pinned.
    """
    kept = folder / f"{project.name}-{project.version}.tar.gz"
    if kept.exists():
        _check(kept, project)
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as arriving:
        fetched = _fetched(project, Path(arriving), index)
        _check(fetched, project)
        whole = shutil.copy(fetched, Path(arriving) / "whole")
        return Path(whole).replace(kept)


def unpack(packed: Path, into: Path) -> Path:
    """Unpack an archive into an empty folder and return the one folder that it holds.

    Nothing is written outside ``into``. Raises :class:`Unavailable` if something would be, or links out of it, or if
    the archive is broken.
    """
    try:
        with tarfile.open(packed) as tar:
            tar.extractall(into, filter="data")
    except (tarfile.TarError, OSError, EOFError) as problem:
        raise Unavailable(f"cannot be unpacked: {problem}") from problem
    top = list(into.iterdir())
    if len(top) != 1 or not top[0].is_dir():
        raise Unavailable(f"does not hold one folder: {sorted(path.name for path in top)}")
    return top[0]


def _fetched(project: Project, folder: Path, index: str | None) -> Path:
    """Fetch the archive into ``folder``, and return where it is (one of a local index is where it was)."""
    finder = PackageFinder(
        index_urls=[index] if index else [], ignore_compatibility=True, no_binary=[project.name], verbosity=0
    )
    try:
        best = finder.find_best_match(project.pin).best
        if best is not None:
            return finder.download(best.link, folder)
    except Exception as problem:  # whatever the network, the index or the library raises: the project is not to be had
        raise Unavailable(f"cannot be fetched: {problem!r}") from problem
    raise Unavailable("no source distribution of it is found")


def _check(packed: Path, project: Project) -> None:
    found = hashlib.sha256(packed.read_bytes()).hexdigest()
    if found != project.sha256:
        raise Unavailable(f"the sha256 of the archive is {found}, not {project.sha256}")
