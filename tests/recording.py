"""Watching applications run: who touches their state, from where, in which phase.

What is here works on the whole process, so it belongs into one that is started for it.
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import State


@dataclasses.dataclass(frozen=True, order=True)
class Touch:
    """One touch of an application's state as it happened; ``presence`` is what was found there ("" if not asked)."""

    file: str
    line: int
    component: str
    kind: str
    phase: str
    presence: str


class Recorder:
    """Notes who touches the state of an application; the one thing here that changes."""

    def __init__(self) -> None:
        self.phase = "build"
        self.root = Path()
        self.states: list[State] = []
        self.touches: set[Touch] = set()

    def note(self, state: State, component: str, kind: str, frame: types.FrameType, presence: str) -> None:
        file = Path(frame.f_code.co_filename)
        if any(state is each for each in self.states) and file.is_relative_to(self.root):
            place = file.relative_to(self.root).as_posix()
            self.touches.add(Touch(place, frame.f_lineno, component, kind, self.phase, presence))


def watch(recorder: Recorder) -> None:
    """Wrap the state class, and the constructors, whose states are those of applications, for the whole process."""
    from fastapi import FastAPI

    cls: Any = State
    read, write, delete = cls.__getattr__, cls.__setattr__, cls.__delattr__

    def getting(state: State, name: str) -> object:
        frame = sys._getframe(1)
        try:
            found: object = read(state, name)
        except AttributeError:
            recorder.note(state, name, "get", frame, "ABSENT")
            raise
        recorder.note(state, name, "get", frame, "NONE" if found is None else "VALUE")
        return found

    def setting(state: State, name: str, value: object) -> None:
        recorder.note(state, name, "set", sys._getframe(1), "")
        write(state, name, value)

    def deleting(state: State, name: str) -> None:
        recorder.note(state, name, "delete", sys._getframe(1), "")
        delete(state, name)

    cls.__getattr__, cls.__setattr__, cls.__delattr__ = getting, setting, deleting
    for application in (Starlette, FastAPI):
        _watch_application(recorder, application)


def _watch_application(recorder: Recorder, cls: Any) -> None:
    """Note the states of new applications; making the middleware, before the lifespan runs, still is building."""
    construct, build = cls.__init__, cls.build_middleware_stack

    def constructing(app: Any, *args: object, **options: object) -> None:
        construct(app, *args, **options)
        recorder.states.append(app.state)

    def building(app: Any) -> object:
        phase = recorder.phase
        recorder.phase = "build" if phase == "startup" else phase
        stack: object = build(app)
        recorder.phase = phase
        return stack

    cls.__init__, cls.build_middleware_stack = constructing, building


@contextmanager
def importable(root: Path) -> Iterator[None]:
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    yield
    sys.path.remove(str(root))
