"""What changed since a commit, as git says: the files of the working tree that differ, and those that it does not know.

git is the only program that this package starts. No hook, monitor or diff program that a repository configures runs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "diff.external=", "--no-optional-locks")
_OTHER_REPOSITORY = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
)
"""Variables by which git, where it runs a hook, points what it starts to its own repository."""


class NoChanges(Exception):
    """git cannot say what changed; the text says why and how to mend it."""


class NoGit(Exception):
    """git is not there, or failed; the text says why in one line."""


def changed_files(root: Path, reference: str) -> frozenset[str]:
    """Return the files below ``root``, relative to it, that changed since the merge base of ``reference`` and HEAD.

    What is not committed counts, and so do files that git does not track yet, unless it ignores them; a renamed file
    counts under both names. Raises NoChanges.
    """
    top = Path(_git(root, "rev-parse", "--show-toplevel").removesuffix("\n"))
    problem = f"{reference!r} is no commit of {top}; name a branch, tag or commit that is fetched"
    commit = _git(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", reference + "^{commit}", problem=problem
    )
    problem = f"{reference!r} and HEAD have no common commit here; fetch the whole history"
    base = _git(root, "merge-base", commit.strip(), "HEAD", problem=problem).strip()
    listing = ("-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
    changed = _git(top, "diff", *listing, base, "--").split("\0")
    new = _git(top, "ls-files", "-z", "--others", "--exclude-standard").split("\0")
    inside = root.resolve()
    paths = [top.resolve() / name for name in (*changed, *new) if name]
    return frozenset(path.relative_to(inside).as_posix() for path in paths if path.is_relative_to(inside))


def _git(folder: Path, *arguments: str, problem: str = "") -> str:
    """Return what git prints; raises NoChanges with ``problem``, or with what git says."""
    try:
        return git(folder, *arguments).decode("utf-8", "surrogateescape")
    except NoGit as error:
        raise NoChanges(problem or f"git {arguments[0]} failed in {folder}: {error}") from error


def git(folder: Path, *arguments: str) -> bytes:
    """Return what git prints in a folder, without running what the repository configures or writing to it.

    Raises NoGit, with the last line of what git says.
    """
    import subprocess  # which few runs need

    command: Sequence[str] = ("git", *_SAFE, *arguments)
    environment = {name: value for name, value in os.environ.items() if name not in _OTHER_REPOSITORY}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise NoGit(f"it cannot be started ({error.strerror}); install it") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NoGit(said[-1] if said else "it says nothing")
    return done.stdout
