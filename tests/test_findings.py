"""What findings say: message, trace, further places, assumptions. Where they stand is the affair of the rule pages."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import pytest

from appstate_lint import config, engine
from appstate_lint.model import Confidence, Finding, Kind

SERVED = """\
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/events")
async def events(request: Request):
    return request.app.state.bus
"""
TESTED = "from shop.main import app\n\n\ndef test_it():\n    app.state.bus = 1\n"


def found(root: Path, files: Mapping[str, str], rule: str) -> list[Finding]:
    """Return the findings of ``rule`` in a project of ``files``."""
    for name, text in {"appstate-lint.toml": "", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    report = engine.analyze(root, config.load(root, None))
    return [finding for finding in report.findings if finding.rule == f"appstate-{rule}"]


def only(root: Path, files: Mapping[str, str], rule: str) -> Finding:
    (finding,) = found(root, files, rule)
    return finding


def steps(finding: Finding) -> list[str]:
    return [f"{step.phase} {step.file}:{step.line} {step.text}" for step in finding.trace]


def test_a_component_that_nobody_sets(tmp_path: Path) -> None:
    finding = only(tmp_path, {"shop/main.py": SERVED}, "never-initialized")
    assert finding.message == "'bus' is read in serving, but nothing in shop.main:app sets it"
    assert (finding.phase, finding.function, finding.applications) == ("serving", "events", ("shop.main:app",))
    assert (finding.suggestion, finding.assumptions, finding.related) == (None, (), ())
    assert steps(finding) == [
        "serving shop/main.py:7 events is called",
        "serving shop/main.py:8 events reads 'bus', which is not there",
    ]


def test_a_component_that_only_tests_set(tmp_path: Path) -> None:
    finding = only(tmp_path, {"shop/main.py": SERVED, "tests/test_shop.py": TESTED}, "never-initialized")
    assert finding.message.endswith("sets it; only tests do (tests/test_shop.py:5)")


def test_a_guard_that_only_tests_make_true(tmp_path: Path) -> None:
    guarded = SERVED.replace("request.app.state.bus", 'getattr(request.app.state, "bus", None)')
    finding = only(tmp_path, {"shop/main.py": guarded, "tests/test_shop.py": TESTED}, "only-tests-write")
    assert finding.message == (
        "only tests set 'bus' (tests/test_shop.py:5): in shop.main:app this always takes its fallback"
    )
    assert steps(finding)[0] == "unreached tests/test_shop.py:5 a test writes it"
    assert steps(finding)[-1].endswith(":8 events asks for 'bus', which is not there")


CALLED = """
from starlette.testclient import TestClient

from shop.main import app

client = TestClient(app)


def test_events():
    first = client.get("/events")
    second = client.get("/events")
    assert (first.status_code == 200) and second.status_code == 200
"""


def test_a_test_without_lifespan(tmp_path: Path) -> None:
    started = SERVED.replace("FastAPI()\n", "FastAPI()\n\n@app.on_event('startup')\ndef start(): app.state.bus = 1\n\n")
    files = {"shop/main.py": started, "tests/test_shop.py": CALLED}
    finding = only(tmp_path, files, "test-without-lifespan")
    assert finding.message == (
        "this request reads 'bus' (shop/main.py:12), but the client does not run the start-up of shop.main:app, where "
        "start sets it (shop/main.py:6): enter the client with 'with', or run the lifespan in a fixture"
    )
    assert (finding.file, finding.line, finding.function) == ("tests/test_shop.py", 10, "test_events")
    assert steps(finding) == [
        "unreached tests/test_shop.py:6 the client is made, and no start-up runs",
        "unreached tests/test_shop.py:10 test_events requests /events",
        "serving shop/main.py:11 events is called",
        "serving shop/main.py:12 events reads 'bus', which is not there",
        "startup shop/main.py:6 start writes 'bus'",
    ]
    assert [(each.file, each.line) for each in finding.related] == [("tests/test_shop.py", 11)]


def test_the_nearest_name_is_shown_with_its_writer(tmp_path: Path) -> None:
    named = SERVED.replace("FastAPI()\n", "FastAPI()\napp.state.event_bus = 1\n")
    finding = only(tmp_path, {"shop/main.py": named}, "never-initialized")
    assert finding.suggestion == "event_bus"
    assert finding.message.endswith("; did you mean 'event_bus'?")
    assert steps(finding)[0] == "build shop/main.py:4 <module> writes 'event_bus'"


UNREAD = {
    "words alone": (("broker", "client_tasks_broker"), "client_broker", "client_tasks_broker"),
    "a common word alone": (("manager", "token"), "cluster_manager", "manager"),
    "a slip is one all the same": (("agent_bridge", "agent_bus"), "agent_brige", "agent_bridge"),
}


@pytest.mark.parametrize(("names", "asked", "meant"), UNREAD.values(), ids=UNREAD)
def test_a_name_that_nothing_else_reads_is_rather_meant(
    tmp_path: Path, names: tuple[str, str], asked: str, meant: str
) -> None:
    other = next(name for name in names if name != meant)
    written = "".join(f"app.state.{name} = 1\n" for name in names)
    served = SERVED.replace("FastAPI()\n", f"FastAPI()\n{written}print(app.state.{other})\n")
    finding = only(tmp_path, {"shop/main.py": served.replace("state.bus", f"state.{asked}")}, "never-initialized")
    assert finding.suggestion == meant


CHOICE = """
    if request.method == "GET":
        return getattr(request.app.state, "bus", None)
    if request.method == "POST":
        return request.app.state.bus.open()
    return request.app.state.bus
"""


def test_further_readers_in_a_function_are_its_related_places(tmp_path: Path) -> None:
    choice = SERVED.replace("\n    return request.app.state.bus\n", CHOICE)
    finding = only(tmp_path, {"shop/main.py": choice}, "never-initialized")
    assert finding.line == 11
    assert [(each.line, each.text) for each in finding.related] == [
        (12, "'bus' is read here too"),
        (9, "'bus' is read here too"),
    ]


def through_hops(last: str) -> str:
    """Return twelve functions, each of which calls the next; the last says ``last``."""
    hops = "".join(f"\n\ndef hop{n}(app):\n    return hop{n + 1}(app)\n" for n in range(12))
    return f"{hops}\n\ndef hop12(app):\n    return {last}\n"


def test_a_trace_has_at_most_eight_steps(tmp_path: Path) -> None:
    text = SERVED.replace("request.app.state.bus", "hop0(request.app)") + through_hops("app.state.bus")
    text = text.replace("FastAPI()\n", "FastAPI()\napp.state.event_bus = 1\nunseen.install(app)\n")
    finding = only(tmp_path, {"shop/main.py": "import unseen\n" + text}, "external-writer")
    assert len(finding.trace) == 8
    assert [step.text for step in finding.trace][:2] == [
        "<module> writes 'event_bus'",
        "unseen.install is given the application",
    ]
    assert finding.trace[-1].text == "hop12 reads 'bus', which is not there"


def test_a_package_that_was_given_the_application(tmp_path: Path) -> None:
    given = SERVED.replace("FastAPI()\n", "FastAPI()\nunseen.install(app)\n").replace("from", "import unseen\nfrom", 1)
    finding = only(tmp_path, {"shop/main.py": given}, "external-writer")
    assert finding.message.endswith("sets it, unless unseen.install (shop/main.py:5) does")
    assert (finding.confidence, finding.assumptions) == (Confidence.MEDIUM, ("A3",))
    assert steps(finding)[0] == "build shop/main.py:5 unseen.install is given the application"


def test_code_that_is_not_run(tmp_path: Path) -> None:
    dead = SERVED + "\n\ndef connect():\n    app.state.bus = 1\n"
    finding = only(tmp_path, {"shop/main.py": dead}, "unreached-initializer")
    assert finding.message == "'bus' is only set by connect (shop/main.py:12), which nothing in shop.main:app runs"
    assert (finding.confidence, finding.assumptions) == (Confidence.MEDIUM, ("A2",))
    assert steps(finding)[0] == "unreached shop/main.py:12 connect would write it, but is never run"


EARLY = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app):
    app.state.audit = 1
    yield


app = FastAPI(lifespan=lifespan)


def announce():
    if app.title:
        return app.state.audit
    return app.state.audit


announce()
"""


def test_a_read_that_comes_too_early(tmp_path: Path) -> None:
    finding = only(tmp_path, {"shop/main.py": EARLY}, "read-before-init")
    assert finding.message == "'audit' is read in build, before lifespan sets it in startup (shop/main.py:8)"
    assert (finding.line, [(each.line, each.text) for each in finding.related]) == (17, [(18, "read here too")])
    assert steps(finding)[-2:] == [
        "build shop/main.py:17 announce reads 'audit', not there yet",
        "startup shop/main.py:8 lifespan writes 'audit'",
    ]


def test_the_trace_of_an_early_read_has_at_most_eight_steps(tmp_path: Path) -> None:
    text = EARLY.replace("\n\n\nannounce()", through_hops("announce()") + "\n\nhop0(app)")
    finding = only(tmp_path, {"shop/main.py": text}, "read-before-init")
    assert len(finding.trace) == 8
    assert finding.trace[-1].text == "lifespan writes 'audit'"


@pytest.mark.parametrize(
    ("parameters", "call", "given"),
    [("user, app", 'bridge("a", None)', "None"), ("user, app=None", 'bridge("a")', "nothing")],
)
def test_no_application_is_passed(tmp_path: Path, parameters: str, call: str, given: str) -> None:
    text = SERVED + f'\n\ndef bridge({parameters}):\n    return app.state.bus\n\n\n@app.get("/b")\nasync def b():\n'
    finding = only(tmp_path, {"shop/main.py": text + f"    return {call}\n"}, "source-none")
    assert finding.message == (
        f"{given} is passed for 'app' of bridge, which takes application state from it and finds none: "
        "the call always fails"
    )
    assert (finding.component, finding.function, finding.phase) == ("app", "b", "serving")
    assert steps(finding)[-1] == "serving shop/main.py:17 bridge gets no state from here"


def test_no_application_is_passed_and_the_callee_does_without(tmp_path: Path) -> None:
    body = (
        '    if app is not None:\n        return app.state.bus\n    return user\n\n\n@app.get("/b")\nasync def b():\n'
    )
    text = SERVED + "\n\ndef bridge(user, app):\n" + body + '    return bridge("a", None)\n'
    text += '\n\n@app.get("/c")\nasync def c(request: Request):\n    return bridge("a", request.app)\n'
    assert only(tmp_path, {"shop/main.py": text}, "source-none").message.endswith("from it and finds none")


def test_an_import_that_cannot_succeed(tmp_path: Path) -> None:
    jobs = "from shop.main import service\n\n\ndef publish():\n    return service.state.bus\n"
    finding = only(tmp_path, {"shop/main.py": SERVED, "shop/jobs.py": jobs}, "source-unresolved")
    assert finding.message == "'service' is used as application, but shop.main defines no such name"
    assert (finding.component, finding.phase) == ("service", "import")
    assert steps(finding) == ["import shop/jobs.py:1 shop.main has no 'service'"]


def test_an_application_that_is_not_found_is_said(tmp_path: Path) -> None:
    (tmp_path / "appstate-lint.toml").write_text('applications = ["shop:api"]\n', encoding="utf-8")
    (tmp_path / "shop.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n", encoding="utf-8")
    report = engine.analyze(tmp_path, config.load(tmp_path))
    assert [application.name for application in report.applications] == ["shop:app"]
    assert report.notes == ("applications names 'shop:api', which was not found among shop:app",)


def test_services_whose_modules_share_a_name_are_told_apart(tmp_path: Path) -> None:
    for service in ("orders", "invoices"):
        (tmp_path / service / "src").mkdir(parents=True)
        (tmp_path / service / "src" / "__init__.py").touch()
        (tmp_path / service / "src" / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    report = engine.analyze(tmp_path, config.load(tmp_path))
    assert [application.name for application in report.applications] == ["invoices.src.main:app", "orders.src.main:app"]
    for name, called in {"src.main:app": 2, "orders.src.main:app": 1, "orders.src.main.app": 1}.items():
        (tmp_path / "appstate-lint.toml").write_text(f'applications = ["{name}"]\n', encoding="utf-8")
        report = engine.analyze(tmp_path, config.load(tmp_path))
        assert (len(report.applications), report.notes) == (called, ())


def test_a_condition_of_two_parts_that_is_tested_again_and_again(tmp_path: Path) -> None:
    test = '    if os.environ.get("A") and os.environ.get("B"):\n'
    start = "\n\n@app.on_event('startup')\nasync def start():\n" + f"{test}        app.state.bus = 1\n" * 20
    read = f"{test}        return request.app.state.bus\n"
    files = {"shop/main.py": "import os\n" + SERVED.replace("    return request.app.state.bus\n", read) + start}
    tracemalloc.start()
    assert found(tmp_path, files, "maybe-uninitialized") == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


CLOSING = """\
import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


async def fill(app):
    app.state.graph = object()


@asynccontextmanager
async def lifespan(app):
    task = asyncio.create_task(fill(app))
    yield
    if hasattr(app.state, "graph"):
        app.state.graph.close()
    if hasattr(app.state, "cache"):
        app.state.cache.close()


app = FastAPI(lifespan=lifespan)


@app.get("/")
def index(request: Request):
    request.app.state.cache = object()
"""


@pytest.mark.parametrize("component", ["graph", "cache"])
def test_shutdown_finds_what_tasks_and_requests_wrote(tmp_path: Path, component: str) -> None:
    (tmp_path / "main.py").write_text(CLOSING)
    accesses = engine.analyze(tmp_path, config.load(tmp_path, None)).accesses
    asked = [each for each in accesses if each.component == component and each.kind is Kind.GUARD]
    assert [each.presence for each in asked] == [("ABSENT", "VALUE")]


BY_NAME = """\
import hooks
from fastapi import FastAPI, Request

app = FastAPI()


def cache(request, name):
    if not hasattr(request.app.state, name):
        setattr(request.app.state, name, {})
    return getattr(request.app.state, name)


@app.get("/tools")
def tools(request: Request):
    return cache(request, "tools")


def functions(request: Request):
    return cache(request, "functions")


hooks.register(functions)
"""


def test_components_that_share_a_place_are_told_apart_where_one_is_only_possibly_touched(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(BY_NAME)
    accesses = engine.analyze(tmp_path, config.load(tmp_path, None)).accesses
    found = {(each.component, each.kind, each.line) for each in accesses}
    assert {("tools", Kind.READ, 10), ("functions", Kind.READ, 10), ("functions", Kind.WRITE, 9)} <= found


def test_the_last_of_a_table_of_hundreds_of_routes_is_served(tmp_path: Path) -> None:
    routes = [f"async def route{number}(request):\n    return request.app.state.bus\n" for number in range(250)]
    last = "async def last(request):\n    return request.app.state.buss\n"
    table = ", ".join([*(f"('/{number}', route{number})" for number in range(250)), "('/last', last)"])
    start = "for path, code in ROUTES:\n    app.add_route(path, code)\napp.state.bus = 1\n"
    text = "\n".join(["from fastapi import FastAPI", "app = FastAPI()", *routes, last, f"ROUTES = [{table}]", start])
    finding = only(tmp_path, {"shop/main.py": text}, "never-initialized")
    assert (finding.component, finding.assumptions) == ("buss", ())
