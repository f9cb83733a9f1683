"""What really happens is in the report: small applications run under the real test client, their state recorded.

Every application is imported and served in one process of its own, started with this file as script, which notes
each touch of an application's state: component, kind, line, phase, and what was there. The report on the same files
must know every one of them.
"""

from __future__ import annotations

import builtins
import dataclasses
import importlib
import json
import subprocess
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from recording import Recorder, Touch, importable, watch
from starlette.testclient import TestClient

from appstate_lint import engine
from appstate_lint.config import Settings
from appstate_lint.model import Access, Kind, Report

NOBODY_WRITES = {f"appstate-{rule}" for rule in ("never-initialized", "default-hides-missing", "only-tests-write")}
TOO_EARLY = {"appstate-read-before-init", "appstate-missing-in-application"}
KINDS = {"get": {Kind.READ, Kind.GUARD}, "set": {Kind.WRITE}, "delete": {Kind.DELETE}}


@dataclasses.dataclass(frozen=True)
class Shape:
    """An application: its files, what starts it (``module:name``, with ``()`` if called), and what it is asked.

    ``happens`` says, a word each as ``phase:kind:component``, what a run must show: without it nothing would be tested.
    """

    files: dict[str, str]
    start: str
    paths: tuple[str, ...]
    happens: str


SHAPES: dict[str, Shape] = {}


def shape(name: str, start: str, paths: str, happens: str, **files: str) -> None:
    """Add an application; in the names of files ``__`` is a slash and ``INIT`` is ``__init__``, else empty."""
    texts = {f"{file.replace('__', '/').replace('INIT', '__init__')}.py": text for file, text in files.items()}
    packages = {f"{file.rpartition('/')[0]}/__init__.py": "" for file in texts if "/" in file}
    SHAPES[name] = Shape(packages | texts, start, tuple(paths.split()), happens)


# The applications, one a way to start up

shape(
    "lifespan",
    "service:app",
    "/rows /rows",
    "build:set:title startup:set:db startup:get:db serving:get:db serving:get:title shutdown:get:db shutdown:delete:db",
    service="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


class Database:
    def rows(self):
        return [1, 2]


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.db = Database()
    app.state.count = len(app.state.db.rows())
    yield
    print(app.state.db)
    del app.state.db


app = FastAPI(lifespan=lifespan)
app.state.title = "rows"


@app.get("/rows")
async def rows(request: Request):
    found = request.app.state.db.rows()
    return {request.app.state.title: found}
""",
)

shape(
    "nested_lifespan_in_factory",
    "shop.main:create_app()",
    "/price",
    "startup:set:prices build:set:settings startup:get:settings serving:get:prices",
    shop__main="""
from contextlib import asynccontextmanager

from fastapi import FastAPI

from shop.routes import router


def create_app(scale: int = 2) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app):
        app.state.prices = {"tea": 3 * scale, "unit": app.state.settings["unit"]}
        try:
            yield
        finally:
            app.state.prices = None

    app = FastAPI(lifespan=lifespan)
    app.state.settings = {"unit": "EUR"}
    app.include_router(router)
    return app
""",
    shop__routes="""
from fastapi import APIRouter, Request

router = APIRouter()


@router.get("/price")
def price(request: Request):
    state = request.app.state
    return state.prices["tea"]
""",
)

shape(
    "events_in_factory",
    "events:create_app()",
    "/jobs",
    "startup:set:jobs startup:get:jobs startup:set:size serving:get:jobs serving:get:size shutdown:get:jobs",
    events="""
from fastapi import FastAPI, Request


def create_app():
    app = FastAPI()

    @app.on_event("startup")
    async def load():
        app.state.jobs = ["a", "b"]

    @app.on_event("startup")
    def measure():
        app.state.size = len(app.state.jobs)

    @app.on_event("shutdown")
    async def leave():
        app.state.jobs.clear()

    @app.get("/jobs")
    async def jobs(request: Request):
        return {"jobs": app.state.jobs, "size": request.app.state.size}

    return app
""",
)

shape(
    "startup_list",
    "listed:app",
    "/",
    "startup:set:cache startup:get:cache startup:set:ready serving:get:ready shutdown:get:cache",
    listed="""
from fastapi import FastAPI, Request


async def open_cache():
    app.state.cache = {}


def warm_cache():
    app.state.cache["a"] = 1
    app.state.ready = True


async def close_cache():
    app.state.cache.clear()


def show(request: Request):
    return request.app.state.ready


app = FastAPI(on_startup=[open_cache, warm_cache], on_shutdown=[close_cache])
app.add_api_route("/", show)
""",
)

shape(
    "merged_lifespans",
    "merged.app:app",
    "/",
    "startup:set:pool startup:get:pool startup:set:queue serving:get:queue shutdown:delete:pool",
    merged__storage="""
from contextlib import asynccontextmanager


@asynccontextmanager
async def storage(app):
    app.state.pool = ["connection"]
    yield
    del app.state.pool
""",
    merged__queue="""
from contextlib import asynccontextmanager


@asynccontextmanager
async def queue(app):
    app.state.queue = list(app.state.pool)
    yield
    app.state.queue.clear()
""",
    merged__app="""
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from merged.queue import queue
from merged.storage import storage


@asynccontextmanager
async def lifespan(app):
    async with storage(app), queue(app):
        yield


async def show(request):
    return JSONResponse(request.app.state.queue)


app = Starlette(routes=[Route("/", show)], lifespan=lifespan)
""",
)

shape(
    "exit_stack",
    "stacked:app",
    "/",
    "startup:set:client startup:get:client startup:set:session serving:get:session shutdown:get:client",
    stacked="""
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI, Request


@asynccontextmanager
async def client(app):
    app.state.client = {"open": True}
    try:
        yield app.state.client
    finally:
        app.state.client["open"] = False


async def forget(app):
    app.state.session = None


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with AsyncExitStack() as stack:
        found = await stack.enter_async_context(client(app))
        app.state.session = [found]
        stack.push_async_callback(forget, app)
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def show(request: Request):
    return len(request.app.state.session)
""",
)

shape(
    "orchestrator",
    "boot.main:app",
    "/",
    "startup:set:store startup:get:store startup:set:index serving:get:index shutdown:get:index",
    boot__steps="""
class Boot:
    def __init__(self, app):
        self.app = app
        self.state = app.state

    async def run(self):
        await self._phase_1_store()
        await self._phase_2_index()

    async def _phase_1_store(self):
        self.app.state.store = {"a": 1}

    async def _phase_2_index(self):
        self.state.index = sorted(self.state.store)

    async def stop(self):
        self.state.index.clear()
""",
    boot__main="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from boot.steps import Boot


@asynccontextmanager
async def lifespan(app):
    boot = Boot(app)
    await boot.run()
    yield
    await boot.stop()


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def show(request: Request):
    return request.app.state.index
""",
)

shape(
    "services_copied",
    "copied:app",
    "/",
    "startup:set:mailer startup:set:clock serving:get:mailer serving:get:clock",
    copied="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


async def make_services():
    services = {"mailer": ["mail"], "clock": 12}
    return services


@asynccontextmanager
async def lifespan(app):
    services = await make_services()
    for name, service in services.items():
        setattr(app.state, name, service)
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
def show(request: Request):
    state = request.app.state
    first = state.mailer
    return [first, getattr(state, "clock")]
""",
)

shape(
    "lazy_in_route",
    "lazy:app",
    "/ / /other /other",
    "serving:get:model serving:set:model serving:get:other serving:set:other",
    lazy="""
from starlette.applications import Starlette
from starlette.responses import JSONResponse


async def show(request):
    state = request.app.state
    if not hasattr(state, "model"):
        state.model = [1, 2]
    return JSONResponse(state.model)


async def other(request):
    found = getattr(request.app.state, "other", None)
    if found is None:
        found = {"a": 1}
        request.app.state.other = found
    return JSONResponse(found)


app = Starlette()
app.add_route("/", show)
app.add_route("/other", other)
""",
)

shape(
    "middleware",
    "guarded:app",
    "/ /",
    "build:set:limit build:get:limit startup:set:hits serving:get:hits serving:set:hits",
    guarded="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.middleware.base import BaseHTTPMiddleware


class Limiter(BaseHTTPMiddleware):
    def __init__(self, app, owner):
        super().__init__(app)
        self.limit = owner.state.limit

    async def dispatch(self, request, call_next):
        request.app.state.hits += 1
        response = await call_next(request)
        response.headers["hits"] = str(request.app.state.hits)
        return response


@asynccontextmanager
async def lifespan(app):
    app.state.hits = 0
    yield


app = FastAPI(lifespan=lifespan)
app.state.limit = 10
app.add_middleware(Limiter, owner=app)


@app.get("/")
async def show(request: Request):
    return request.app.state.hits
""",
)

shape(
    "task_awaited",
    "awaited:app",
    "/",
    "startup:set:rates startup:get:rates serving:get:rates",
    awaited="""
import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


async def fetch(app):
    await asyncio.sleep(0)
    app.state.rates = {"EUR": 1}


@asynccontextmanager
async def lifespan(app):
    task = asyncio.create_task(fetch(app))
    await task
    app.state.names = list(app.state.rates)
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def show(request: Request):
    return request.app.state.rates
""",
)

shape(
    "task_left_running",
    "running:app",
    "/go /seen",
    "startup:set:go serving:get:go serving:set:seen serving:get:seen shutdown:get:task",
    running="""
import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


async def watch(app, go):
    await go.wait()
    app.state.seen = app.state.limit


@asynccontextmanager
async def lifespan(app):
    app.state.go = asyncio.Event()
    app.state.limit = 7
    app.state.task = asyncio.create_task(watch(app, app.state.go))
    await asyncio.sleep(0)
    yield
    app.state.task.cancel()


app = FastAPI(lifespan=lifespan)


@app.get("/go")
async def go(request: Request):
    request.app.state.go.set()
    await request.app.state.task
    return "gone"


@app.get("/seen")
async def seen(request: Request):
    return getattr(request.app.state, "seen", None)
""",
)

shape(
    "dependencies",
    "wired.app:app",
    "/",
    "startup:set:engine serving:get:engine serving:get:users",
    wired__deps="""
from typing import Annotated

from fastapi import Depends, Request


def get_engine(request: Request):
    return request.app.state.engine


def get_session(engine=Depends(get_engine)):
    yield {"engine": engine}


class Users:
    def __init__(self, request: Request, session: dict = Depends(get_session)):
        self.names = request.app.state.users
        self.session = session


Session = Annotated[dict, Depends(get_session)]
""",
    wired__app="""
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from wired.deps import Session, Users


@asynccontextmanager
async def lifespan(app):
    app.state.engine = "engine"
    app.state.users = ["ada"]
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
def show(session: Session, users: Users = Depends()):
    return [session["engine"], users.names]
""",
)

shape(
    "named_by_default",
    "helped.app:app",
    "/",
    "startup:set:ledger serving:get:ledger serving:get:audit",
    helped__lookup="""
def component(state, name="ledger"):
    return getattr(state, name)


def fetch(request, *names):
    state = request.app.state
    return [component(state), *(component(state, name) for name in names)]
""",
    helped__app="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from helped.lookup import fetch


@asynccontextmanager
async def lifespan(app):
    app.state.ledger = [1]
    app.state.audit = [2]
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
def show(request: Request):
    return fetch(request, "audit")
""",
)

shape(
    "main_fills_module_application",
    "served.main:main()",
    "/",
    "build:set:options build:get:options build:set:depth serving:get:depth",
    served__web="""
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/")
def show(request: Request):
    return [app.state.options, request.app.state.depth]
""",
    served__main="""
import uvicorn

from served.web import app


def main():
    app.state.options = {"depth": 3}
    app.state.depth = app.state.options["depth"]
    uvicorn.run(app)


if __name__ == "__main__":
    main()
""",
)

shape(
    "mounted",
    "outer:app",
    "/ /api/items",
    "build:set:items startup:set:name serving:get:items serving:get:name serving:get:missing",
    outer="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(app):
    app.state.name = "outer"
    yield


api = FastAPI()
api.state.items = [1, 2]


@api.get("/items")
def items(request: Request):
    unknown = getattr(request.app.state, "missing", "inner")
    return [unknown, request.app.state.items]


app = FastAPI(lifespan=lifespan)
app.mount("/api", api)


@app.get("/")
def show(request: Request):
    return request.app.state.name
""",
)

shape(
    "conditional",
    "maybe:app",
    "/ /tracer",
    "startup:set:metrics serving:get:metrics serving:get:tracer",
    maybe="""
import os
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

app_settings = {"metrics": True, "tracer": "SHOP_TRACER_OF_TESTS" in os.environ}


@asynccontextmanager
async def lifespan(app):
    if app_settings["metrics"]:
        app.state.metrics = []
    if app_settings["tracer"]:
        app.state.tracer = object()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
def show(request: Request):
    if not hasattr(request.app.state, "metrics"):
        return "off"
    request.app.state.metrics.append(1)
    return request.app.state.metrics


@app.get("/tracer")
def tracer(request: Request):
    try:
        return str(request.app.state.tracer)
    except AttributeError:
        return "none"
""",
)

shape(
    "misspelled",
    "typo:app",
    "/ /guess",
    "startup:set:cluster_manager serving:get:cluster_manger serving:get:cluster",
    typo="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(app):
    app.state.cluster_manager = ["node"]
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
def show(request: Request):
    return request.app.state.cluster_manger


@app.get("/guess")
def guess(request: Request):
    return getattr(request.app.state, "cluster", [])
""",
)

shape(
    "subclass",
    "classy:app",
    "/",
    "build:set:tables startup:get:tables startup:set:rows serving:get:rows",
    classy="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


class Service(FastAPI):
    def __init__(self, **options):
        super().__init__(lifespan=self.live, **options)
        self.state.tables = ["t"]
        self.add_api_route("/", self.show)

    @asynccontextmanager
    async def live(self, app):
        self.state.rows = len(self.state.tables)
        yield

    async def show(self, request: Request):
        return [self.state.rows, request.app.state.tables]


app = Service(title="classy")
""",
)

shape(
    "background",
    "later:app",
    "/",
    "startup:set:log serving:get:log serving:set:last",
    later="""
import functools
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI, Request


def note(app, word):
    app.state.log.append(word)
    app.state.last = word


@asynccontextmanager
async def lifespan(app):
    app.state.log = []
    start = functools.partial(note, app, "start")
    start()
    yield
    note(app, "end")


app = FastAPI(lifespan=lifespan)


@app.get("/")
def show(request: Request, tasks: BackgroundTasks):
    tasks.add_task(note, request.app, "asked")
    return request.app.state.last
""",
)

shape(
    "gathered_and_threads",
    "many:app",
    "/ /",
    "startup:set:one startup:set:two startup:set:three startup:get:one startup:set:four serving:get:four",
    many="""
import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool


async def first(state):
    state.one = 1


async def second(state):
    await asyncio.sleep(0)
    state.two = 2


def third(state, value):
    state.three = value


def fourth(state):
    state.four = state.one + state.two + state.three


@asynccontextmanager
async def lifespan(app):
    await asyncio.gather(first(app.state), second(app.state))
    await run_in_threadpool(third, app.state, 3)
    await asyncio.to_thread(fourth, app.state)
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def show(request: Request):
    total = await asyncio.to_thread(lambda: request.app.state.four)
    return total + request.app.state.three
""",
)

shape(
    "pure_asgi_and_handlers",
    "raw:app",
    "/ /broken",
    "startup:set:names startup:set:failures serving:get:names serving:get:failures serving:set:failures",
    raw="""
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route


class Named:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            scope["app"].state.names.append(scope["path"])
        await self.app(scope, receive, send)


async def on_error(request, error):
    request.app.state.failures = request.app.state.failures + 1
    return JSONResponse(str(error), status_code=400)


class Show(HTTPEndpoint):
    async def get(self, request):
        return JSONResponse(request.app.state.names)


async def broken(request):
    raise ValueError("broken")


@asynccontextmanager
async def lifespan(app):
    app.state.names = []
    app.state.failures = 0
    yield


app = Starlette(
    routes=[Route("/", Show), Mount("/", routes=[Route("/broken", broken)])],
    middleware=[Middleware(Named)],
    exception_handlers={ValueError: on_error},
    lifespan=lifespan,
)
""",
)

shape(
    "routers_with_lifespans",
    "routed.app:app",
    "/books",
    "startup:set:shelf startup:set:books serving:get:books",
    routed__books="""
from contextlib import asynccontextmanager

from fastapi import APIRouter, Request


@asynccontextmanager
async def lifespan(app):
    app.state.books = [app.state.shelf]
    yield
    app.state.books.clear()


router = APIRouter(lifespan=lifespan)


@router.get("/books")
def books(request: Request):
    return request.app.state.books
""",
    routed__app="""
from contextlib import asynccontextmanager

from fastapi import FastAPI

from routed import books


@asynccontextmanager
async def lifespan(app):
    app.state.shelf = "shelf"
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(books.router)
""",
)

shape(
    "steps_in_a_table",
    "tabled:create()",
    "/",
    "startup:set:config startup:get:config startup:set:disk startup:set:net serving:get:disk serving:get:net",
    tabled="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


def load(app):
    app.state.config = {"disk": 1, "net": 2}


async def connect(app):
    for name in ("disk", "net"):
        setattr(app.state, name, app.state.config[name])


STEPS = [("load", load), ("connect", connect)]


class Runner:
    def __init__(self, steps):
        self.steps = list(steps)
        self.done = []

    async def __call__(self, app):
        for name, step in self.steps:
            result = step(app)
            if result is not None:
                await result
            self.done.append(name)


def create():
    runner = Runner(STEPS)

    @asynccontextmanager
    async def lifespan(app):
        await runner(app)
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    def show(request: Request):
        return [request.app.state.disk, request.app.state.net]

    return app
""",
)

shape(
    "container",
    "boxed.app:app",
    "/",
    "startup:set:box startup:set:repo serving:get:box serving:get:repo",
    boxed__box="""
from dataclasses import dataclass


@dataclass
class Box:
    repo: list
    mail: str

    @classmethod
    async def open(cls):
        return cls(repo=[1], mail="mail")

    def attach(self, app):
        app.state.box = self
        for name in ("repo", "mail"):
            setattr(app.state, name, getattr(self, name))
""",
    boxed__access="""
import functools


def state_of(request):
    return request.app.state


def needs_box(function):
    @functools.wraps(function)
    async def wrapper(request, *args, **kwargs):
        if getattr(request.app.state, "box", None) is None:
            return None
        return await function(request, *args, **kwargs)

    return wrapper
""",
    boxed__app="""
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from boxed.access import needs_box, state_of
from boxed.box import Box


@asynccontextmanager
async def lifespan(app):
    box = await Box.open()
    box.attach(app)
    yield


@needs_box
async def show(request):
    if (repo := state_of(request).repo) and (mail := state_of(request).mail):
        return JSONResponse([repo, mail])
    return JSONResponse(None)


app = Starlette(routes=[Route("/", show)], lifespan=lifespan)
""",
)

shape(
    "retries_and_failures",
    "tried:app",
    "/",
    "startup:set:link startup:set:attempts startup:set:fallback serving:get:link serving:get:extra",
    tried="""
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI, Request


class Link:
    tries = 0

    @classmethod
    def connect(cls):
        cls.tries += 1
        if cls.tries < 3:
            raise OSError("not yet")
        return cls()


def extra():
    raise ImportError("no extra")


@asynccontextmanager
async def lifespan(app):
    app.state.link = None
    app.state.attempts = 0
    while app.state.link is None:
        try:
            app.state.link = Link.connect()
        except OSError:
            app.state.attempts += 1
    try:
        app.state.extra = extra()
    except ImportError:
        app.state.fallback = True
    with suppress(AttributeError):
        app.state.copy = app.state.extra
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
def show(request: Request):
    state = request.app.state
    match getattr(state, "extra", None):
        case None:
            return [state.fallback, state.link is not None, state.attempts]
        case found:
            return found
""",
)

shape(
    "callable_dependency",
    "called:app",
    "/",
    "startup:set:keys serving:get:keys serving:get:role",
    called="""
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.requests import HTTPConnection


class Allowed:
    def __init__(self, role):
        self.role = role

    async def __call__(self, connection: HTTPConnection):
        return self.role in connection.app.state.keys


def role(request: Request):
    try:
        return request.app.state.role
    except AttributeError:
        request.app.state.role = "user"
        return "user"


router = APIRouter(dependencies=[Depends(role)])


@router.get("/")
async def show(allowed: bool = Depends(Allowed("user"))):
    return allowed


@asynccontextmanager
async def lifespan(app):
    app.state.keys = {"user"}
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(router)
""",
)

shape(
    "global_application",
    "globe.main:app",
    "/ /",
    "startup:set:total startup:get:total serving:set:total serving:get:total",
    globe__current="""
_app = None


def set_app(app):
    global _app
    _app = app


def get_app():
    if _app is None:
        raise RuntimeError("no application")
    return _app
""",
    globe__work="""
from globe.current import get_app


class Counter:
    @property
    def state(self):
        return get_app().state

    def add(self):
        self.state.total += 1
        return self.state.total


counter = Counter()
""",
    globe__main="""
from contextlib import asynccontextmanager

from fastapi import FastAPI

from globe.current import get_app, set_app
from globe.work import counter


@asynccontextmanager
async def lifespan(app):
    set_app(app)
    get_app().state.total = 0
    counter.add()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
def show():
    return counter.add()
""",
)

shape(
    "lifespan_is_a_class",
    "its:app",
    "/",
    "startup:set:a serving:get:a shutdown:delete:a",
    its="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


class Live:
    def __init__(self, app):
        self.app = app

    async def __aenter__(self):
        self.app.state.a = 1

    async def __aexit__(self, *args):
        del self.app.state.a


app = FastAPI(lifespan=Live)


@app.get("/")
def show(request: Request):
    return request.app.state.a
""",
)

shape(
    "every_assignment",
    "asg:app",
    "/ ws:/ws",
    "startup:set:x startup:set:b startup:set:d startup:set:file startup:set:i startup:set:beta startup:set:part "
    "startup:set:l2 serving:get:z serving:get:c shutdown:delete:b",
    asg="""
import functools
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, WebSocket
from starlette.responses import StreamingResponse

REGISTRY = {}


def register(name):
    def inner(make):
        REGISTRY[name] = make
        return make
    return inner


@register("alpha")
def alpha():
    return 1


@register("beta")
def beta():
    return 2


@asynccontextmanager
async def opened():
    yield "file"


@asynccontextmanager
async def lifespan(app):
    app.state.x: int = 3
    app.state.a, app.state.b = 1, 2
    [app.state.c, *app.state.d] = [1, 2, 3]
    async with opened() as app.state.file:
        for app.state.i in range(3):
            pass
        for name, make in REGISTRY.items():
            setattr(app.state, name, make())
        functools.partial(setattr, app.state, "part")(1)
        [setattr(app.state, n, 1) for n in ("l1", "l2")]
        app.state.z = app.state.y = 5
        app.state.lam = lambda: app.state.z
        yield
    del app.state.a, app.state.b


app = FastAPI(lifespan=lifespan)


@app.get("/")
def show(request: Request):
    state = request.app.state
    def stream():
        yield str(state.x)
        yield str(state.lam())
        yield str(state.alpha + state.beta + state.part)
        yield str([state.l1 for _ in (1,)])
        yield f"{state.d} {state.file!r}"
    return StreamingResponse(stream())


@app.websocket("/ws")
async def ws(socket: WebSocket):
    await socket.accept()
    await socket.send_json(socket.app.state.c)
    await socket.close()
""",
)

shape(
    "two_applications_of_a_factory",
    "two:second",
    "/",
    "build:set:extra startup:set:db startup:set:queue serving:set:open serving:get:extra shutdown:delete:db",
    two="""
from contextlib import asynccontextmanager, AsyncExitStack

from fastapi import FastAPI, Request, Depends


def life(name):
    @asynccontextmanager
    async def inner(app):
        setattr(app.state, name, name)
        yield
        delattr(app.state, name)
    return inner


LIVES = [life("db"), life("queue")]


@asynccontextmanager
async def lifespan(app):
    async with AsyncExitStack() as stack:
        for each in LIVES:
            await stack.enter_async_context(each(app))
        yield


async def transaction(request: Request):
    request.app.state.open = True
    yield request.app.state.db
    request.app.state.open = False


def create(extra=None):
    app = FastAPI(lifespan=lifespan)
    if extra:
        app.state.extra = extra

    @app.get("/")
    def show(request: Request, db=Depends(transaction)):
        return [db, request.app.state.queue, getattr(request.app.state, "extra", None)]

    return app


first = create()
second = create(extra="x")
""",
)

shape(
    "names_from_constants",
    "named.app:create()",
    "/ /all",
    "startup:set:mq startup:set:cache startup:set:mailer startup:set:order_service serving:get:order_service "
    "serving:get:nothing",
    named__keys="""
from enum import Enum


class Key(str, Enum):
    DB = "db"
    MQ = "mq"


class Names:
    CACHE = "cache"


TABLE = {"mail": "mailer"}
SERVICES = ("user", "order")
""",
    named__app="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from .keys import SERVICES, TABLE, Key, Names


@asynccontextmanager
async def lifespan(app):
    setattr(app.state, Key.DB.value, 1)
    setattr(app.state, Key.MQ, 2)
    setattr(app.state, Names.CACHE, 3)
    setattr(app.state, TABLE["mail"], 4)
    for name in SERVICES:
        setattr(app.state, f"{name}_service", name)
    yield


def create():
    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    def show(request: Request):
        state = request.app.state
        assert all(hasattr(state, f"{name}_service") for name in SERVICES)
        return [state.db, state.mq, state.cache, state.mailer]

    @app.get("/all")
    def every(request: Request):
        found = {name: getattr(request.app.state, name, None) for name in ("db", "nothing")}
        return found

    return app
""",
)

shape(
    "inherited_phases",
    "inh.app:app",
    "/",
    "startup:set:base startup:get:log startup:set:shop serving:get:ready shutdown:delete:shop shutdown:set:base",
    inh__base="""
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager


class Base(ABC):
    def __init__(self, app):
        self.app = app

    @property
    def state(self):
        return self.app.state

    async def setup(self):
        self.state.base = "base"
        await self.open()

    @abstractmethod
    async def open(self): ...

    async def close(self):
        self.state.base = None

    @asynccontextmanager
    async def running(self):
        await self.setup()
        try:
            yield self
        finally:
            await self.close()


class Logged:
    async def setup(self):
        self.state.log = []
        await super().setup()
""",
    inh__app="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from inh.base import Base, Logged


class Shop(Logged, Base):
    async def open(self):
        self.state.shop = [self.state.base]
        self.state.log.append("shop")

    async def close(self):
        del self.state.shop
        await super().close()


@asynccontextmanager
async def lifespan(app):
    async with Shop(app).running() as shop:
        shop.state.ready = True
        yield


app = FastAPI(lifespan=lifespan)


@app.middleware("http")
async def check(request, call_next):
    assert request.app.state.ready
    return await call_next(request)


@app.get("/")
def show(request: Request):
    return request.scope["app"].state.shop
""",
)

shape(
    "handlers_appended",
    "app2:app",
    "/",
    "startup:set:routed startup:set:late serving:get:routed serving:set:done",
    app2="""
from fastapi import APIRouter, FastAPI, Request
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse

router = APIRouter()


@router.on_event("startup")
async def from_router():
    app.state.routed = 1


async def late():
    app.state.late = 2


async def finish(state):
    state.done = state.late


@router.get("/")
def show(request: Request):
    state = request.app.state
    return JSONResponse([state.routed, state.late], background=BackgroundTask(finish, state))


app = FastAPI()
app.include_router(router)
app.router.on_startup.append(late)
""",
)

shape(
    "plugins",
    "plug.app:app",
    "/",
    "startup:set:first startup:set:second serving:get:third serving:set:asked",
    plug__plugins__INIT="""
from .first import *
from . import second
""",
    plug__plugins__first="""
__all__ = ["setup_first"]


async def setup_first(app):
    app.state.first = 1
""",
    plug__plugins__second="""
def setup(app):
    app.state.second = app.state.first + 1
""",
    plug__app="""
import importlib
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from plug import plugins


@asynccontextmanager
async def lifespan(app):
    await plugins.setup_first(app)
    for name in ("second",):
        module = importlib.import_module(f"plug.plugins.{name}")
        module.setup(app)
    from .plugins.first import setup_first as again
    await again(app)
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
def show(request: Request):
    try:
        return request.app.state.third
    except AttributeError:
        found = request.app.state.second
    else:
        found = request.app.state.first
    finally:
        request.app.state.asked = True
    return found
""",
)

shape(
    "endpoint_is_a_method",
    "cust:app",
    "/",
    "startup:set:calls startup:get:calls serving:get:db",
    cust="""
from contextlib import asynccontextmanager
from functools import cached_property

from fastapi import APIRouter, FastAPI


class View:
    def __init__(self, app):
        self.app = app

    @cached_property
    def db(self):
        return self.app.state.db

    async def show(self):
        return self.db


@asynccontextmanager
async def lifespan(app):
    app.state.calls = 0
    app.state.db = 1
    while True:
        if app.state.calls >= 2:
            break
        app.state.calls += 1
    else:
        app.state.never = 1
    yield


app = FastAPI(lifespan=lifespan)
router = APIRouter()
view = View(app)
router.add_api_route("/", view.show)
app.include_router(router)
""",
)

shape(
    "task_left",
    "left:app",
    "/",
    "startup:set:early startup:get:limit startup:set:seen serving:get:seen",
    left="""
import asyncio
from contextlib import asynccontextmanager
from fastapi import FastAPI, Request


async def watch(app):
    app.state.early = True
    app.state.seen = app.state.limit


@asynccontextmanager
async def lifespan(app):
    app.state.limit = 7
    app.state.task = asyncio.create_task(watch(app))
    await asyncio.sleep(0)
    yield
    app.state.task.cancel()


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def go(request: Request):
    return getattr(request.app.state, "seen", None)
""",
)

shape(
    "joined_thread",
    "thr:app",
    "/ /",
    "startup:set:four startup:set:five serving:get:four serving:get:five",
    thr="""
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from fastapi import FastAPI, Request


def fill(state):
    state.four = 4


def five(state):
    state.five = 5


@asynccontextmanager
async def lifespan(app):
    thread = threading.Thread(target=fill, args=(app.state,))
    thread.start()
    thread.join()
    with ThreadPoolExecutor() as pool:
        pool.submit(five, app.state).result()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def show(request: Request):
    return request.app.state.four + request.app.state.five
""",
)

shape(
    "task_group",
    "tg:app",
    "/",
    "startup:set:four startup:set:six serving:get:six",
    tg="""
import asyncio
from contextlib import asynccontextmanager
from fastapi import FastAPI, Request


async def fill(state):
    await asyncio.sleep(0)
    state.four = 4


async def more(state):
    state.six = 6


@asynccontextmanager
async def lifespan(app):
    async with asyncio.TaskGroup() as group:
        group.create_task(fill(app.state))
    tasks = [asyncio.create_task(more(app.state))]
    await asyncio.wait(tasks)
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def show(request: Request):
    return request.app.state.four + request.app.state.six
""",
)

shape(
    "wrapped_endpoint",
    "wrapping:app",
    "/",
    "startup:set:db serving:get:db serving:get:name serving:set:asked",
    wrapping="""
from contextlib import asynccontextmanager
from functools import wraps

from fastapi import Depends, FastAPI, Request


def counted(endpoint):
    @wraps(endpoint)
    async def wrapper(*args, **options):
        app.state.asked = True
        return await endpoint(*args, **options)

    return wrapper


def database(request: Request):
    return request.app.state.db


@asynccontextmanager
async def lifespan(app):
    app.state.db, app.state.name = [1], "shop"
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
@counted
async def show(request: Request, db=Depends(database)):
    return [request.app.state.name, db]
""",
)

shape(
    "wrapped_lifespan",
    "wrap:app",
    "/",
    "startup:set:tracer startup:get:tracer startup:set:db startup:get:db serving:get:tracer",
    wrap="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


def instrument(app):
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def outer(app):
        app.state.tracer = []
        async with inner(app) as given:
            app.state.tracer.append(app.state.db)
            yield given

    app.router.lifespan_context = outer


@asynccontextmanager
async def lifespan(app):
    app.state.db = [app.state.tracer]
    yield {"session": 1}


app = FastAPI(lifespan=lifespan)
instrument(app)


@app.get("/")
def show(request: Request):
    return [request.app.state.tracer is None, request.state.session]
""",
)

shape(
    "wrapped_default_lifespan",
    "instrumented:app",
    "/",
    "startup:set:tracer startup:get:tracer startup:set:db startup:get:db serving:get:db shutdown:get:db",
    instrumented="""
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

app = FastAPI()
inner = app.router.lifespan_context


@asynccontextmanager
async def outer(app):
    app.state.tracer = []
    async with inner(app) as given:
        app.state.tracer.append(app.state.db)
        yield given
    print(app.state.db)


app.router.lifespan_context = outer


@app.on_event("startup")
def open_database():
    app.state.db = [1]


@app.get("/")
def show(request: Request):
    return request.app.state.db
""",
)

shape(
    "custom_route",
    "routes:app",
    "/",
    "startup:set:calls serving:get:calls serving:set:calls serving:get:db",
    routes="""
from contextlib import asynccontextmanager
from functools import lru_cache, cached_property

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute


class Timed(APIRoute):
    def get_route_handler(self):
        inner = super().get_route_handler()

        async def handler(request: Request):
            request.app.state.calls += 1
            return await inner(request)

        return handler


class View:
    def __init__(self, app):
        self.app = app

    @cached_property
    def db(self):
        return self.app.state.db

    async def show(self):
        return self.db


@asynccontextmanager
async def lifespan(app):
    app.state.calls = 0
    app.state.db = 1
    while True:
        if app.state.calls >= 2:
            break
        app.state.calls += 1
    else:
        app.state.never = 1
    yield


app = FastAPI(lifespan=lifespan)
router = APIRouter(route_class=Timed)
view = View(app)
router.add_api_route("/", view.show)
app.include_router(router)
""",
)

shape(
    "sub_middleware",
    "subm:app",
    "/api/items",
    "startup:set:name serving:get:name",
    subm="""
from contextlib import asynccontextmanager
from fastapi import FastAPI, Request


class Named:
    def __init__(self, app, outer):
        self.app = app
        self.name = outer.state.name

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


@asynccontextmanager
async def lifespan(app):
    app.state.name = "outer"
    yield


app = FastAPI(lifespan=lifespan)
api = FastAPI()
api.add_middleware(Named, outer=app)


@api.get("/items")
def items(request: Request):
    return app.state.name


app.mount("/api", api)
""",
)

shape(
    "functions_of_names",
    "getters:app",
    "/",
    "startup:set:db startup:set:cache serving:get:db serving:get:cache",
    getters="""
import operator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(app):
    app.state.db, app.state.cache = [1], [2]
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/")
def show(request: Request):
    found = list(map(lambda name: getattr(request.app.state, name), ["db"]))
    return [found, operator.attrgetter("state.cache")(request.app)]
""",
)


# Running them: what follows happens in the other process


def _serve(recorder: Recorder, app: Any, paths: Iterable[str]) -> None:
    """Start `app`, ask it for each path, stop it."""
    client = TestClient(app, raise_server_exceptions=False)
    recorder.phase = "startup"
    client.__enter__()
    recorder.phase = "serving"
    for path in paths:
        if path.startswith("ws:"):
            with client.websocket_connect(path.removeprefix("ws:")) as socket:
                socket.receive_json()
        else:
            client.get(path)
    recorder.phase = "shutdown"
    client.__exit__(None, None, None)


def _run(recorder: Recorder, root: Path, start: str, paths: list[str]) -> list[Touch]:
    """Import and serve the application of `root`; return what touched its state."""
    recorder.root, recorder.phase, recorder.touches = root, "build", set()
    with _server(lambda app: _serve(recorder, app, paths)), importable(root):
        module, _, name = start.partition(":")
        found = getattr(importlib.import_module(module), name.removesuffix("()"))
        app = found() if name.endswith("()") else found
        if app is not None:
            _serve(recorder, app, paths)
    return sorted(recorder.touches)


@contextmanager
def _server(run: Callable[[object], None]) -> Iterator[None]:
    """Let the test client serve what a program hands to `uvicorn.run`."""
    module: Any = types.ModuleType("uvicorn")
    module.run = run
    sys.modules["uvicorn"] = module
    yield
    del sys.modules["uvicorn"]


def _main(folder: Path) -> None:
    """Run every application below `folder` and print what happened as JSON."""
    recorder = Recorder()
    watch(recorder)
    out, sys.stdout = sys.stdout, sys.stderr
    result = {
        name: [dataclasses.astuple(touch) for touch in _run(recorder, folder / name, each.start, list(each.paths))]
        for name, each in SHAPES.items()
    }
    builtins.print(json.dumps(result), file=out)


# Comparing


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write every application into a folder of its own."""
    folder = tmp_path_factory.mktemp("truth").resolve()
    for name, each in SHAPES.items():
        for file, text in each.files.items():
            path = folder / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.lstrip())
    return folder


@pytest.fixture(scope="session")
def observed(folder: Path) -> dict[str, list[Touch]]:
    """Run them all in one process."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, str(folder)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return {name: [Touch(*touch) for touch in touches] for name, touches in json.loads(done.stdout).items()}


def differences(touches: Iterable[Touch], report: Report) -> list[str]:
    """Return what happened and is not in the report, a sentence each."""
    known: dict[tuple[str, int, str], list[Access]] = {}
    for access in report.accesses:
        known.setdefault((access.file, access.line, access.component), []).append(access)
    return [
        f"{touch}: {problem}"
        for touch in touches
        if (problem := _problem(touch, known.get((touch.file, touch.line, touch.component), [])))
    ]


def _problem(touch: Touch, accesses: Iterable[Access]) -> str:
    """Return what is wrong with the accesses reported where `touch` happened, or nothing."""
    alike = [access for access in accesses if access.kind in KINDS[touch.kind]]
    if not alike:
        return "no such access"
    timely = [access for access in alike if touch.phase in {phase.value for phase in access.phases}]
    if not timely:
        return f"not in that phase, but {[access.phases for access in alike]}"
    if touch.presence and not any(touch.presence in access.presence for access in timely):
        return f"something else there: {[access.presence for access in timely]}"
    return ""


def untrue(touches: Iterable[Touch], report: Report) -> list[str]:
    """Return the findings that say nothing writes what was written, or that a read fails which found something."""
    touches = list(touches)
    written = {touch.component for touch in touches if touch.kind == "set"}
    found = {
        (touch.file, touch.line, touch.component, touch.phase)
        for touch in touches
        if touch.presence in ("NONE", "VALUE")
    }
    return [
        finding.message
        for finding in report.findings
        if (finding.rule in NOBODY_WRITES and finding.component in written)
        or (finding.rule in TOO_EARLY and (finding.file, finding.line, finding.component, finding.phase) in found)
    ]


@pytest.mark.parametrize("name", SHAPES)
def test_what_happens_is_in_the_report(name: str, folder: Path, observed: dict[str, list[Touch]]) -> None:
    touches = observed[name]
    assert set(SHAPES[name].happens.split()) <= {f"{each.phase}:{each.kind}:{each.component}" for each in touches}
    report = engine.analyze(folder / name, Settings())
    assert differences(touches, report) == []
    assert untrue(touches, report) == []


@pytest.mark.parametrize("name", SHAPES)
def test_an_access_missing_from_the_report_is_noticed(
    name: str, folder: Path, observed: dict[str, list[Touch]]
) -> None:
    report = engine.analyze(folder / name, Settings())
    for touch in observed[name]:
        rest = tuple(each for each in report.accesses if (each.line, each.component) != (touch.line, touch.component))
        assert any(
            "no such access" in each for each in differences([touch], msgspec.structs.replace(report, accesses=rest))
        )


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
