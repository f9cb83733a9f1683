"""The project as it was at a commit, laid out in a folder of its own: what the numbers of a burn-down start from."""

from __future__ import annotations

import contextlib
import io
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from appstate_lint import source

_NO_PARTS = ("--ignore-submodules=all",)
"""What is asked of files of the project never looks into other repositories."""


class NoHistory(Exception):
    """The commit cannot be read; the text says why, in one line."""


@contextlib.contextmanager
def as_of(root: Path, ref: str) -> Iterator[Path]:
    """Lay out the Python and TOML files of the project at ``root`` as of the commit ``ref``, and remove them after.

    Nothing in the repository is touched, and links are left out. Raises NoHistory.
    """
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").decode().strip()
    prefix = _git(root, "rev-parse", "--show-prefix").decode().strip()
    top = Path(_git(root, "rev-parse", "--show-toplevel").decode().strip())
    archive = _git(top, "archive", "--format=tar", f"{commit}:{prefix.rstrip('/')}" if prefix else commit)
    with tempfile.TemporaryDirectory(prefix="appstate-lint-") as folder:
        target = Path(folder).resolve()
        with tarfile.open(fileobj=io.BytesIO(archive)) as content:
            for member in content:
                path = (target / member.name).resolve()
                if not member.isfile() or not path.is_relative_to(target) or path.suffix not in (".py", ".toml"):
                    continue
                data = content.extractfile(member)
                if data is not None:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(data.read())
        yield target


def uncommitted(root: Path, files: Sequence[str]) -> list[str]:
    """Return those of ``files`` that differ from what git has committed, or that it does not know. Raises NoHistory."""
    status = _git(root, "status", "--porcelain", "-z", "--untracked-files=all", "--ignored", *_NO_PARTS, "--", *files)
    prefix = _git(root, "rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").strip("\n")
    changed = {
        row[3:].decode("utf-8", "surrogateescape").removeprefix(prefix) for row in status.split(b"\0") if len(row) > 3
    }
    return [file for file in files if file in changed]


def _git(root: Path, *arguments: str) -> bytes:
    try:
        return source.git(root, *arguments)
    except source.GitFailed as error:
        what = "no such commit" if arguments[0] == "rev-parse" and "--verify" in arguments else "git failed"
        raise NoHistory(str(error) or what) from error
