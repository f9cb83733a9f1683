"""``check --watch``: check again whenever a file of the project changes, until the user has seen enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

from appstate_lint import config, source
from appstate_lint.baseline import path_of
from appstate_lint.cli_common import Project, projects_of, settings_of
from appstate_lint.cli_output import FAILED, CannotRun, say
from appstate_lint.config import Settings

SECONDS = 0.3
"""The least time between two looks at the files; looks never take more than a tenth of the time."""

Stamps = Mapping[Path, tuple[int, int]]


def watched(paths: tuple[str, ...], config_path: str | None, check: Callable[[], int]) -> int:
    """Run ``check`` now and after each change below the projects of ``paths``; return the code of the last run.

    What is wrong with the configuration is said, and the watch goes on. Ends when the user interrupts.
    """
    code = FAILED
    try:
        while True:
            stamps = _stamps(paths, config_path)
            click.clear()
            try:
                code = check()
            except (CannotRun, config.ConfigErrors) as failure:
                code = FAILED
                say(*(f"appstate-lint: {problem}" for argument in failure.args for problem in argument.splitlines()))
            say("watching for changes; Ctrl-C ends")
            _wait_for_change(stamps, paths, config_path)
    except KeyboardInterrupt:
        return code


def _wait_for_change(stamps: Stamps, paths: tuple[str, ...], config_path: str | None) -> None:
    pause = SECONDS
    while True:
        time.sleep(pause)
        start = time.monotonic()
        if _stamps(paths, config_path) != stamps:
            return
        pause = max(SECONDS, 9 * (time.monotonic() - start))


def _stamps(paths: tuple[str, ...], config_path: str | None) -> Stamps:
    """Return size and time of all files that the answer depends on."""
    files = [file for project in projects_of(paths) for file in _files(project, config_path)]
    return {file: stamp for file in files if (stamp := _stamp(file))}


def _files(project: Project, config_path: str | None) -> Iterator[Path]:
    try:
        settings = settings_of(project, config_path)
    except (CannotRun, config.ConfigErrors):
        settings = Settings()
    yield from (project.root / file.path for file in source.discover(project.root, settings.exclude, settings.tests))
    yield from (folder / name for folder in (project.root, *project.root.parents) for name in config.FILES)
    yield path_of(project.root, settings)
    if config_path is not None:
        yield Path(config_path)


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
