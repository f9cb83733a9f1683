"""The primer tells what differs from judged expectations, fetches only what is pinned, and runs nothing of it."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from primer import expectations, precision, projects
from primer.__main__ import main
from primer.expectations import Expectation, Judged, Verdict
from primer.projects import Project

ROOT = Path(__file__).parent.parent

SERVICE = """\
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/")
async def read(request: Request):
    return getattr(request.app.state, "cluster", None)
"""
BUILD = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def sdist(files: Mapping[str, str], links: Mapping[str, str] | None = None) -> bytes:
    """Return a gzipped archive of files and symbolic links, by name."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return packed.getvalue()


class Primer(NamedTuple):
    """A primer of one project, ``shop``, in a folder of its own, with an index that is a folder, too."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    def offer(self, packed: bytes, *, pinned: str = "", python: str = "3.10") -> None:
        """Put an archive on the index, and its digest, or another one, on the list of projects."""
        page = self.folder / "index" / "shop"
        page.mkdir(parents=True, exist_ok=True)
        (page / "shop-1.0.tar.gz").write_bytes(packed)
        (page / "index.html").write_text('<!DOCTYPE html><a href="shop-1.0.tar.gz">shop-1.0.tar.gz</a>')
        digest = pinned or hashlib.sha256(packed).hexdigest()
        text = f'[[project]]\nname = "shop"\nversion = "1.0"\nsha256 = "{digest}"\npython = "{python}"\n'
        (self.folder / "projects.toml").write_text(text)
        (self.folder / "expectations").mkdir(exist_ok=True)

    def run(self, *options: str) -> tuple[int, str]:
        """Run the primer; return the exit code and what it prints."""
        folders = [f"--{name}={self.folder / name}" for name in ("archives", "expectations")]
        index = f"--index={(self.folder / 'index').as_uri()}"
        code = main([*folders, index, f"--projects={self.folder / 'projects.toml'}", *options])
        return code, self.capsys.readouterr().out

    def offer_again(self, packed: bytes) -> None:
        """Put another archive in place of the first, also of the fetched one."""
        (self.folder / "archives" / "shop-1.0.tar.gz").unlink(missing_ok=True)
        self.offer(packed)

    @property
    def expected(self) -> Expectation:
        return expectations.load("shop", self.folder / "expectations")

    def judge(self, verdict: Verdict, reason: str) -> None:
        """Judge all findings alike."""
        found = self.expected.findings
        judged = [msgspec.structs.replace(each, verdict=verdict, reason=reason) for each in found]
        expectations.save("shop", Expectation(self.expected.seen, tuple(judged)), self.folder / "expectations")


@pytest.fixture
def primer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Primer:
    return Primer(tmp_path, capsys)


def test_what_is_not_expected_is_new_and_then_waits_for_a_verdict(primer: Primer) -> None:
    primer.offer(sdist({"shop-1.0/shop/main.py": SERVICE}))
    code, out = primer.run()
    assert code == 1
    assert "new: shop/main.py:8: appstate-default-hides-missing cluster\n" in out
    assert "changed: applications: none -> shop.main:app\n" in out
    assert primer.expected == Expectation()
    assert primer.run("--update")[0] == 0
    assert [each.verdict for each in primer.expected.findings] == [Verdict.UNJUDGED]
    assert primer.run() == (
        0,
        "shop==1.0: 1 finding, 0 differences, 1 unjudged\n1 as expected, 0 different, 0 not to be had\n",
    )


def test_a_verdict_stays_with_its_finding_alone(primer: Primer) -> None:
    primer.offer(sdist({"shop-1.0/shop/main.py": SERVICE}))
    primer.run("--update")
    primer.judge(Verdict.TRUE, "Nobody sets it.")
    primer.run("--update")
    assert [(each.verdict, each.reason) for each in primer.expected.findings] == [(Verdict.TRUE, "Nobody sets it.")]
    primer.offer_again(sdist({"shop-1.0/shop/main.py": f"import os\n{SERVICE}"}))
    _, out = primer.run("--update")
    moved = "shop/main.py:8: appstate-default-hides-missing cluster (judged true) -> shop/main.py:9: "
    assert f"changed: {moved}appstate-default-hides-missing cluster\n" in out
    assert [each.verdict for each in primer.expected.findings] == [Verdict.UNJUDGED]


def test_what_is_no_longer_said_is_gone(primer: Primer) -> None:
    primer.offer(sdist({"shop-1.0/shop/main.py": SERVICE}))
    primer.run("--update")
    primer.judge(Verdict.FALSE, "A table sets it.")
    primer.offer_again(sdist({"shop-1.0/shop/main.py": SERVICE.replace("cluster", "x").replace("getattr", "str")}))
    code, out = primer.run()
    assert code == 1
    assert "gone: shop/main.py:8: appstate-default-hides-missing cluster (judged false)\n" in out


def test_a_file_that_is_not_the_pinned_one_is_not_looked_into(primer: Primer) -> None:
    primer.offer(sdist({"shop-1.0/shop/main.py": SERVICE}), pinned="0" * 64)
    code, out = primer.run()
    assert code == 2
    assert f"not {'0' * 64}\n" in out
    assert list((primer.folder / "archives").iterdir()) == []


def test_what_the_index_does_not_have_is_said(primer: Primer) -> None:
    primer.offer(sdist({"shop-1.0/shop/main.py": SERVICE}))
    (primer.folder / "index" / "shop" / "index.html").write_text("<!DOCTYPE html>")
    code, out = primer.run()
    assert (code, out.splitlines()[-1]) == (2, "0 as expected, 0 different, 1 not to be had")


def test_what_was_fetched_is_not_fetched_again(primer: Primer) -> None:
    primer.offer(sdist({"shop-1.0/shop/main.py": SERVICE}))
    primer.run("--update")
    (primer.folder / "index" / "shop" / "shop-1.0.tar.gz").unlink()
    assert primer.run()[0] == 0


@pytest.mark.parametrize(
    "packed",
    [
        sdist({"shop-1.0/shop/main.py": SERVICE, "../outside.txt": "x"}),
        sdist({"shop-1.0/shop/main.py": SERVICE}, {"shop-1.0/link": "/etc"}),
        sdist({"shop-1.0/shop/main.py": SERVICE, "other/main.py": SERVICE}),
        b"no archive",
        sdist({"shop-1.0/shop/main.py": SERVICE * 999})[:400],
    ],
    ids=["path", "link", "folders", "text", "cut"],
)
def test_an_archive_that_is_no_source_distribution_is_left(primer: Primer, packed: bytes) -> None:
    primer.offer(packed)
    code, out = primer.run()
    assert (code, out.splitlines()[-1]) == (2, "0 as expected, 0 different, 1 not to be had")
    assert not list(primer.folder.rglob("outside.txt"))


def test_nothing_of_a_project_is_run(primer: Primer) -> None:
    mark = primer.folder / "was-run"
    code = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n"
    names = ("setup.py", "backend.py", "conftest.py", "sitecustomize.py", "click.py", "shop/__init__.py")
    files = {**dict.fromkeys(names, code), "pyproject.toml": BUILD, "shop/main.py": code + SERVICE}
    primer.offer(sdist({f"shop-1.0/{name}": text for name, text in files.items()}))
    assert primer.run()[0] == 1
    assert not mark.exists()


def test_code_that_this_python_cannot_parse_is_left(primer: Primer) -> None:
    primer.offer(sdist({"shop-1.0/shop/main.py": SERVICE}), python="9.9")
    assert primer.run() == (
        2,
        "shop==1.0: not to be had: its code needs Python 9.9\n0 as expected, 0 different, 1 not to be had\n",
    )


def test_only_the_projects_that_are_named_are_linted(primer: Primer) -> None:
    primer.offer(sdist({"shop-1.0/shop/main.py": SERVICE}))
    with pytest.raises(SystemExit):
        primer.run("shpo")


def test_precision_is_counted() -> None:
    verdicts = [Verdict.TRUE, Verdict.TRUE, Verdict.TRUE, Verdict.FALSE, Verdict.UNJUDGED]
    rule = "appstate-never-initialized"
    judged = tuple(Judged(rule, "main.py", line, "db", verdict) for line, verdict in enumerate(verdicts))
    text = precision.table({Project("shop", "1.0", ""): Expectation(findings=judged)})
    row = f"| E7802 [`{rule}`](../rules/{rule}.md) | 3 | 1 | 1 | 75% |"
    assert text.splitlines()[2:4] == [row, "| all | 3 | 1 | 1 | 75% |"]
    assert text.splitlines()[-1] == "| shop 1.0 | 0 | 0 | 0 | 0 | 0 | 3 | 1 | 1 |"


# --- what is committed ----------------------------------------------------------------------------------------------


def test_there_are_projects_enough_and_each_has_its_expectations() -> None:
    listed = projects.load()
    assert len({each.name for each in listed}) == len(listed) >= 15
    assert {path.stem for path in expectations.FOLDER.iterdir()} == {each.name for each in listed}
    assert all(re.fullmatch("[0-9a-f]{64}", each.sha256) for each in listed)


def test_every_finding_is_judged_and_says_why() -> None:
    for project in projects.load():
        for judged in expectations.load(project.name).findings:
            assert judged.verdict is not Verdict.UNJUDGED, judged
            assert judged.reason.endswith("."), judged


def test_the_documented_table_is_what_the_expectations_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--table"]) == 0
    assert capsys.readouterr().out in (ROOT / "docs" / "precision.md").read_text(encoding="utf-8")
