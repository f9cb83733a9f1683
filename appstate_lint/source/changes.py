"""What changed since a commit, as git says: the files that differ in the working tree, and those it does not know."""

from __future__ import annotations

from pathlib import Path

from appstate_lint.source.git import GitFailed, NoGit, git


class NoChanges(Exception):
    """git cannot say what changed; the text says why and how to mend it."""


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
        raise NoChanges(str(error)) from error
    except GitFailed as error:
        said = str(error) or "it says nothing"
        raise NoChanges(problem or f"git {arguments[0]} failed in {folder}: {said}") from error
