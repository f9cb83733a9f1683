"""Runs applications: a job a line comes in, what happened goes out; each runs in a process forked for it.

Started by ``running`` as ``python -m mutants.worker`` with the folder of the tests on its path.
"""

from __future__ import annotations

import dis
import gc
import importlib
import json
import logging
import os
import select
import signal
import sys
import tempfile
import threading
import traceback
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastapi  # noqa: F401  here, so that each application need not import it anew
import recording
import starlette.middleware.base  # noqa: F401
from starlette.testclient import TestClient

from .records import Failure, Frame, Touch

SECONDS = 10.0


class Recorder(recording.Recorder):
    """Notes each touch of a state together with the application's frames, and what failed."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        self.paths: dict[Touch, None] = {}
        self.failures: dict[Failure, None] = {}
        self.errors: list[str] = []
        self.statuses: list[int] = []

    def note(self, state: Any, component: str, kind: str, frame: types.FrameType, presence: str) -> None:
        """Note a touch; a plain read of what is not there is a failure, whoever catches it."""
        if not any(state is each for each in self.states):
            return
        frames = self.frames((each, each.f_lineno) for each in _callers(frame))
        if not frames:
            return
        self.paths[Touch(component, kind, self.phase, presence, frames)] = None
        if presence == "ABSENT" and _is_plain(frame):
            self.failures[Failure("absent", component, f"no attribute {component!r}", frames)] = None

    def catch(self, error: BaseException) -> None:
        """Note an exception, with all that led to it."""
        for each in _family(error, set()):
            frames = self.frames(traceback.walk_tb(each.__traceback__))
            text = f"{type(each).__name__}: {each}"
            self.errors.append(text)
            if isinstance(each, AttributeError) and str(each).startswith("'State' object has no attribute"):
                self.failures[Failure("absent", str(each).split("'")[3], text, frames)] = None
            elif isinstance(each, KeyError) and each.args and isinstance(each.args[0], str):
                self.failures[Failure("absent", each.args[0], text, frames)] = None
            elif isinstance(each, (AttributeError, TypeError)) and "NoneType" in str(each):
                self.failures[Failure("none", "", text, frames)] = None

    def frames(self, pairs: Any) -> tuple[Frame, ...]:
        """Return those frames that are the application's."""
        found = []
        for frame, line in pairs:
            file = Path(frame.f_code.co_filename)
            if file.is_relative_to(self.root):
                found.append(Frame(file.relative_to(self.root).as_posix(), line, frame.f_code.co_name))
        return tuple(found)


class _Log(logging.Handler):
    """Takes the exceptions that are only logged: those of tasks, and those that an application swallows."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            self.recorder.catch(record.exc_info[1])


def _callers(frame: types.FrameType | None) -> list[types.FrameType]:
    """Return the frames that led to one, outermost first."""
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found[::-1]


def _is_plain(frame: types.FrameType) -> bool:
    """Tell whether a frame is just taking an attribute, not calling ``hasattr`` or ``getattr``."""
    at = frame.f_lasti
    names = [each.opname for each in dis.get_instructions(frame.f_code) if each.offset == at]
    return any(name in ("LOAD_ATTR", "LOAD_METHOD") for name in names)


def _family(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """Yield an exception, those that it groups, and those during which it was raised."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    for each in (*getattr(error, "exceptions", ()), error.__cause__, error.__context__):
        yield from _family(each, seen)


def _serve(recorder: Recorder, app: Any, ask: list[str]) -> None:
    """Start ``app``, ask it, stop it; what one request raises does not keep the next from being sent."""
    client = TestClient(app)
    recorder.phase = "startup"
    try:
        client.__enter__()
    except BaseException as error:
        recorder.catch(error)
        return
    recorder.phase = "serving"
    for each in ask:
        try:
            recorder.statuses.append(_ask(client, each))
        except BaseException as error:
            recorder.catch(error)
    recorder.phase = "shutdown"
    try:
        client.__exit__(None, None, None)
    except BaseException as error:
        recorder.catch(error)


def _ask(client: TestClient, asked: str) -> int:
    if asked.startswith("ws:"):
        path, _, text = asked.removeprefix("ws:").partition(" ")
        with client.websocket_connect(path) as socket:
            socket.send_text(text)
            socket.receive_json()
        return 101
    verb, _, path = asked.rpartition(" ")
    return client.request(verb or "GET", path).status_code


def _run(root: Path, start: str, ask: list[str]) -> dict[str, Any]:
    """Import and serve the application in ``root``; return what happened."""
    recorder = Recorder(root)
    recording.watch(recorder)
    logging.getLogger().addHandler(_Log(recorder))
    threading.excepthook = lambda raised: recorder.catch(raised.exc_value or RuntimeError("no exception"))

    def resolve(named: Any, factory: bool) -> Any:
        if isinstance(named, str):
            module, _, name = named.partition(":")
            named = getattr(importlib.import_module(module), name)
        return named() if factory else named

    uvicorn: Any = types.ModuleType("uvicorn")
    uvicorn.run = lambda app, *, factory=False, **_: _serve(recorder, resolve(app, factory), ask)
    sys.modules["uvicorn"] = uvicorn
    with recording.importable(root):
        try:
            app = resolve(start.removesuffix("()"), start.endswith("()"))
            if app is not None:
                _serve(recorder, app, ask)
        except BaseException as error:
            recorder.catch(error)
    gc.collect()
    return {
        "failures": list(recorder.failures),
        "touches": list(recorder.paths),
        "errors": recorder.errors,
        "statuses": recorder.statuses,
    }


def _forked(root: Path, start: str, ask: list[str]) -> bytes:
    """Run one application in a process of its own; nothing comes back from one that takes too long or dies."""
    receiving, sending = os.pipe()
    child = os.fork()
    if not child:
        os.close(receiving)
        with os.fdopen(sending, "wb") as out:
            out.write(json.dumps(_run(root, start, ask)).encode())
        os._exit(0)
    os.close(sending)
    found = b""
    with os.fdopen(receiving, "rb", buffering=0) as source:
        while select.select([source], [], [], SECONDS)[0]:
            part = source.read(1 << 16)
            if not part:
                break
            found += part
        else:
            found = b""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return found


def main() -> None:
    """Read jobs, run them, write what happened, a line each; what applications print is thrown away."""
    out = os.fdopen(os.dup(1), "w")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    sys.dont_write_bytecode = True
    for line in sys.stdin:
        job = json.loads(line)
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            for file, text in job["files"].items():
                path = root / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            found = _forked(root, job["start"], job["ask"])
        out.write(found.decode() or "null")
        out.write("\n")
        out.flush()


if __name__ == "__main__":
    main()
