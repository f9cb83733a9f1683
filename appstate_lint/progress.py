"""A sign of life on a terminal while something takes longer than a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from appstate_lint.report.text import visible

SECONDS = 1.0


@contextmanager
def waiting(text: str, *, after: float = SECONDS) -> Iterator[None]:
    """Show ``text`` and the time that passes on stderr, if it is a terminal, once ``after`` seconds are over."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    shower = threading.Thread(target=_show, args=(text, after, done), daemon=True)
    shower.start()
    try:
        yield
    finally:
        done.set()
        shower.join()


def _show(text: str, after: float, done: threading.Event) -> None:
    if done.wait(after):
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    shown = Progress(*columns, console=Console(stderr=True), transient=True)
    number = shown.add_task(visible(text), total=None)
    shown.tasks[number].start_time = shown.get_time() - after
    with shown:
        done.wait()
