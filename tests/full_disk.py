"""Runs of the command line on a disk that is full: a file system in memory, in a mount namespace of the run's own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

# The project is copied to the new disk, all but so many pages of it are filled, and the tree is compared afterwards.
_PROGRAM = """
import pathlib, shutil, subprocess, sys
from tests.full_disk import contents
disk, project, pages = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "disk", str(disk)], check=True)
root = pathlib.Path(shutil.copytree(project, disk / "project", symlinks=True))
before = contents(root)
with open(disk / "filler", "wb", buffering=0) as filler:
    try:
        while filler.write(bytes(4096)) == 4096:
            pass
    except OSError:
        pass
    filler.truncate(filler.tell() // 4096 * 4096 - pages * 4096)
done = subprocess.run([sys.executable, "-B", "-m", "appstate_lint", *sys.argv[4:]], cwd=root)
print("unchanged" if contents(root) == before else "changed", file=sys.stderr)
sys.exit(done.returncode)
"""


class Ended(NamedTuple):
    """How a run ended: its exit code, standard error, and whether the tree is what it was."""

    code: int
    err: str
    unchanged: bool


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return permissions and content of all files below a folder but those of git, by path."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mode, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def run(project: Path, disk: Path, pages: int, *arguments: str) -> Ended:
    """Run the command line in a copy of ``project`` where only so many pages of 4096 bytes are left on the disk.

    ``disk`` is an empty folder. Skips the test where the system lets nobody but root mount.
    """
    unshare = shutil.which("unshare")
    if (
        unshare is None
        or subprocess.run([unshare, "-rm", "mount", "-t", "tmpfs", "disk", disk], check=False).returncode
    ):
        pytest.skip("no disk of one's own can be mounted here")
    done = subprocess.run(
        [unshare, "-rm", sys.executable, "-B", "-c", _PROGRAM, disk, project, str(pages), *arguments],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent, timeout=300,
    )  # fmt: skip
    err, _, last = done.stderr.rstrip("\n").rpartition("\n")
    assert last in ("changed", "unchanged"), done.stderr
    return Ended(done.returncode, err, last == "unchanged")
