"""Each entry of the library tables: what a package writes is there, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from appstate_lint import config, engine
from appstate_lint.config import Settings
from appstate_lint.frameworks import Library, load

TABLES = load(Settings())
WRITERS = [each for each in TABLES.libraries if each.writes]
QUIET = sorted({name for name in TABLES.packages if name not in {each.package for each in WRITERS}})

STATE = """\
import {package}
from fastapi import FastAPI, Request

app = FastAPI()
{package}.setup(app)


@app.get("/")
async def show(request: Request):
    return request.app.state.{component}
"""
ITEM = """\
import {package}
from aiohttp import web


async def show(request: web.Request):
    return request.app["{component}"]


def make_app():
    app = web.Application()
    {package}.setup(app)
    app.router.add_get("/", show)
    return app
"""
FLASK = """\
import {package}
from flask import Flask, current_app

app = Flask(__name__)
{package}.setup(app)


@app.get("/")
def show():
    return current_app.{store}["{component}"]
"""


def codes(tmp_path: Path, holder: str, package: str, component: str) -> list[str]:
    """Return the codes of what is said of a program that gives its application to a package and reads a component."""
    template = {"": STATE, "item": ITEM}.get(holder, FLASK)
    text = template.format(package=package, component=component, store=holder)
    (tmp_path / "appstate-lint.toml").touch()
    (tmp_path / "main.py").write_text(text, encoding="utf-8")
    return [each.code for each in engine.analyze(tmp_path, config.load(tmp_path, None)).findings if each.component]


@pytest.mark.parametrize("library", WRITERS, ids=lambda each: f"{each.package}-{each.holder or 'state'}")
def test_what_a_package_writes_is_there(library: Library, tmp_path: Path) -> None:
    for component in library.writes:
        assert codes(tmp_path, library.holder, library.package, component) == []
    assert codes(tmp_path, library.holder, library.package, "nobody_writes_this") == ["E7802"]


@pytest.mark.parametrize("package", QUIET)
def test_a_package_that_leaves_state_alone_writes_nothing(package: str, tmp_path: Path) -> None:
    assert codes(tmp_path, "", package, "nobody_writes_this") == ["E7802"]


def test_a_package_that_no_table_describes_may_write_anything(tmp_path: Path) -> None:
    assert codes(tmp_path, "", "unheard_of", "nobody_writes_this") == ["W7840"]


@pytest.mark.parametrize("library", TABLES.libraries, ids=lambda each: f"{each.package}-{each.holder or 'state'}")
def test_an_entry_says_where_that_was_seen(library: Library) -> None:
    assert len(library.source.split()) > 3
    assert library.reads or library.writes
