"""git, the only program that this package starts: it tells of a repository, and runs nothing that this one configures.

No hook, monitor, filter, diff program or transport of a repository's own configuration runs; what the user has
configured for all repositories (filters for large files, say) still does.
"""

from __future__ import annotations

import os
from pathlib import Path

_SAFE = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "diff.external=", "-c",
         "core.pager=cat", "--no-optional-locks", "--no-pager")  # fmt: skip
_OTHER_REPOSITORY = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
)
"""Variables by which git, where it runs a hook, points what it starts to its own repository."""
_NO_TRANSPORT = {"GIT_ALLOW_PROTOCOL": "none", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
_MOST_SECONDS = 120
_OWN_SCOPES = ("local", "worktree")


class GitFailed(Exception):
    """git says no; the text is what it says last, in one line, and may be empty."""


class NoGit(GitFailed):
    """git cannot be run at all."""


def git(folder: Path, *arguments: str) -> bytes:
    """Return what git prints about the repository around ``folder``; raises GitFailed."""
    return _run(folder, *_without_filters(folder), *arguments)


def _without_filters(folder: Path) -> list[str]:
    """Return the options that turn off the filters which the repository itself defines."""
    try:
        rows = _run(folder, "config", "--null", "--show-scope", "--get-regexp", r"^filter\.").decode("utf-8", "replace")
    except GitFailed:  # it defines none
        return []
    fields = rows.split("\0")
    keys = {
        entry.partition("\n")[0]
        for scope, entry in zip(fields[::2], fields[1::2], strict=False)
        if scope in _OWN_SCOPES
    }
    drivers = sorted({key.rpartition(".")[0] for key in keys})
    options: list[str] = []
    for driver in drivers:
        for setting in ("clean=", "smudge=", "process=", "required=false"):
            options += ["-c", f"{driver}.{setting}"]
    return options


def _run(folder: Path, *arguments: str) -> bytes:
    import subprocess  # which few runs need

    environment = {name: value for name, value in os.environ.items() if name not in _OTHER_REPOSITORY} | _NO_TRANSPORT
    command = ("git", *_SAFE, *arguments)
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=_MOST_SECONDS
        )
    except OSError as error:
        raise NoGit(f"git cannot be started ({error.strerror}); install it") from error
    except subprocess.TimeoutExpired as error:
        raise NoGit(f"git took more than {_MOST_SECONDS} seconds") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitFailed(said[-1] if said else "")
    return done.stdout
