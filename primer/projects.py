"""Which public projects are linted: source distributions at pinned versions, listed in ``projects.toml``."""

from __future__ import annotations

from pathlib import Path

import msgspec
import tomli

HERE = Path(__file__).parent


class Project(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One source distribution. ``sha256`` is its archive's; ``python`` the oldest version that can parse its code."""

    name: str
    version: str
    sha256: str
    python: str = "3.10"

    @property
    def pin(self) -> str:
        """The name and version, as a requirement."""
        return f"{self.name}=={self.version}"

    @property
    def needs(self) -> tuple[int, ...]:
        """The oldest version of Python that can parse it, to compare with ``sys.version_info``."""
        return tuple(map(int, self.python.split(".")))


def load(path: Path = HERE / "projects.toml") -> tuple[Project, ...]:
    """Return the projects that the file lists, in its order."""
    return tuple(msgspec.convert(tomli.loads(path.read_text(encoding="utf-8"))["project"], list[Project]))
