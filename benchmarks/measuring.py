"""Running a command and taking down what it costs: CPU seconds, wall seconds, peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """What one run took: CPU (user and system) and wall time in seconds, peak resident memory in MB."""

    cpu: float
    wall: float
    memory: float


def run(command: Sequence[str], folder: Path, environment: dict[str, str] | None = None) -> Cost:
    """Run a command to its end, its output thrown away; a process that cannot start or is killed raises OSError."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode < 0:
        raise OSError(f"{command[0]} was killed by signal {-process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - begun, usage.ru_maxrss / 1024)


def median(costs: Sequence[Cost]) -> Cost:
    """Return the median of each part."""
    return Cost(*(statistics.median(part) for part in zip(*costs, strict=True)))


def repeated(times: int, once: Callable[[], Cost], before: Callable[[], None] | None = None) -> Cost:
    """Return the median of several runs; ``before`` is done before each, and not counted."""
    costs: list[Cost] = []
    for _ in range(times):
        if before is not None:
            before()
        costs.append(once())
    return median(costs)
