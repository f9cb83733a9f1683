"""The words: applications, what happens when they run, mutants."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import tomli

FOLDER = Path(__file__).parent / "applications"


class Frame(NamedTuple):
    """A line of an application that was being run, and the function it is in."""

    file: str
    line: int
    function: str


class Touch(NamedTuple):
    """A touch of a component: ``kind`` is get, set or delete; ``presence`` what a get found; innermost frame last."""

    component: str
    kind: str
    phase: str
    presence: str
    frames: tuple[Frame, ...]


class Failure(NamedTuple):
    """A component that was not there (``absent``) or a ``None`` that was used (``none``), and the failing path."""

    kind: str
    component: str
    text: str
    frames: tuple[Frame, ...]


class Run(NamedTuple):
    """What happened when an application ran: ``errors`` are all exceptions; ``ended`` is false past the limit."""

    failures: tuple[Failure, ...]
    touches: tuple[Touch, ...]
    errors: tuple[str, ...]
    statuses: tuple[int, ...]
    ended: bool


class Service(NamedTuple):
    """A healthy application: its files, what starts it (``module:name``, with ``()`` if called), what it is asked."""

    name: str
    root: Path
    files: Mapping[str, str]
    start: str
    ask: tuple[str, ...]


class Mutant(NamedTuple):
    """An application with one edit; ``components`` are those that the edit can harm, under old and new names."""

    service: Service
    operator: str
    file: str
    line: int
    summary: str
    components: frozenset[str]
    changed: Mapping[str, str]

    @property
    def files(self) -> dict[str, str]:
        """All files of the mutant."""
        return {**self.service.files, **self.changed}


def services() -> tuple[Service, ...]:
    """Return the healthy applications, by name."""
    return tuple(_service(path.parent) for path in sorted(FOLDER.glob("*/manifest.toml")))


def _service(root: Path) -> Service:
    manifest = tomli.loads((root / "manifest.toml").read_text(encoding="utf-8"))
    files = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.py"))}
    return Service(root.name, root, files, manifest["start"], tuple(manifest["ask"]))
