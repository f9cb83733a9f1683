"""`accesses`: every place in the source is listed, also where no way through running code comes to it."""

from __future__ import annotations

from pathlib import Path

from appstate_lint import config, engine
from appstate_lint.model import Access, Report

MAIN = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.pool = object()
    yield
    if hasattr(app.state, "pool"):
        app.state.pool.close()
    elif hasattr(app.state, "client"):
        app.state.client.close()


app = FastAPI(lifespan=lifespan)


@app.get("/orders")
async def orders(request: Request):
    pool = getattr(request.app.state, "pool", None)
    if pool is not None:
        return pool
    return request.app.state.registry


def current(app: FastAPI):
    if hasattr(app.state, "cache"):
        return app.state.cache
    return None


@app.get("/cache")
async def cache(request: Request):
    return current(request.app)
"""


def analyzed(folder: Path, text: str) -> Report:
    """Return the report on a service of one file."""
    (folder / "main.py").write_text(text, encoding="utf-8")
    return engine.analyze(folder, config.load(folder, None))


def at(report: Report, component: str) -> list[Access]:
    """Return the accesses of a component, in order."""
    return [each for each in report.accesses if each.component == component]


def test_what_nothing_comes_to_is_listed_where_its_function_runs(tmp_path: Path) -> None:
    report = analyzed(tmp_path, MAIN)
    (registry,) = at(report, "registry")
    assert (registry.line, registry.phase.value, registry.application, registry.presence) == (
        24, "serving", "main:app", (),
    )  # fmt: skip
    guard, read = at(report, "cache")
    assert (guard.line, guard.presence) == (28, ("ABSENT",))
    assert (read.line, read.phase.value, read.presence) == (29, "serving", ())
    assert [each.line for each in at(report, "client")] == [12, 13]
    assert {"shutdown"} <= {phase.value for each in at(report, "client") for phase in each.phases}


def test_what_nothing_comes_to_is_counted_as_unreached_and_not_judged(tmp_path: Path) -> None:
    report = analyzed(tmp_path, MAIN)
    assert report.coverage.reads.unreached == 4
    assert not any(each.component in ("registry", "client") for each in report.findings)


def test_code_after_the_end_of_a_function_is_not_listed(tmp_path: Path) -> None:
    report = analyzed(
        tmp_path,
        MAIN.replace("    return request.app.state.registry", "    return None\n    request.app.state.registry"),
    )
    assert not at(report, "registry")


TWO_ROUTES = """
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/one")
async def one(request: Request):
    return request.app.state.pool


@app.get("/other")
async def other(request: Request):
    return getattr(request.app.state, "pool", None)
"""


def test_what_nothing_writes_is_absent_in_every_request(tmp_path: Path) -> None:
    report = analyzed(tmp_path, TWO_ROUTES)
    assert [each.presence for each in at(report, "pool")] == [("ABSENT",), ("ABSENT",)]
