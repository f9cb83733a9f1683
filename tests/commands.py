"""Runs of the command line in this process."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appstate_lint import cli


class Done:
    """What a run of the command line left: exit code, standard output, standard error."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def codes(self) -> list[str]:
        """The codes of the findings, if these were printed one a line."""
        return [line.split(" ")[1] for line in self.out.splitlines()]


Run = Callable[..., Done]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Done:
    """Run the command line with ``arguments``."""
    capsys.readouterr()
    code = cli.run(arguments)
    captured = capsys.readouterr()
    return Done(code, captured.out, captured.err)
