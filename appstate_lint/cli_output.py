"""What the command line prints, and how a command ends: its exit codes, and what it could not do."""

from __future__ import annotations

import os
import sys
from typing import TextIO

CLEAN, FOUND, FAILED = 0, 1, 2


class CannotRun(Exception):
    """The command cannot do what was asked; each argument is a line for people: what, where, how to mend."""


def say(*rows: str) -> None:
    """Write ``rows`` to stderr, a line each."""
    from appstate_lint.report.text import visible

    for row in rows:
        _write(sys.stderr, "\n".join(map(visible, row.split("\n"))) + "\n")


def emit(text: str) -> None:
    """Write ``text`` to stdout."""
    _write(sys.stdout, text)


def _write(stream: TextIO, text: str) -> None:
    """Write ``text`` now; where nobody reads any more, it and the rest of the output go nowhere."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
