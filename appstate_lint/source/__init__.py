"""Source text: which files a project has, what they say, what they are called, where pragmas silence findings.

Facts need text and a module name; this room gives both and knows nothing of Python's grammar beyond what an
encoding cookie and a ``# pylint:`` comment require. Nothing here imports or runs the code it reads.
"""

from __future__ import annotations

from appstate_lint.source.changes import NoChanges, changed_files
from appstate_lint.source.decoding import Unreadable, decode, read_bytes
from appstate_lint.source.discovery import (
    Discovery,
    SourceFile,
    alone,
    discover,
    explore,
    find_root,
    is_disk,
    repository_root,
)
from appstate_lint.source.git import GitFailed, git
from appstate_lint.source.ignoring import matches
from appstate_lint.source.pragmas import CHECKER, Pragmas, Silencer, pragmas
from appstate_lint.source.versions import Stated, stated, stating

__all__ = [
    "CHECKER",
    "Discovery",
    "GitFailed",
    "NoChanges",
    "Pragmas",
    "Silencer",
    "SourceFile",
    "Stated",
    "Unreadable",
    "alone",
    "changed_files",
    "decode",
    "discover",
    "explore",
    "find_root",
    "git",
    "is_disk",
    "matches",
    "pragmas",
    "read_bytes",
    "repository_root",
    "stated",
    "stating",
]
