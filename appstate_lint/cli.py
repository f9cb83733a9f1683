"""The command line: a door. It reads the options, asks the engine, prints, and chooses the exit code.

Exit codes: 0 clean, 1 errors or warnings were found, 2 the command could not run (one line a problem on stderr). Each
command is in a module of its own (``cli_check``, …), which is imported when it is asked for; what they share is in
``cli_common``.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn

import click

from appstate_lint import __version__
from appstate_lint.cli_output import CLEAN, FAILED, CannotRun, say

_COMMANDS = {
    "accesses": "cli_show:accesses",
    "baseline": "cli_baseline:baseline",
    "check": "cli_check:check",
    "config": "cli_show:show_config",
    "contracts": "cli_contracts:contracts",
    "explain": "cli_show:explain",
    "init": "cli_init:init",
    "migrate": "cli_migrate:migrate",
    "rules": "cli_show:rules",
    "timeline": "cli_show:timeline",
}
"""The commands, and the module and name of each."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line with ``arguments`` (default: those of the process) and exit."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # any text stream may stand there
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line with ``arguments`` and return the exit code; prints, but never raises."""
    try:
        code = commands.main(arguments, prog_name="appstate-lint", standalone_mode=False)
        return code if isinstance(code, int) else CLEAN
    except CannotRun as failure:
        return _fail(failure.args)
    except click.ClickException as failure:
        return _fail([_usage_line(failure)])
    except SystemExit:  # click prints the help itself, and leaves when nobody reads it any more
        return CLEAN
    except (click.Abort, KeyboardInterrupt):
        return _fail(["interrupted"])


class _Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order in which help lists them."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, ``None`` if there is none."""
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        command = getattr(importlib.import_module(f"appstate_lint.{module}"), name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=False)
@click.version_option(__version__, prog_name="appstate-lint", message="%(prog)s %(version)s")
def commands() -> None:
    """Find reads of application state that can happen before, or without, its initialization."""


def _usage_line(failure: click.ClickException) -> str:
    message = " ".join(failure.format_message().split()).rstrip(".")
    command = getattr(getattr(failure, "ctx", None), "command_path", "appstate-lint")
    return f"{message}; see `{command} --help`"


def _fail(problems: Iterable[object]) -> int:
    say(*(f"appstate-lint: {problem}" for problem in problems))
    return FAILED
