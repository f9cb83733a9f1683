"""Running applications in worker processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .records import Failure, Frame, Run, Service, Touch

TESTS = Path(__file__).parent.parent


def run(jobs: Iterable[tuple[Service, Mapping[str, str]]]) -> Iterator[Run]:
    """Run each application with the files given for it; yield what happened, in the order of the jobs."""
    path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    worker = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "mutants.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert worker.stdin is not None and worker.stdout is not None
    lines = [json.dumps({"files": dict(files), "start": service.start, "ask": service.ask}) for service, files in jobs]
    feeding = threading.Thread(target=_feed, args=(worker.stdin, lines))
    feeding.start()
    try:
        for _ in lines:
            answer = worker.stdout.readline()
            assert answer, "the worker ended early"
            yield _read(json.loads(answer))
    finally:
        worker.kill()
        feeding.join()
        worker.wait()
        worker.stdout.close()


def _feed(pipe: Any, lines: Iterable[str]) -> None:
    try:
        for line in lines:
            pipe.write(line + "\n")
            pipe.flush()
        pipe.close()
    except BrokenPipeError:
        pass


def _read(answer: dict[str, Any] | None) -> Run:
    if answer is None:
        return Run((), (), ("it did not end",), (), False)
    return Run(
        tuple(Failure(kind, name, text, _frames(frames)) for kind, name, text, frames in answer["failures"]),
        tuple(
            Touch(name, kind, phase, presence, _frames(frames))
            for name, kind, phase, presence, frames in answer["touches"]
        ),
        tuple(answer["errors"]),
        tuple(answer["statuses"]),
        True,
    )


def _frames(raw: Iterable[Iterable[Any]]) -> tuple[Frame, ...]:
    return tuple(Frame(*each) for each in raw)
