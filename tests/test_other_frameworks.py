"""What aiohttp, Litestar, Quart, Flask and Sanic do at start, in service and at the end; the tables say the same."""

import asyncio
import contextlib
import itertools
import os
import subprocess
import sys
import textwrap
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")

Log = list[Any]
Asgi = Callable[[Any, Any, Any], Awaitable[Any]]

_numbers = itertools.count()


def caught(action: Callable[[], Any]) -> type[BaseException] | None:
    try:
        action()
    except Exception as error:
        return type(error)
    return None


def put(target: Any, key: Any, value: Any) -> None:
    target[key] = value


async def lifespan(app: Asgi, log: Log) -> None:
    """Send both lifespan messages, like a server that asks for shutdown whatever start-up answered."""
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> dict[str, str]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        log.append(message["type"].removeprefix("lifespan."))

    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "app": app, "litestar_app": app, "state": {}}
    try:
        await app(scope, receive, send)
    except Exception as error:
        log.append(type(error).__name__)


# aiohttp


def aiohttp_hook(log: Log, name: str, fail: bool = False) -> Callable[[Any], Awaitable[None]]:
    async def hook(app: Any) -> None:
        log.append(name)
        if fail:
            raise ValueError(name)

    return hook


def aiohttp_context(log: Log, name: str, fail: bool = False) -> Callable[[Any], AsyncIterator[None]]:
    async def context(app: Any) -> AsyncIterator[None]:
        log.append(f"{name}+")
        if fail:
            raise ValueError(name)
        yield
        log.append(f"{name}-")

    return context


def aiohttp_fill(app: Any, log: Log, prefix: str, fail: str = "") -> None:
    app.on_startup.append(aiohttp_hook(log, f"{prefix}start1", fail == "start1"))
    app.cleanup_ctx.append(aiohttp_context(log, f"{prefix}ctx1", fail == "ctx1"))
    app.on_startup.append(aiohttp_hook(log, f"{prefix}start2", fail == "start2"))
    app.cleanup_ctx.append(aiohttp_context(log, f"{prefix}ctx2", fail == "ctx2"))
    app.on_shutdown.append(aiohttp_hook(log, f"{prefix}shutdown", fail == "shutdown"))
    app.on_cleanup.append(aiohttp_hook(log, f"{prefix}cleanup"))


async def aiohttp_run(app: Any, log: Log) -> None:
    from aiohttp import web

    runner = web.AppRunner(app)
    try:
        await runner.setup()
    except ValueError:
        log.append("failed")
    else:
        log.append("serving")
    with contextlib.suppress(ValueError):
        await runner.cleanup()


def test_aiohttp_cleanup_contexts_start_before_startup_hooks_and_stop_before_cleanup_hooks() -> None:
    web = pytest.importorskip("aiohttp.web")
    log: Log = []
    app = web.Application()
    aiohttp_fill(app, log, "")
    asyncio.run(aiohttp_run(app, log))
    assert log == ["ctx1+", "ctx2+", "start1", "start2", "serving", "shutdown", "ctx2-", "ctx1-", "cleanup"]


def test_aiohttp_hook_inserted_at_front_precedes_cleanup_contexts() -> None:
    web = pytest.importorskip("aiohttp.web")
    log: Log = []
    app = web.Application()
    app.cleanup_ctx.append(aiohttp_context(log, "ctx"))
    app.on_startup.insert(0, aiohttp_hook(log, "first"))
    asyncio.run(aiohttp_run(app, log))
    assert log == ["first", "ctx+", "serving", "ctx-"]


@pytest.mark.parametrize("parent_first", [True, False])
def test_aiohttp_sub_application_starts_at_the_place_of_add_subapp_in_on_startup(parent_first: bool) -> None:
    web = pytest.importorskip("aiohttp.web")
    log: Log = []
    root, sub, deep = web.Application(), web.Application(), web.Application()
    root.cleanup_ctx.append(aiohttp_context(log, "ctx"))
    sub.on_startup.append(aiohttp_hook(log, "sub"))
    sub.cleanup_ctx.append(aiohttp_context(log, "sub.ctx"))
    deep.on_startup.append(aiohttp_hook(log, "deep"))
    sub.add_subapp("/deep", deep)
    if parent_first:
        root.on_startup.append(aiohttp_hook(log, "start"))
    root.add_subapp("/sub", sub)
    if not parent_first:
        root.on_startup.append(aiohttp_hook(log, "start"))
    asyncio.run(aiohttp_run(root, log))
    nested = ["sub.ctx+", "sub", "deep"]
    expected = ["start", *nested] if parent_first else [*nested, "start"]
    assert log == ["ctx+", *expected, "serving", "ctx-", "sub.ctx-"]


def test_aiohttp_cleanup_context_of_parent_starts_before_sub_application_even_if_added_later() -> None:
    web = pytest.importorskip("aiohttp.web")
    log: Log = []
    root, sub = web.Application(), web.Application()
    sub.on_startup.append(aiohttp_hook(log, "sub"))
    root.add_subapp("/sub", sub)
    root.cleanup_ctx.append(aiohttp_context(log, "ctx"))
    asyncio.run(aiohttp_run(root, log))
    assert log == ["ctx+", "sub", "serving", "ctx-"]


def test_aiohttp_sub_application_added_twice_starts_twice() -> None:
    web = pytest.importorskip("aiohttp.web")
    log: Log = []
    root, sub = web.Application(), web.Application()
    sub.on_startup.append(aiohttp_hook(log, "sub"))
    root.add_subapp("/a", sub)
    root.add_subapp("/b", sub)
    asyncio.run(aiohttp_run(root, log))
    assert log == ["sub", "sub", "serving"]


def test_aiohttp_hooks_of_sub_application_get_the_sub_application() -> None:
    web = pytest.importorskip("aiohttp.web")
    log: Log = []
    root, sub = web.Application(), web.Application()

    async def start(app: Any) -> None:
        log.append((app is sub, app.get("key")))

    sub.on_startup.append(start)
    root["key"] = 1
    root.add_subapp("/sub", sub)
    asyncio.run(aiohttp_run(root, log))
    assert log[0] == (True, None)


@pytest.mark.parametrize(
    ("fail", "expected"),
    [
        ("start1", ["ctx1+", "ctx2+", "start1", "failed", "ctx2-", "ctx1-"]),
        ("start2", ["ctx1+", "ctx2+", "start1", "start2", "failed", "ctx2-", "ctx1-"]),
        ("ctx2", ["ctx1+", "ctx2+", "failed", "ctx1-"]),
        ("shutdown", ["ctx1+", "ctx2+", "start1", "start2", "serving", "shutdown"]),
    ],
)
def test_aiohttp_runner_cleanup_after_failure(fail: str, expected: Log) -> None:
    web = pytest.importorskip("aiohttp.web")
    log: Log = []
    app = web.Application()
    aiohttp_fill(app, log, "", fail)
    asyncio.run(aiohttp_run(app, log))
    assert log == expected


def test_aiohttp_entered_contexts_of_sub_application_are_not_left_after_failed_start() -> None:
    web = pytest.importorskip("aiohttp.web")
    log: Log = []
    root, sub = web.Application(), web.Application()
    root.cleanup_ctx.append(aiohttp_context(log, "ctx"))
    sub.cleanup_ctx.append(aiohttp_context(log, "sub.ctx"))
    sub.on_startup.append(aiohttp_hook(log, "sub", fail=True))
    root.add_subapp("/sub", sub)
    asyncio.run(aiohttp_run(root, log))
    assert log == ["ctx+", "sub.ctx+", "sub", "failed", "ctx-"]


def test_aiohttp_run_app_cleans_nothing_up_after_failed_start_but_closes_generators() -> None:
    web = pytest.importorskip("aiohttp.web")
    log: Log = []

    async def guarded(app: Any) -> AsyncIterator[None]:
        try:
            yield
            log.append("after yield")
        finally:
            log.append("finally")

    app = web.Application()
    app.cleanup_ctx.append(guarded)
    aiohttp_fill(app, log, "", "start1")
    with pytest.raises(ValueError):
        web.run_app(app, host="127.0.0.1", port=0, print=None)
    assert log == ["ctx1+", "ctx2+", "start1", "finally"]


def test_aiohttp_run_app_accepts_coroutine_but_not_factory_function() -> None:
    web = pytest.importorskip("aiohttp.web")
    log: Log = []

    async def stop(app: Any) -> None:
        log.append("start")
        raise web.GracefulExit

    async def factory() -> Any:
        app = web.Application()
        app.on_startup.append(stop)
        return app

    def plain_factory() -> Any:
        return web.Application()

    web.run_app(factory(), host="127.0.0.1", port=0, print=None)
    assert log == ["start"]
    with pytest.raises(TypeError):
        web.run_app(plain_factory, host="127.0.0.1", port=0, print=None)


def test_aiohttp_no_request_is_accepted_during_startup_or_on_shutdown() -> None:
    aiohttp = pytest.importorskip("aiohttp")
    from aiohttp import web

    log: Log = []

    async def main() -> None:
        app = web.Application()
        runner = web.AppRunner(app)

        async def start(app: Any) -> None:
            log.append((runner.server is None, len(runner.sites)))

        async def shutdown(app: Any) -> None:
            async with aiohttp.ClientSession() as session:
                with pytest.raises(aiohttp.ClientConnectorError):
                    await session.get(f"http://127.0.0.1:{port}/")
            log.append("refused")

        app.on_startup.append(start)
        app.on_shutdown.append(shutdown)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        await runner.cleanup()

    asyncio.run(main())
    assert log == [(True, 0), "refused"]


def test_aiohttp_synchronous_startup_hook_is_called_and_then_fails() -> None:
    web = pytest.importorskip("aiohttp.web")
    log: Log = []
    app = web.Application()
    app.on_startup.append(lambda app: log.append("called"))

    async def main() -> None:
        runner = web.AppRunner(app)
        with pytest.raises(TypeError):
            await runner.setup()
        await runner.cleanup()

    asyncio.run(main())
    assert log == ["called"]


def test_aiohttp_cleanup_ctx_accepts_generator_function_and_context_manager_function() -> None:
    web = pytest.importorskip("aiohttp.web")
    log: Log = []

    @contextlib.asynccontextmanager
    async def managed(app: Any) -> AsyncIterator[None]:
        log.append("managed+")
        yield
        log.append("managed-")

    app = web.Application()
    app.cleanup_ctx.append(managed)
    app.cleanup_ctx.append(aiohttp_context(log, "plain"))
    asyncio.run(aiohttp_run(app, log))
    assert log == ["managed+", "plain+", "serving", "plain-", "managed-"]


def test_aiohttp_signals_are_decorators_and_append_as_decorator_loses_the_function() -> None:
    web = pytest.importorskip("aiohttp.web")
    log: Log = []
    app = web.Application()

    @app.on_startup
    async def first(app: Any) -> None:
        log.append("first")

    @app.on_startup.append
    async def second(app: Any) -> None:
        log.append("second")

    asyncio.run(aiohttp_run(app, log))
    assert log == ["first", "second", "serving"]
    assert callable(first)
    assert second is None


def test_aiohttp_state_forms_and_missing_key() -> None:
    web = pytest.importorskip("aiohttp.web")
    app = web.Application()
    assert caught(lambda: app["k"]) is KeyError
    assert caught(lambda: app.pop("k")) is KeyError
    assert caught(lambda: app.__delitem__("k")) is KeyError
    assert app.get("k") is None
    assert "k" not in app
    assert app.setdefault("k", 1) == 1
    app.update({"u": 2})
    app.update(v=3)
    assert sorted(app) == ["k", "u", "v"]
    assert app.pop("u") == 2
    del app["v"]
    assert list(app) == ["k"]
    app.attribute = 1
    assert caught(lambda: app.missing) is AttributeError


def test_aiohttp_app_keys_compare_by_identity() -> None:
    web = pytest.importorskip("aiohttp.web")
    app = web.Application()
    first, second = web.AppKey("k", int), web.AppKey("k", int)
    app[first] = 1
    assert first != second
    assert app[first] == 1
    assert caught(lambda: app[second]) is KeyError
    assert caught(lambda: app["k"]) is KeyError


def test_aiohttp_request_app_and_config_dict_in_sub_application() -> None:
    web = pytest.importorskip("aiohttp.web")
    from aiohttp.test_utils import TestClient, TestServer

    seen: dict[str, Any] = {}

    async def main() -> None:
        root, sub = web.Application(), web.Application()
        root["root"], root["both"], sub["both"], sub["sub"] = "root", "root", "sub", "sub"

        async def handler(request: Any) -> Any:
            seen["own app"] = request.app is sub
            seen["root key"] = caught(lambda: request.app["root"])
            seen["config"] = [request.config_dict[key] for key in ("root", "both", "sub")]
            seen["missing"] = caught(lambda: request.config_dict["missing"])
            seen["write"] = caught(lambda: put(request.config_dict, "root", 1))
            seen["request"] = caught(lambda: request["root"])
            return web.Response()

        async def root_handler(request: Any) -> Any:
            seen["parent looks into sub"] = "sub" in request.config_dict
            return web.Response()

        sub.router.add_get("/", handler)
        root.router.add_get("/", root_handler)
        root.add_subapp("/sub", sub)
        async with TestClient(TestServer(root)) as client:
            await client.get("/sub/")
            await client.get("/")

    asyncio.run(main())
    assert seen == {
        "own app": True,
        "root key": KeyError,
        "config": ["root", "sub", "sub"],
        "missing": KeyError,
        "write": TypeError,
        "request": KeyError,
        "parent looks into sub": False,
    }


def test_aiohttp_middleware_of_parent_sees_parent_as_request_app() -> None:
    web = pytest.importorskip("aiohttp.web")
    from aiohttp.test_utils import TestClient, TestServer

    log: Log = []

    async def main() -> None:
        root, sub = web.Application(), web.Application()

        @web.middleware
        async def outer(request: Any, handler: Any) -> Any:
            log.append(request.app is root)
            return await handler(request)

        @web.middleware
        async def inner(request: Any, handler: Any) -> Any:
            log.append(request.app is sub)
            return await handler(request)

        async def handler(request: Any) -> Any:
            return web.Response()

        root.middlewares.append(outer)
        sub.middlewares.append(inner)
        sub.router.add_get("/", handler)
        root.add_subapp("/sub", sub)
        async with TestClient(TestServer(root)) as client:
            await client.get("/sub/")

    asyncio.run(main())
    assert log == [True, True]


def test_aiohttp_writing_state_after_freeze_only_warns() -> None:
    web = pytest.importorskip("aiohttp.web")
    key = web.AppKey("key", int)
    app = web.Application()
    app.freeze()
    with pytest.warns(DeprecationWarning, match="Changing state of started or joined application"):
        app[key] = 1
    assert app[key] == 1


def test_aiohttp_application_is_frozen_only_after_its_startup_hooks() -> None:
    web = pytest.importorskip("aiohttp.web")
    key = web.AppKey("key", int)
    app = web.Application()
    log: Log = []

    async def start(app: Any) -> None:
        log.append(app.frozen)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            app[key] = 1

    async def cleanup(app: Any) -> None:
        log.append(app.frozen)

    app.on_startup.append(start)
    app.on_cleanup.append(cleanup)
    asyncio.run(aiohttp_run(app, log))
    assert log == [False, "serving", True]
    assert app[key] == 1


def test_aiohttp_startup_hooks_may_register_anything_but_startup_hooks_and_sub_applications() -> None:
    web = pytest.importorskip("aiohttp.web")
    from aiohttp.test_utils import TestClient, TestServer

    log: Log = []
    app = web.Application()

    async def handler(request: Any) -> Any:
        return web.Response()

    @web.middleware
    async def middleware(request: Any, handler: Any) -> Any:
        log.append("middleware")
        return await handler(request)

    async def start(app: Any) -> None:
        app.router.add_get("/late", handler)
        app.middlewares.append(middleware)
        app.on_cleanup.append(aiohttp_hook(log, "cleanup"))
        app.cleanup_ctx.append(aiohttp_context(log, "ignored"))
        log.append(caught(lambda: app.on_startup.append(start)))
        log.append(caught(lambda: app.add_subapp("/sub", web.Application())))

    app.on_startup.append(start)

    async def main() -> None:
        async with TestClient(TestServer(app)) as client:
            assert (await client.get("/late")).status == 200

    asyncio.run(main())
    assert log == [RuntimeError, RuntimeError, "middleware", "cleanup"]


@pytest.mark.parametrize("joined", [True, False])
def test_aiohttp_registration_is_refused_once_started_or_joined(joined: bool) -> None:
    web = pytest.importorskip("aiohttp.web")
    app = web.Application()

    async def hook(*args: Any) -> Any:
        return web.Response()

    async def main() -> None:
        if joined:
            web.Application().add_subapp("/sub", app)
        else:
            runner = web.AppRunner(app)
            await runner.setup()
        attempts: list[Callable[[], Any]] = [
            lambda: app.router.add_get("/late", hook),
            lambda: app.add_routes([web.get("/late", hook)]),
            lambda: app.middlewares.append(hook),
            lambda: app.on_startup.append(hook),
            lambda: app.on_cleanup.append(hook),
            lambda: app.cleanup_ctx.append(hook),
            lambda: app.add_subapp("/late", web.Application()),
        ]
        assert [caught(attempt) for attempt in attempts] == [RuntimeError] * 7
        if not joined:
            await runner.cleanup()

    asyncio.run(main())


def test_aiohttp_joined_application_still_takes_state_without_warning() -> None:
    web = pytest.importorskip("aiohttp.web")
    key = web.AppKey("key", int)
    root, sub = web.Application(), web.Application()
    root.add_subapp("/sub", sub)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sub[key] = 1
    assert not sub.frozen


def test_aiohttp_views_are_made_for_each_request() -> None:
    web = pytest.importorskip("aiohttp.web")
    from aiohttp.test_utils import TestClient, TestServer

    log: Log = []

    class View(web.View):  # type: ignore[misc]
        def __init__(self, request: Any) -> None:
            log.append("made")
            super().__init__(request)

        async def get(self) -> Any:
            return web.Response()

    async def main() -> None:
        app = web.Application()
        app.router.add_view("/", View)
        async with TestClient(TestServer(app)) as client:
            log.append("started")
            await client.get("/")
            await client.get("/")

    asyncio.run(main())
    assert log == ["started", "made", "made"]


def test_aiohttp_test_client_needs_starting() -> None:
    web = pytest.importorskip("aiohttp.web")
    from aiohttp.test_utils import TestClient, TestServer

    log: Log = []

    async def main() -> None:
        app = web.Application()
        app.on_startup.append(aiohttp_hook(log, "start"))
        app.on_cleanup.append(aiohttp_hook(log, "cleanup"))
        client = TestClient(TestServer(app))
        with pytest.raises(AssertionError):
            await client.get("/")
        assert log == []
        await client.start_server()
        await client.get("/")
        await client.close()

    asyncio.run(main())
    assert log == ["start", "cleanup"]


def test_aiohttp_test_client_leaves_entered_contexts_after_failed_start() -> None:
    web = pytest.importorskip("aiohttp.web")
    from aiohttp.test_utils import TestClient, TestServer

    log: Log = []
    app = web.Application()
    aiohttp_fill(app, log, "", "start2")

    async def main() -> None:
        async with TestClient(TestServer(app)):
            pass

    with pytest.raises(ValueError):
        asyncio.run(main())
    assert log == ["ctx1+", "ctx2+", "start1", "start2"]


# Litestar


def litestar_hook(log: Log, name: str, fail: bool = False) -> Callable[[Any], Awaitable[None]]:
    async def hook(app: Any) -> None:
        log.append(name)
        if fail:
            raise ValueError(name)

    return hook


def litestar_manager(log: Log, name: str, fail: bool = False) -> Callable[[Any], Any]:
    @contextlib.asynccontextmanager
    async def manager(app: Any) -> AsyncIterator[None]:
        log.append(f"{name}+")
        if fail:
            raise ValueError(name)
        try:
            yield
            log.append(f"{name}-")
        except ValueError:
            log.append(f"{name}!")
            raise

    return manager


def litestar_app(log: Log, fail: str = "") -> Any:
    from litestar import Litestar

    return Litestar(
        on_startup=[litestar_hook(log, name, fail == name) for name in ("start1", "start2", "start3")],
        on_shutdown=[litestar_hook(log, name, fail == name) for name in ("stop1", "stop2")],
        lifespan=[litestar_manager(log, name, fail == name) for name in ("life1", "life2")],
        openapi_config=None,
    )


def test_litestar_lifespan_managers_start_before_startup_hooks_and_stop_before_shutdown_hooks() -> None:
    pytest.importorskip("litestar")
    log: Log = []
    asyncio.run(lifespan(litestar_app(log), log))
    assert log == [
        *["life1+", "life2+", "start1", "start2", "start3", "startup.complete"],
        *["life2-", "life1-", "stop1", "stop2", "shutdown.complete"],
    ]


@pytest.mark.parametrize(
    ("fail", "expected"),
    [
        ("start2", ["life1+", "life2+", "start1", "start2", "life2!", "life1!", "stop1", "stop2", "startup.failed"]),
        ("life2", ["life1+", "life2+", "life1!", "stop1", "stop2", "startup.failed"]),
    ],
)
def test_litestar_shutdown_hooks_run_after_failed_start(fail: str, expected: Log) -> None:
    pytest.importorskip("litestar")
    log: Log = []
    asyncio.run(lifespan(litestar_app(log, fail), log))
    assert log == [*expected, "ExceptionGroup"]


def test_litestar_failing_shutdown_hook_does_not_keep_the_others_from_running() -> None:
    pytest.importorskip("litestar")
    log: Log = []
    asyncio.run(lifespan(litestar_app(log, "stop1"), log))
    assert log[-4:] == ["stop1", "stop2", "shutdown.failed", "ValueError"]


def test_litestar_on_app_init_and_plugins_run_when_the_application_is_made() -> None:
    pytest.importorskip("litestar")
    from litestar import Litestar
    from litestar.plugins import InitPluginProtocol

    log: Log = []

    class Plugin(InitPluginProtocol):
        def on_app_init(self, app_config: Any) -> Any:
            log.append("plugin")
            app_config.on_startup.append(litestar_hook(log, "start from plugin"))
            app_config.state["plugin"] = 1
            return app_config

    def init(app_config: Any) -> Any:
        log.append("init")
        app_config.on_startup.append(litestar_hook(log, "start from init"))
        app_config.lifespan.append(litestar_manager(log, "life from init"))
        return app_config

    app = Litestar(
        on_app_init=[init],
        plugins=[Plugin()],
        on_startup=[litestar_hook(log, "start")],
        lifespan=[litestar_manager(log, "life")],
    )
    assert log == ["init", "plugin"]
    assert app.state.plugin == 1
    log.clear()
    asyncio.run(lifespan(app, log))
    assert log[:5] == ["life+", "life from init+", "start", "start from init", "start from plugin"]


def test_litestar_startup_hooks_take_the_application_or_nothing_and_may_be_synchronous() -> None:
    pytest.importorskip("litestar")
    from litestar import Litestar

    log: Log = []

    def no_argument() -> None:
        log.append(None)

    def any_name(state: Any) -> None:
        log.append(type(state).__name__)

    asyncio.run(lifespan(Litestar(on_startup=[no_argument, any_name]), log))
    assert log[:2] == [None, "Litestar"]


def test_litestar_lifespan_takes_context_manager_factories_not_bare_generators() -> None:
    pytest.importorskip("litestar")
    from litestar import Litestar

    log: Log = []

    class Manager:
        def __init__(self, app: Any) -> None:
            log.append("made")

        async def __aenter__(self) -> None:
            log.append("enter")

        async def __aexit__(self, *args: object) -> None:
            log.append("exit")

    async def bare(app: Any) -> AsyncIterator[None]:
        yield

    app = Litestar(lifespan=[Manager])
    assert log == []
    asyncio.run(lifespan(app, log))
    assert log == ["made", "enter", "startup.complete", "exit", "shutdown.complete"]
    log.clear()
    asyncio.run(lifespan(Litestar(lifespan=[bare]), log))  # type: ignore[list-item]
    assert log == ["startup.failed", "ExceptionGroup"]


def test_litestar_state_forms_and_missing_name() -> None:
    pytest.importorskip("litestar")
    from litestar import Litestar
    from litestar.datastructures import ImmutableState, State

    state: Any = Litestar().state
    assert type(state) is State
    assert caught(lambda: state.x) is AttributeError
    assert caught(lambda: state["x"]) is KeyError
    assert caught(lambda: delattr(state, "x")) is AttributeError
    assert caught(lambda: state.pop("x")) is KeyError
    assert state.get("x") is None
    assert "x" not in state
    assert getattr(state, "x", 1) == 1
    state.x = 1
    assert state["x"] == 1
    state["y"] = 2
    assert state.y == 2
    assert state.setdefault("z", 3) == 3
    state.update({"u": 4})
    assert state.u == 4
    frozen: Any = ImmutableState({"a": 1})
    assert caught(lambda: setattr(frozen, "a", 2)) is AttributeError
    assert caught(lambda: put(frozen, "a", 2)) is TypeError


def test_litestar_given_state_object_is_the_application_state() -> None:
    pytest.importorskip("litestar")
    from litestar import Litestar
    from litestar.datastructures import State

    state = State({"a": 1})
    app = Litestar(state=state)
    state["late"] = 1
    assert app.state is state
    assert app.state.late == 1


def test_litestar_state_made_from_mapping_or_state_shares_its_data_but_copy_does_not() -> None:
    pytest.importorskip("litestar")
    from litestar.datastructures import State

    data: dict[str, Any] = {"a": 1}
    State(data)["b"] = 2
    assert data == {"a": 1, "b": 2}
    state = State(data)
    State(state)["c"] = 3
    assert data["c"] == 3
    state.copy()["d"] = 4
    assert "d" not in data


def test_litestar_application_takes_no_new_attributes() -> None:
    pytest.importorskip("litestar")
    from litestar import Litestar

    app: Any = Litestar()
    assert caught(lambda: setattr(app, "db", 1)) is AttributeError
    assert caught(lambda: app.db) is AttributeError


def test_litestar_injected_state_is_another_object_over_the_same_data() -> None:
    pytest.importorskip("litestar")
    from litestar import Litestar, Request, get
    from litestar.datastructures import ImmutableState, State
    from litestar.testing import TestClient

    seen: dict[str, Any] = {}

    @get("/")
    async def handler(request: Request[Any, Any, Any], state: State) -> None:
        seen["same object"] = state is request.app.state
        state.injected = 1
        seen["write seen"] = request.app.state.injected
        request.app.state.direct = 1
        seen["app write seen"] = state.direct
        seen["app"] = request.app is app
        seen["missing"] = caught(lambda: state.missing)
        seen["request state"] = request.state.get("start")
        request.state.own = 1
        seen["request write seen"] = request.app.state.get("own")

    @get("/immutable")
    async def immutable(request: Request[Any, Any, Any], state: ImmutableState) -> None:
        request.app.state.later = 1
        seen["snapshot"] = (state.get("start"), state.get("later"))

    app = Litestar([handler, immutable], state=State({"start": 1}))
    with TestClient(app) as client:
        client.get("/")
        client.get("/immutable")
    assert seen == {
        "same object": False,
        "write seen": 1,
        "app write seen": 1,
        "app": True,
        "missing": AttributeError,
        "request state": None,
        "request write seen": None,
        "snapshot": (1, None),
    }


def test_litestar_state_argument_must_be_a_state_class() -> None:
    pytest.importorskip("litestar")
    from litestar import Litestar, get
    from litestar.exceptions import ImproperlyConfiguredException

    @get("/")
    async def handler(state: dict[str, Any]) -> None:
        return None

    with pytest.raises(ImproperlyConfiguredException):
        Litestar([handler])


def test_litestar_missing_state_in_handler_is_a_500_and_in_startup_fails_the_start() -> None:
    pytest.importorskip("litestar")
    from litestar import Litestar, Request, get
    from litestar.testing import TestClient

    @get("/")
    async def handler(request: Request[Any, Any, Any]) -> str:
        return str(request.app.state.missing)

    with TestClient(Litestar([handler])) as client:
        assert client.get("/").status_code == 500

    async def start(app: Any) -> None:
        assert app.state.missing

    log: Log = []
    asyncio.run(lifespan(Litestar(on_startup=[start]), log))
    assert log[0] == "startup.failed"


def test_litestar_dependencies_by_name() -> None:
    pytest.importorskip("litestar")
    from litestar import Litestar, get
    from litestar.datastructures import State
    from litestar.di import Provide
    from litestar.testing import TestClient

    log: Log = []

    async def get_db(state: State) -> AsyncIterator[int]:
        log.append("open")
        yield state.number
        log.append("close")

    @get("/")
    async def handler(db: int) -> int:
        log.append("handler")
        return db

    @get("/unknown")
    async def unknown(undeclared: int) -> int:
        return undeclared

    app = Litestar([handler, unknown], dependencies={"db": Provide(get_db)}, state=State({"number": 7}))
    assert log == []
    with TestClient(app) as client:
        assert client.get("/").json() == 7
        assert client.get("/unknown").status_code == 400
    assert log == ["open", "handler", "close"]


def test_litestar_controllers_and_middlewares_are_made_when_the_application_is_made() -> None:
    pytest.importorskip("litestar")
    from litestar import Controller, Litestar, Router, get
    from litestar.testing import TestClient

    log: Log = []

    class Things(Controller):
        path = "/things"

        def __init__(self, owner: Any) -> None:
            log.append("controller")
            super().__init__(owner)

        @get("/")
        async def things(self) -> None:
            return None

    def middleware(app: Any) -> Any:
        log.append("middleware")

        async def call(scope: Any, receive: Any, send: Any) -> None:
            log.append("call")
            await app(scope, receive, send)

        return call

    router = Router("/api", route_handlers=[Things])
    assert log == ["controller"]
    app = Litestar([router], middleware=[middleware], openapi_config=None)
    assert set(log) == {"controller", "middleware"}
    log.clear()
    with TestClient(app) as client:
        client.get("/api/things")
        client.get("/api/things")
    assert log == ["call", "call"]


def test_litestar_accepts_routes_and_hooks_after_start() -> None:
    pytest.importorskip("litestar")
    from litestar import Litestar, get
    from litestar.testing import TestClient

    log: Log = []

    @get("/late")
    async def late() -> None:
        return None

    app = Litestar(on_startup=[litestar_hook(log, "start")])
    with TestClient(app) as client:
        app.register(late)
        assert client.get("/late").status_code == 200
        app.on_startup.append(litestar_hook(log, "late"))
    assert log == ["start"]
    with TestClient(app):
        pass
    assert log == ["start", "start", "late"]


def test_litestar_test_clients_start_only_as_context_managers() -> None:
    pytest.importorskip("litestar")
    from litestar import Litestar, get
    from litestar.testing import AsyncTestClient, TestClient, create_test_client

    log: Log = []

    @get("/")
    async def handler() -> None:
        return None

    def make() -> Any:
        return Litestar([handler], on_startup=[litestar_hook(log, "start")])

    async def main(enter: bool) -> None:
        client: Any = AsyncTestClient(make())
        if enter:
            async with client:
                await client.get("/")
        else:
            await client.get("/")

    assert TestClient(make()).get("/").status_code == 200
    assert create_test_client([handler], on_startup=[litestar_hook(log, "start")]).get("/").status_code == 200
    asyncio.run(main(enter=False))
    assert log == []
    with TestClient(make()), create_test_client([handler], on_startup=[litestar_hook(log, "start")]):
        pass
    asyncio.run(main(enter=True))
    assert log == ["start"] * 3


# Quart


def quart_fill(app: Any, log: Log, fail: str = "") -> None:
    def hook(name: str) -> Callable[[], Awaitable[None]]:
        async def call() -> None:
            log.append(name)
            if fail == name:
                raise ValueError(name)

        return call

    def around(name: str) -> Callable[[], AsyncIterator[None]]:
        async def call() -> AsyncIterator[None]:
            log.append(f"{name}+")
            if fail == name:
                raise ValueError(name)
            yield
            log.append(f"{name}-")

        return call

    app.while_serving(around("while1"))
    app.before_serving(hook("before1"))
    app.after_serving(hook("after1"))
    app.while_serving(around("while2"))
    app.before_serving(hook("before2"))
    app.after_serving(hook("after2"))


def test_quart_before_serving_runs_before_all_while_serving_and_shutdown_is_reversed() -> None:
    quart = pytest.importorskip("quart")
    log: Log = []
    app = quart.Quart("app")
    quart_fill(app, log)
    asyncio.run(lifespan(app, log))
    assert log == [
        *["before1", "before2", "while1+", "while2+", "startup.complete"],
        *["while2-", "while1-", "after1", "after2", "shutdown.complete"],
    ]


@pytest.mark.parametrize("blueprint_first", [True, False])
def test_quart_blueprint_hooks_take_the_place_of_register_blueprint(blueprint_first: bool) -> None:
    quart = pytest.importorskip("quart")
    log: Log = []
    app = quart.Quart("app")
    blueprint = quart.Blueprint("blueprint", __name__)

    @blueprint.before_app_serving
    async def before() -> None:
        log.append("blueprint")

    @blueprint.while_app_serving
    async def around() -> AsyncIterator[None]:
        log.append("blueprint+")
        yield
        log.append("blueprint-")

    if blueprint_first:
        app.register_blueprint(blueprint)
    quart_fill(app, log)
    if not blueprint_first:
        app.register_blueprint(blueprint)
    asyncio.run(lifespan(app, log))
    if blueprint_first:
        assert log[:6] == ["blueprint", "before1", "before2", "blueprint+", "while1+", "while2+"]
    else:
        assert log[:6] == ["before1", "before2", "blueprint", "while1+", "while2+", "blueprint+"]


@pytest.mark.parametrize(
    ("fail", "expected"),
    [("before2", ["before1", "before2"]), ("while2", ["before1", "before2", "while1+", "while2+"])],
)
def test_quart_nothing_is_shut_down_after_failed_start_in_test_app(fail: str, expected: Log) -> None:
    quart = pytest.importorskip("quart")
    from quart.testing.app import LifespanError

    log: Log = []
    app = quart.Quart("app")
    quart_fill(app, log, fail)

    async def main() -> None:
        async with app.test_app():
            log.append("serving")

    with pytest.raises(LifespanError):
        asyncio.run(main())
    assert log == expected


def test_quart_shutdown_after_failed_before_serving_advances_unstarted_generators() -> None:
    quart = pytest.importorskip("quart")
    log: Log = []
    app = quart.Quart("app")
    quart_fill(app, log, "before1")
    asyncio.run(lifespan(app, log))
    assert log == ["before1", "startup.failed", "while2+", "shutdown.failed"]


def test_quart_hypercorn_ends_after_failed_start_without_shutdown_hooks() -> None:
    quart = pytest.importorskip("quart")
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from hypercorn.utils import LifespanFailureError

    log: Log = []
    app = quart.Quart("app")
    quart_fill(app, log, "while2")
    config = Config()
    config.bind = ["127.0.0.1:0"]

    async def main() -> None:
        await serve(app, config, shutdown_trigger=asyncio.Event().wait)

    with pytest.raises(LifespanFailureError):
        asyncio.run(main())
    assert log == ["before1", "before2", "while1+", "while2+"]


def test_quart_hooks_have_an_application_context_whose_g_ends_with_startup() -> None:
    quart = pytest.importorskip("quart")
    log: Log = []
    app = quart.Quart("app")

    @app.before_serving
    def before() -> None:
        log.append(quart.current_app.name)
        quart.g.value = 1

    @app.while_serving
    async def around() -> AsyncIterator[None]:
        log.append(quart.g.value)
        yield

    @app.after_serving
    async def after() -> None:
        log.append((quart.has_app_context(), caught(lambda: quart.g.value)))

    async def main() -> None:
        async with app.test_app():
            log.append(quart.has_app_context())

    asyncio.run(main())
    assert log == ["app", 1, False, (True, AttributeError)]


def test_quart_state_forms_and_missing_names() -> None:
    quart = pytest.importorskip("quart")
    app = quart.Quart("app")
    current_app, g = quart.current_app, quart.g
    assert caught(lambda: app.extensions["x"]) is KeyError
    assert caught(lambda: app.config["X"]) is KeyError
    assert caught(lambda: app.db) is AttributeError
    assert caught(lambda: current_app.name) is RuntimeError
    assert caught(lambda: setattr(current_app, "db", 1)) is RuntimeError
    assert caught(lambda: g.x) is RuntimeError
    assert not current_app

    async def main() -> None:
        async with app.app_context():
            assert caught(lambda: current_app.db) is AttributeError
            current_app.db = 1
            assert caught(lambda: g.x) is AttributeError
            assert caught(lambda: g["x"]) is TypeError
            assert g.get("x") is None
            g.x = 1
        async with app.app_context():
            assert "x" not in g

    asyncio.run(main())
    assert app.db == 1


def test_quart_requests_can_be_served_while_before_serving_runs() -> None:
    quart = pytest.importorskip("quart")
    log: Log = []
    app = quart.Quart("app")

    @app.get("/")
    async def handler() -> str:
        log.append("request")
        return ""

    @app.before_serving
    async def before() -> None:
        await app.test_client().get("/")
        log.append("before")

    asyncio.run(lifespan(app, log))
    assert log[:2] == ["request", "before"]


def test_quart_method_views_are_made_for_each_request_unless_told_otherwise() -> None:
    quart = pytest.importorskip("quart")
    from quart.views import MethodView

    log: Log = []

    class Each(MethodView):
        def __init__(self) -> None:
            log.append("each")

        async def get(self) -> str:
            return ""

    class Once(MethodView):
        init_every_request = False

        def __init__(self) -> None:
            log.append("once")

        async def get(self) -> str:
            return ""

    app = quart.Quart("app")
    app.add_url_rule("/each", view_func=Each.as_view("each"))
    app.add_url_rule("/once", view_func=Once.as_view("once"))
    assert log == ["once"]

    async def main() -> None:
        client = app.test_client()
        for path in ("/each", "/each", "/once", "/once"):
            await client.get(path)

    asyncio.run(main())
    assert log == ["once", "each", "each"]


def test_quart_accepts_routes_and_hooks_after_the_first_request() -> None:
    quart = pytest.importorskip("quart")
    log: Log = []
    app = quart.Quart("app")

    @app.get("/")
    async def handler() -> str:
        return ""

    async def main() -> None:
        async with app.test_app() as test_app:
            client = test_app.test_client()
            await client.get("/")
            app.add_url_rule("/late", "late", handler)
            app.before_request(lambda: log.append("before request"))
            app.before_serving(lambda: log.append("before serving"))
            assert (await client.get("/late")).status_code == 200

    asyncio.run(main())
    assert log == ["before request"]


def test_quart_background_tasks_have_a_context_and_are_awaited_before_shutdown_hooks() -> None:
    quart = pytest.importorskip("quart")
    log: Log = []
    app = quart.Quart("app")

    async def job() -> None:
        log.append(quart.current_app.name)
        await asyncio.sleep(0.01)
        log.append("job done")

    @app.before_serving
    async def before() -> None:
        app.add_background_task(job)
        log.append("added")

    @app.after_serving
    async def after() -> None:
        log.append("after")

    async def main() -> None:
        async with app.test_app():
            pass

    asyncio.run(main())
    assert log == ["added", "app", "job done", "after"]


def test_quart_only_test_app_starts_the_application() -> None:
    quart = pytest.importorskip("quart")
    log: Log = []
    app = quart.Quart("app")

    @app.before_serving
    async def before() -> None:
        log.append("start")

    async def main() -> None:
        await app.test_client().get("/")
        async with app.test_client() as client:
            await client.get("/")
        async with app.app_context():
            pass
        async with app.test_request_context("/"):
            pass
        await app.test_app().test_client().get("/")
        assert log == []
        async with app.test_app():
            pass

    asyncio.run(main())
    assert log == ["start"]


# Flask


def test_flask_has_no_startup_hook() -> None:
    flask = pytest.importorskip("flask")
    assert not hasattr(flask.Flask, "before_first_request")
    assert not hasattr(flask.Blueprint, "before_app_first_request")


def test_flask_state_forms_and_missing_names() -> None:
    flask = pytest.importorskip("flask")
    app = flask.Flask("app")
    current_app, g = flask.current_app, flask.g
    assert caught(lambda: app.extensions["x"]) is KeyError
    assert caught(lambda: app.config["X"]) is KeyError
    assert app.config.get("X") is None
    assert caught(lambda: app.db) is AttributeError
    assert caught(lambda: current_app.name) is RuntimeError
    assert caught(lambda: setattr(current_app, "db", 1)) is RuntimeError
    assert caught(lambda: g.x) is RuntimeError
    assert caught(lambda: "x" in g) is RuntimeError
    assert not current_app
    with app.app_context():
        assert caught(lambda: current_app.db) is AttributeError
        current_app.db = 1
        assert caught(lambda: g.x) is AttributeError
        assert caught(lambda: g.pop("x")) is KeyError
        assert g.get("x") is None
        assert g.setdefault("x", 1) == 1
        assert current_app._get_current_object() is app
    assert app.db == 1
    with app.app_context():
        assert "x" not in g


def test_flask_g_does_not_outlive_the_request() -> None:
    flask = pytest.importorskip("flask")
    app = flask.Flask("app")

    @app.get("/write")
    def write() -> str:
        flask.g.x = 1
        return ""

    @app.get("/read")
    def read() -> str:
        return str(flask.g.get("x"))

    client = app.test_client()
    client.get("/write")
    assert client.get("/read").text == "None"


def test_flask_setup_is_refused_after_the_first_request_but_state_is_not() -> None:
    flask = pytest.importorskip("flask")
    app = flask.Flask("app")

    def view() -> str:
        return ""

    app.test_client()
    with app.app_context():
        app.add_url_rule("/", "view", view)
    app.test_client().get("/")
    attempts: list[Callable[[], Any]] = [
        lambda: app.add_url_rule("/late", "late", view),
        lambda: app.before_request(view),
        lambda: app.register_blueprint(flask.Blueprint("late", __name__)),
        lambda: app.teardown_appcontext(view),
    ]
    assert [caught(attempt) for attempt in attempts] == [AssertionError] * 4
    app.extensions["late"] = app.config["LATE"] = app.late = 1


def test_flask_registered_blueprint_takes_no_more_routes() -> None:
    flask = pytest.importorskip("flask")
    log: Log = []
    app = flask.Flask("app")
    blueprint = flask.Blueprint("blueprint", __name__)
    blueprint.record(lambda state: log.append(state.app is app))
    assert log == []
    app.register_blueprint(blueprint)
    assert log == [True]
    assert caught(lambda: blueprint.route("/late")(lambda: "")) is AssertionError


def test_flask_method_views_are_made_for_each_request_unless_told_otherwise() -> None:
    flask = pytest.importorskip("flask")
    from flask.views import MethodView

    log: Log = []

    class Each(MethodView):
        def __init__(self) -> None:
            log.append("each")

        def get(self) -> str:
            return ""

    class Once(MethodView):
        init_every_request = False

        def __init__(self) -> None:
            log.append("once")

        def get(self) -> str:
            return ""

    app = flask.Flask("app")
    app.add_url_rule("/each", view_func=Each.as_view("each"))
    app.add_url_rule("/once", view_func=Once.as_view("once"))
    assert log == ["once"]
    for path in ("/each", "/each", "/once", "/once"):
        app.test_client().get(path)
    assert log == ["once", "each", "each"]


def test_flask_teardown_appcontext_runs_after_each_request_and_each_pushed_context() -> None:
    flask = pytest.importorskip("flask")
    log: Log = []
    app = flask.Flask("app")
    app.teardown_appcontext(lambda error: log.append("teardown"))
    app.test_client().get("/")
    with app.app_context():
        log.append("in context")
    assert log == ["teardown", "in context", "teardown"]


# Sanic

SANIC_EVENTS = ("before_server_start", "after_server_start", "before_server_stop", "after_server_stop")


def sanic_app(log: Log | None = None, fail: str = "") -> Any:
    sanic = pytest.importorskip("sanic")
    pytest.importorskip("sanic_testing")
    sanic.Sanic.test_mode = True
    app = sanic.Sanic(f"app{next(_numbers)}")

    @app.get("/")
    async def handler(request: Any) -> Any:
        if log is not None:
            log.append("request")
        return sanic.text("")

    if log is not None:
        sanic_fill(app, log, "", fail)
    return app


def sanic_fill(target: Any, log: Log, prefix: str, fail: str = "") -> None:
    def listener(name: str) -> Callable[[Any], Awaitable[None]]:
        async def call(app: Any) -> None:
            log.append(prefix + name)
            if fail == name:
                raise ValueError(name)

        return call

    for event in SANIC_EVENTS:
        for number in (1, 2):
            getattr(target, event)(listener(f"{event}{number}"))


async def sanic_lifespan(app: Any, log: Log) -> None:
    from sanic.asgi import Lifespan

    async def call(scope: Any, receive: Any, send: Any) -> None:
        app.asgi = True
        await Lifespan(app, scope, receive, send)()

    await lifespan(call, log)


def test_sanic_listeners_start_in_order_and_stop_in_reverse() -> None:
    log: Log = []
    sanic_app(log).test_client.get("/")
    assert log == [
        *["before_server_start1", "before_server_start2", "after_server_start1", "after_server_start2", "request"],
        *["before_server_stop2", "before_server_stop1", "after_server_stop2", "after_server_stop1"],
    ]


@pytest.mark.parametrize("blueprint_first", [True, False])
def test_sanic_blueprint_listeners_take_the_place_of_app_blueprint(blueprint_first: bool) -> None:
    sanic = pytest.importorskip("sanic")
    log: Log = []
    app = sanic_app()
    blueprint = sanic.Blueprint(f"blueprint{next(_numbers)}")
    sanic_fill(blueprint, log, "blueprint.")
    if blueprint_first:
        app.blueprint(blueprint)
    sanic_fill(app, log, "app.")
    if not blueprint_first:
        app.blueprint(blueprint)
    app.test_client.get("/")
    order = ["blueprint", "app"] if blueprint_first else ["app", "blueprint"]
    starts = [f"{owner}.{event}{n}" for event in SANIC_EVENTS[:2] for owner in order for n in (1, 2)]
    stops = [f"{owner}.{event}{n}" for event in SANIC_EVENTS[2:] for owner in reversed(order) for n in (2, 1)]
    assert log == starts + stops


def test_sanic_middleware_of_a_group_runs_for_the_blueprints_that_it_has_by_then() -> None:
    sanic = pytest.importorskip("sanic")
    log: Log = []
    first, second = (sanic.Blueprint(f"blueprint{next(_numbers)}") for _ in range(2))
    for path, blueprint in (("/first", first), ("/second", second)):
        blueprint.add_route(lambda request: sanic.text(""), path)
    inner = sanic.Blueprint.group([first])
    inner.on_request(lambda request: log.append("before"))
    inner.append(second)
    inner.middleware("request")(lambda request: log.append("after"))
    outer = sanic.blueprints.BlueprintGroup(url_prefix="/outer")
    outer.append(inner)
    app = sanic_app()
    app.blueprint(outer)
    for path in ("/outer/first", "/outer/second"):
        assert app.test_client.get(path)[1].status == 200
    assert log == ["before", "after", "after"]


def test_sanic_finds_an_application_by_its_name() -> None:
    sanic = pytest.importorskip("sanic")
    first, second = sanic_app(), sanic_app()
    assert sanic.Sanic.get_app(first.name) is first
    assert sanic.Sanic.get_app(second.name) is second


def test_sanic_listener_priority_is_descending_at_start_and_reversed_at_stop() -> None:
    log: Log = []
    app = sanic_app()

    def add(event: str, name: str, priority: int) -> None:
        async def call(app: Any) -> None:
            log.append(name)

        app.register_listener(call, event, priority=priority)

    for event in ("before_server_start", "after_server_stop"):
        for name, priority in (("a", 0), ("high", 9), ("b", 0), ("low", -1)):
            add(event, name, priority)
    app.test_client.get("/")
    assert log == ["high", "a", "b", "low", "low", "b", "a", "high"]


def test_sanic_listeners_may_be_synchronous_and_take_one_or_two_arguments_but_not_none() -> None:
    log: Log = []
    app = sanic_app()
    app.before_server_start(lambda app: log.append("one"))
    app.before_server_start(lambda app, loop: log.append("two"))

    async def nothing() -> None:
        log.append("none")

    app.test_client.get("/")
    assert log == ["one", "two"]
    app = sanic_app()
    app.before_server_start(nothing)
    assert caught(lambda: app.test_client.get("/")) is TypeError
    assert log == ["one", "two"]


@pytest.mark.parametrize(
    ("fail", "expected"),
    [
        ("before_server_start2", ["before_server_start1", "before_server_start2"]),
        ("after_server_start1", ["before_server_start1", "before_server_start2", "after_server_start1"]),
    ],
)
def test_sanic_own_server_runs_no_stop_listener_after_failed_start(fail: str, expected: Log) -> None:
    log: Log = []
    app = sanic_app(log, fail)
    with pytest.raises(ValueError):
        app.test_client.get("/")
    assert log == expected


def test_sanic_asgi_runs_all_stop_listeners_after_failed_start_if_the_server_asks() -> None:
    log: Log = []
    app = sanic_app(log, "before_server_start1")
    asyncio.run(sanic_lifespan(app, log))
    assert log == [
        *["before_server_start1", "startup.failed"],
        *["before_server_stop2", "before_server_stop1", "after_server_stop2", "after_server_stop1"],
        "shutdown.complete",
    ]


def test_sanic_asgi_runs_after_server_start_before_startup_is_complete() -> None:
    log: Log = []
    asyncio.run(sanic_lifespan(sanic_app(log), log))
    assert log[:5] == [
        *["before_server_start1", "before_server_start2", "after_server_start1", "after_server_start2"],
        "startup.complete",
    ]


SANIC_SERVER = """
    import asyncio, os, sys
    from sanic import Sanic, text

    app = Sanic("served")
    port = int(sys.argv[1])

    def say(*words):
        print(*words, flush=True)

    async def connect():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
        return reader, writer

    @app.get("/")
    async def handler(request):
        say("request")
        return text("")

    @app.main_process_start
    async def main(app):
        app.ctx.main = 1
        say("main_process_start")

    @app.before_server_start
    async def before(app):
        say("before_server_start", hasattr(app.ctx, "main"))
        if sys.argv[2] == "single":
            app.ctx.connection = await connect()
            await asyncio.sleep(0.1)
            say("before_server_start ends")

    @app.after_server_start
    async def after(app):
        say("after_server_start")
        if sys.argv[2] == "single":
            reader, writer = await connect()
            await reader.read()
            say("after_server_start ends")
        app.stop()

    @app.main_process_stop
    async def stop(app):
        say("main_process_stop")

    if __name__ == "__main__":
        app.run("127.0.0.1", port, single_process=sys.argv[2] == "single", motd=False, access_log=False)
"""


def sanic_serve(folder: Path, mode: str) -> list[str]:
    import socket

    pytest.importorskip("sanic")
    script = folder / "served.py"
    script.write_text(textwrap.dedent(SANIC_SERVER))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, str(script), port, mode]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment, check=False)
    words = ("request", "main_process", "before_server", "after_server")
    return [line for line in done.stdout.splitlines() if line.startswith(words)]


def test_sanic_serves_requests_while_after_server_start_runs_and_even_before_it(tmp_path: Path) -> None:
    assert sanic_serve(tmp_path, "single") == [
        *["before_server_start False", "before_server_start ends", "request"],
        *["after_server_start", "request", "after_server_start ends"],
    ]


def test_sanic_main_process_listeners_need_workers_and_their_ctx_is_not_seen_there(tmp_path: Path) -> None:
    assert sanic_serve(tmp_path, "workers") == [
        *["main_process_start", "before_server_start False", "after_server_start", "main_process_stop"],
    ]


def test_sanic_state_forms_and_missing_names() -> None:
    sanic = pytest.importorskip("sanic")
    app = sanic_app()
    assert caught(lambda: app.ctx.x) is AttributeError
    assert caught(lambda: app.ctx["x"]) is TypeError
    assert caught(lambda: "x" in app.ctx) is TypeError
    assert not hasattr(app.ctx, "x")
    app.ctx.x = 1
    assert app.ctx.x == 1
    assert caught(lambda: setattr(app, "db", 1)) is AttributeError
    assert caught(lambda: app.config.X) is AttributeError
    assert caught(lambda: app.config["X"]) is KeyError
    assert caught(lambda: app.shared_ctx.x) is AttributeError
    assert type(app.state).__name__ == "ApplicationState"
    assert caught(lambda: app.state.x) is AttributeError
    assert sanic.Sanic.get_app(app.name) is app
    assert caught(lambda: sanic.Sanic.get_app("unknown")) is sanic.exceptions.SanicException


def test_sanic_request_app_and_contexts() -> None:
    sanic = pytest.importorskip("sanic")
    seen: dict[str, Any] = {}
    app = sanic_app()
    app.ctx.x = 1

    @app.get("/contexts")
    async def contexts(request: Any) -> Any:
        seen["app"] = request.app is app
        seen["request ctx"] = caught(lambda: request.ctx.x)
        request.app.ctx.late = 1
        seen["late"] = app.ctx.late
        return sanic.text(request.app.ctx.missing)

    _, response = app.test_client.get("/contexts")
    assert response.status == 500
    assert seen == {"app": True, "request ctx": AttributeError, "late": 1}


def test_sanic_method_views_are_made_for_each_request() -> None:
    sanic = pytest.importorskip("sanic")
    from sanic.views import HTTPMethodView

    log: Log = []

    class View(HTTPMethodView):
        def __init__(self) -> None:
            log.append("made")

        async def get(self, request: Any) -> Any:
            return sanic.text("")

    app = sanic_app()
    app.add_route(View.as_view(), "/view")
    assert log == []
    app.test_client.get("/view")
    assert log == ["made"]


def test_sanic_request_middlewares_in_order_and_response_middlewares_reversed() -> None:
    log: Log = []
    app = sanic_app()

    def add(location: str, name: str, priority: int) -> None:
        async def call(*args: Any) -> None:
            log.append(name)

        app.register_middleware(call, location, priority=priority)

    for location in ("request", "response"):
        add(location, f"{location}1", 0)
        add(location, f"{location}2", 0)
    add("request", "urgent", 9)
    app.test_client.get("/")
    assert log == ["urgent", "request1", "request2", "response2", "response1"]


@pytest.mark.parametrize("event", ["before_server_start", "after_server_start"])
def test_sanic_accepts_routes_and_listeners_but_ignores_middlewares_in_start_listeners(event: str) -> None:
    sanic = pytest.importorskip("sanic")
    log: Log = []
    app = sanic_app()

    async def late(request: Any) -> Any:
        return sanic.text("")

    async def start(app: Any) -> None:
        app.add_route(late, "/late", name="late")
        app.register_listener(lambda app: log.append("stop"), "before_server_stop")

    getattr(app, event)(start)
    _, response = app.test_client.get("/late")
    assert response.status == 200
    assert log == ["stop"]

    app = sanic_app()

    async def start_with_middleware(app: Any) -> None:
        app.register_middleware(lambda request: log.append("middleware"))

    getattr(app, event)(start_with_middleware)
    app.test_client.get("/")
    assert log == ["stop"]


def test_sanic_tasks_added_early_start_between_before_and_after_server_start() -> None:
    log: Log = []
    app = sanic_app()

    async def job(app: Any) -> None:
        log.append("job")

    async def before(app: Any) -> None:
        await asyncio.sleep(0.01)
        log.append("before")

    async def after(app: Any) -> None:
        log.append("after")

    app.add_task(job)
    app.before_server_start(before)
    app.after_server_start(after)
    app.test_client.get("/")
    assert log == ["before", "job", "after"]


def test_sanic_both_test_clients_start_and_stop_the_application_for_each_request() -> None:
    log: Log = []
    app = sanic_app()

    async def start(app: Any) -> None:
        log.append("start")

    async def stop(app: Any) -> None:
        log.append("stop")

    app.before_server_start(start)
    app.before_server_stop(stop)
    client = app.test_client
    assert log == []
    client.get("/")
    client.get("/")
    assert log == ["start", "stop"] * 2
    log.clear()

    async def main() -> None:
        client = app.asgi_client
        assert log == []
        await client.get("/")
        await client.get("/")

    asyncio.run(main())
    assert log == ["start", "stop"] * 2
