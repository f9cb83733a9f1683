"""The work of the linter grows with the code, whatever its shape: calls are counted, never seconds.

A shape is a program of a size. Between two sizes the calls may grow by that factor to the power of 1.3.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import pytest

from appstate_lint import config, engine
from appstate_lint.model import Report

MOST = 1.3
HEAD = """\
import os
from contextlib import asynccontextmanager

from elsewhere import f
from fastapi import FastAPI, Request

"""
TAIL = """

app = FastAPI(lifespan=lifespan)


@app.get("/")
async def read(request: Request):
    return request.app.state.pool
"""
Files = dict[str, str]


def service(start: list[str], before: str = "", after: str = "") -> Files:
    """Return a service whose start-up is ``start``."""
    body = "".join(f"    {line}\n" for line in start)
    text = f"{HEAD}{before}\n@asynccontextmanager\nasync def lifespan(app):\n{body}    yield\n{TAIL}{after}"
    return {"main.py": text}


def functions(calls: list[str]) -> str:
    """Return functions ``step_0``, ``step_1``, …, each with one line."""
    return "\n\n".join(f"def step_{number}(app):\n    {call}\n" for number, call in enumerate(calls))


def route(number: int, body: str) -> str:
    return f'\n\n@app.get("/{number}")\nasync def read_{number}(request: Request):\n    {body}\n'


def blocks(head: str) -> Callable[[int], Files]:
    return lambda size: service([" " * level + head for level in range(size)] + [" " * size + "app.state.pool = 1"])


def nested(opening: str, closing: str) -> Callable[[int], Files]:
    return lambda size: service([f"app.state.pool = {opening * size}1{closing * size}"])


def chained(link: str) -> Callable[[int], Files]:
    return lambda size: service([f"found = app{link * size}", "app.state.pool = found"])


def branches(size: int) -> Files:
    flags = [f'if os.environ.get("FLAG_{n}"):' for n in range(size)]
    return service([line for n in range(size) for line in (flags[n], f"    app.state.pool = {n}")])


def alternatives(size: int) -> Files:
    heads = ["if f == 0:", *(f"elif f == {n}:" for n in range(1, size))]
    return service([line for n in range(size) for line in (heads[n], f"    app.state.pool = {n}")])


def attempts(size: int) -> Files:
    one = ("try:", "    app.state.pool = f()", "except Exception:", "    pass")
    return service([line for _ in range(size) for line in one])


def cycle(size: int) -> Files:
    return service(
        ["app.state.pool = 1", "step_0(app)"], functions([f"step_{(n + 1) % size}(app)" for n in range(size)])
    )


def knot(size: int) -> Files:
    calls = [f"step_{(n + 1) % size}(app), step_{(n * 7 + 3) % size}(app)" for n in range(size)]
    return service(["app.state.pool = 1", "step_0(app)"], functions(calls))


def calls_in_a_row(size: int) -> Files:
    steps = functions([*(f"step_{n + 1}(app)" for n in range(size)), "app.state.pool = 1"])
    return service(["step_0(app)"], steps)


def aliases(first: str, last: str) -> Callable[[int], Files]:
    def made(size: int) -> Files:
        moves = [f"a{n + 1} = a{n}" for n in range(size)]
        return service([f"a0 = {first}", *moves, f"a{size}{last} = 1"])

    return made


def aliases_of_a_function(size: int) -> Files:
    moves = "".join(f"a{n + 1} = a{n}\n" for n in range(size))
    return service([f"a{size}(app)"], f"def a0(app):\n    app.state.pool = 1\n\n\n{moves}")


def aliases_through_modules(size: int) -> Files:
    links = {f"m{n}.py": f"from m{n + 1} import fill\n" for n in range(size)}
    last = {f"m{size}.py": "def fill(app):\n    app.state.pool = 1\n"}
    return {**service(["fill(app)"], "from m0 import fill\n"), **links, **last}


def classes(size: int) -> Files:
    bases = "".join(f"class C{n + 1}(C{n}):\n    pass\n\n\n" for n in range(size))
    return service([f"app.state.pool = C{size}()"], f"class C0:\n    pass\n\n\n{bases}")


def modules(size: int) -> Files:
    others = {f"pkg/m{n}.py": f"def work_{n}(app):\n    return app.state.pool\n" for n in range(size)}
    return {**service(["app.state.pool = 1"]), "pkg/__init__.py": "", **others}


def modules_that_call(size: int) -> Files:
    """Return rows of a hundred modules, each of which calls the next."""
    rows = range(0, size, 100)
    found = service([f"m{n}.fill(app)" for n in rows], "".join(f"from pkg import m{n}\n" for n in rows))
    for n in range(size):
        ends = n % 100 == 99 or n == size - 1
        text = "def fill(app):\n    app.state.pool = 1\n"
        found[f"pkg/m{n}.py"] = text if ends else f"from pkg import m{n + 1}\n\n\n{text}    m{n + 1}.fill(app)\n"
    return {**found, "pkg/__init__.py": ""}


def routers(size: int) -> Files:
    takes = "".join(f"\nfrom r{n} import router as r{n}\napp.include_router(r{n})\n" for n in range(size))
    text = "from fastapi import APIRouter, Request\n\nrouter = APIRouter()\n\n\n"
    text += "@router.get('/x')\ndef show(request: Request):\n    return request.app.state.pool\n"
    return {**service(["app.state.pool = 1"], after=takes), **{f"r{n}.py": text for n in range(size)}}


def applications(size: int) -> Files:
    return {f"app_{n}.py": service(["app.state.pool = 1"])["main.py"] for n in range(size)}


def clients(size: int) -> Files:
    text = "from fastapi.testclient import TestClient\nfrom main import app\n\n\n"
    text += "def test_it():\n    TestClient(app).get('/')\n"
    return {**service(["app.state.pool = 1"]), **{f"tests/test_{n}.py": text for n in range(size)}}


def readers(size: int) -> Files:
    """Return many routes that read one component through a helper."""
    helper = "def pool_of(app):\n    if hasattr(app.state, 'pool'):\n        print(app.state.pool)\n\n\n"
    routes = "".join(route(n, "pool_of(request.app)") for n in range(size))
    return service(["app.state.pool = 1", "pool_of(app)"], helper, routes)


def requests_of_requests(size: int) -> Files:
    """Return a circle of tasks, each of which makes a request from that of the task before."""
    start = "\n\n@app.get('/start')\nasync def start(request: Request):\n    await step_0(request)\n"
    steps = "".join(
        f"\n\nasync def step_{n}(request):\n"
        "    child = Request({'type': 'http', 'app': request.app})\n"
        "    child.state.depth = request.app.state.pool\n"
        f"    asyncio.create_task(step_{(n + 1) % size}(child))\n"
        f"    asyncio.create_task(step_{(n * 7 + 3) % size}(child))\n"
        for n in range(size)
    )
    return service(["app.state.pool = 1"], "import asyncio\n", start + steps)


# ---------------------------------------------------------------- many components


def components(size: int) -> Files:
    return service(["app.state.pool = 1", *(f"app.state.c{n} = {n}" for n in range(size))])


def components_and_routes(size: int) -> Files:
    routes = "".join(route(n, f"return request.app.state.c{n}") for n in range(size))
    return service([*(f"app.state.c{n} = {n}" for n in range(size)), "app.state.pool = 1"], after=routes)


def components_and_a_helper(size: int) -> Files:
    """Return many components, and a helper that is called wherever one of them is set or read."""
    helper = "def log(app):\n    if hasattr(app.state, 'pool'):\n        print(app.state.pool)\n\n\n"
    start = [line for n in range(size) for line in (f"app.state.c{n} = {n}", "log(app)")]
    routes = "".join(route(n, f"return log(request.app), request.app.state.c{n}") for n in range(size))
    return service(["app.state.pool = 1", *start], helper, routes)


def branches_of_components(size: int) -> Files:
    flags = [f'if os.environ.get("FLAG_{n}"):' for n in range(size)]
    return service([line for n in range(size) for line in (flags[n], f"    app.state.c{n} = app.state.pool = {n}")])


def cycle_of_components(size: int) -> Files:
    calls = [f"app.state.c{n} = 1; step_{(n + 1) % size}(app)" for n in range(size)]
    return service(["app.state.pool = 1", "step_0(app)"], functions(calls))


class Shape(NamedTuple):
    """A shape: what makes its programs, the sizes of each run, and those of the long one."""

    make: Callable[[int], Files]
    sizes: tuple[int, int]
    large: tuple[int, int]


SHAPES = {
    "parentheses": Shape(nested("(", ")"), (20, 80), (20, 90)),
    "lists": Shape(nested("[", "]"), (20, 80), (20, 90)),
    "calls": Shape(nested("f(", ")"), (20, 80), (20, 90)),
    "if": Shape(blocks("if f():"), (10, 40), (10, 90)),
    "for": Shape(blocks("for x in f():"), (5, 18), (5, 18)),
    "with": Shape(blocks("with f():"), (5, 18), (5, 18)),
    "attributes": Shape(chained(".a"), (100, 400), (100, 1_600)),
    "chained calls": Shape(chained(".f()"), (50, 200), (50, 400)),
    "branches": Shape(branches, (10, 60), (10, 600)),
    "alternatives": Shape(alternatives, (10, 60), (10, 300)),
    "attempts": Shape(attempts, (10, 60), (10, 600)),
    "cycle": Shape(cycle, (10, 100), (10, 1_000)),
    "knot": Shape(knot, (10, 100), (10, 1_000)),
    "calls in a row": Shape(calls_in_a_row, (10, 40), (10, 140)),
    "aliases": Shape(aliases("app", ".state.pool"), (10, 100), (10, 1_000)),
    "aliases of the state": Shape(aliases("app.state", ".pool"), (10, 100), (10, 1_000)),
    "aliases of a function": Shape(aliases_of_a_function, (5, 25), (5, 28)),
    "aliases through modules": Shape(aliases_through_modules, (5, 35), (5, 39)),
    "classes": Shape(classes, (10, 60), (10, 600)),
    "modules": Shape(modules, (20, 80), (500, 5_000)),
    "modules that call": Shape(modules_that_call, (100, 400), (500, 5_000)),
    "routers": Shape(routers, (20, 80), (100, 1_000)),
    "applications": Shape(applications, (10, 40), (100, 1_000)),
    "clients": Shape(clients, (10, 40), (100, 1_000)),
    "readers": Shape(readers, (20, 80), (100, 1_000)),
    "requests of requests": Shape(requests_of_requests, (10, 40), (10, 100)),
    "components": Shape(components, (100, 400), (100, 10_000)),
    "components and routes": Shape(components_and_routes, (50, 200), (100, 3_000)),
    "components and a helper": Shape(components_and_a_helper, (50, 200), (100, 1_000)),
    "branches of components": Shape(branches_of_components, (60, 200), (60, 600)),
}
WORSE = {"cycle of components": Shape(cycle_of_components, (10, 100), (10, 1_000))}
"""Of each function of a circle is remembered what it and those that it calls do to each component: with the square of
the functions, if each sets one of its own. Known to be too much."""


def analyzed(folder: Path, files: Files) -> tuple[Report, int]:
    """Return what is found in a project of these files, and how many calls of Python functions that took."""
    folder.mkdir()
    (folder / "appstate-lint.toml").touch()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    calls = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal calls
        calls += event == "call"

    settings = config.load(folder, None)
    threading.setprofile(count)
    sys.setprofile(count)
    try:
        report = engine.analyze(folder, settings)
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return report, calls


def exponent(folder: Path, make: Callable[[int], Files], sizes: tuple[int, int]) -> float:
    """Return to which power of the size the work grows; both programs have an application and can be parsed."""
    counts = []
    for size in sizes:
        report, calls = analyzed(folder / str(size), make(size))
        assert report.applications and not report.coverage.files.unparsable
        counts.append(calls)
    return math.log(counts[1] / counts[0]) / math.log(sizes[1] / sizes[0])


@pytest.mark.parametrize("name", SHAPES)
def test_work_grows_with_the_code(name: str, tmp_path: Path) -> None:
    assert exponent(tmp_path, SHAPES[name].make, SHAPES[name].sizes) <= MOST


@pytest.mark.whole
@pytest.mark.parametrize("name", SHAPES)
def test_work_grows_with_much_code(name: str, tmp_path: Path) -> None:
    assert exponent(tmp_path, SHAPES[name].make, SHAPES[name].large) <= MOST


@pytest.mark.xfail(strict=True, reason="each function of the circle is remembered with all components")
@pytest.mark.parametrize("name", WORSE)
def test_work_grows_with_the_components(name: str, tmp_path: Path) -> None:
    assert exponent(tmp_path, WORSE[name].make, WORSE[name].sizes) <= MOST
