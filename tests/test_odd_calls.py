"""Calls that no sensible program makes: whatever is passed to what is known, the analysis ends well."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from pathlib import Path

import pytest

from appstate_lint import checks, config, engine, faults
from appstate_lint.config import Settings
from appstate_lint.frameworks import Call, FrameworkClass, load
from appstate_lint.model import Finding
from appstate_lint.timeline import life

TABLES = load(Settings())
OWN = sorted(name for name, spec in TABLES.classes.items() if spec.kind in ("application", "router"))
NAMES = sorted(name for name in dir(builtins) if name.islower())


def forms(call: str, arguments: tuple[str, ...]) -> Iterator[str]:
    """Yield calls with nothing, with too much, by keyword, and with what cannot be counted."""
    yield f"{call}()"
    yield f"{call}(app)"
    yield f"{call}(None, None, None, None, None, None, None, None)"
    yield f"{call}(*unknown)"
    yield f"{call}(**unknown)"
    yield f"{call}(*(), **{{}})"
    yield f"{call}(lambda: app)(app)()"
    yield from (f"{call}({name}=app)" for name in arguments)
    yield from (f"{call}({name}=show)(show)" for name in arguments)
    yield f"{call}({', '.join(f'{name}=app' for name in arguments)})"


def program(made: str, calls: list[str], where: str) -> str:
    """Return a program that makes these calls while it is built, when it starts, or when it serves."""
    package = made.rpartition(".")[0]
    at_start = [f"    {call}" for call in calls] if where == "startup" else ["    pass"]
    serving = [f"    {call}" for call in calls] if where == "serving" else ["    pass"]
    lines = [f"import {package}", "import unheard_of", "unknown = unheard_of.things()", f"app = {made}()",
             "def show(request):", *serving, "def start(app):", *at_start,
             "    app.state.db = app['db'] = app.ctx.db = object()"]  # fmt: skip
    lines += calls if where == "build" else []
    lines += ["app.add_event_handler('startup', start)", "app.on_startup.append(start)", "app.before_serving(start)",
              "app.before_server_start(start)", "app.add_api_route('/', show)", "app.add_route(show, '/')",
              "app.router.add_get('/', show)", "app.add_url_rule('/', view_func=show)",
              "app.register(show)"]  # fmt: skip
    return "\n".join(lines) + "\n"


def survives(tmp_path: Path, text: str) -> None:
    """Analyze a program: it is parsed, and its application is found."""
    (tmp_path / "appstate-lint.toml").touch()
    (tmp_path / "main.py").write_text(text, encoding="utf-8")
    report = engine.analyze(tmp_path, config.load(tmp_path, None), prefilter=False)
    assert not report.coverage.files.unparsable
    assert report.applications


def methods(spec: FrameworkClass) -> Iterator[Call]:
    """Yield what is known of the methods of a class, and of methods of any object."""
    yield from spec.methods
    yield from TABLES.methods.values()


@pytest.mark.parametrize("where", ["build", "startup", "serving"])
@pytest.mark.parametrize("name", OWN)
def test_odd_calls_of_framework_methods(name: str, where: str, tmp_path: Path) -> None:
    spec = TABLES.classes[name]
    calls = [
        form
        for call in methods(spec)
        for method in call.names
        if method.isidentifier()
        for form in forms(f"app.{method}", call.arguments)
    ]
    application = name if spec.kind == "application" else "fastapi.FastAPI"
    extra = [] if spec.kind == "application" else [f"import {name.rpartition('.')[0]}", f"router = {name}()"]
    calls = [call if spec.kind == "application" else call.replace("app.", "router.", 1) for call in calls]
    survives(tmp_path, program(application, [*extra, *calls], where))


@pytest.mark.parametrize("where", ["build", "startup", "serving"])
def test_odd_calls_of_known_functions(where: str, tmp_path: Path) -> None:
    calls = [f"import {name.rpartition('.')[0]}" for name in sorted(TABLES.functions) if "." in name]
    calls += [form for name in sorted(TABLES.functions) for form in forms(name, TABLES.functions[name].arguments)]
    survives(tmp_path, program("fastapi.FastAPI", calls, where))


@pytest.mark.parametrize("where", ["build", "startup", "serving"])
def test_odd_calls_of_builtins_and_of_state(where: str, tmp_path: Path) -> None:
    calls = [form for name in NAMES for form in forms(name, ("key", "default"))]
    for holder in ("app.state", "app", "app.ctx", "app.config", "app.extensions", "request.app.state", "unknown"):
        for method in ("get", "pop", "setdefault", "update", "items", "keys", "clear", "__getitem__", "__setattr__",
                       "append", "extend", "from_object", "__contains__", "copy"):  # fmt: skip
            calls += forms(f"{holder}.{method}", ("default",))
    survives(tmp_path, program("fastapi.FastAPI", calls, where))


def test_a_fault_of_the_linter_costs_one_launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "END_IT", False)
    run_all = life.Life.run_all

    def failing(self: life.Life) -> None:
        if self.root is not None and self.root.file == "bad.py":
            raise IndexError("tuple index out of range")
        run_all(self)

    monkeypatch.setattr(life.Life, "run_all", failing)
    text = "from fastapi import FastAPI\napp = FastAPI()\n\n\n@app.get('/')\ndef show():\n    return app.state.db\n"
    (tmp_path / "appstate-lint.toml").touch()
    for name in ("bad.py", "good.py"):
        (tmp_path / name).write_text(text, encoding="utf-8")
    report = engine.analyze(tmp_path, config.load(tmp_path, None))
    assert [(each.file, each.code) for each in report.findings] == [("bad.py", "E7899"), ("good.py", "E7802")]
    (gap,) = report.gaps
    assert gap.text.startswith("bad:<module>: the linter itself failed (IndexError in ")
    assert (gap.file, report.findings[0].message) == ("bad.py", gap.text)


@pytest.mark.parametrize("error", [ValueError, KeyError, RecursionError, MemoryError])
def test_a_fault_of_a_rule_costs_that_rule(
    error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "END_IT", False)
    (tmp_path / "appstate-lint.toml").touch()
    text = "from fastapi import FastAPI\napp = FastAPI()\n\n\n@app.get('/')\ndef show():\n    return app.state.db\n"
    (tmp_path / "main.py").write_text(text, encoding="utf-8")

    def failing(_: object) -> list[Finding]:
        raise error("db")

    for rule, _ in checks.CHECKS:
        broken = tuple((each, failing if each is rule else check) for each, check in checks.CHECKS)
        monkeypatch.setattr(checks, "CHECKS", broken)
        report = engine.analyze(tmp_path, config.load(tmp_path, None))
        monkeypatch.undo()
        monkeypatch.setattr(faults, "END_IT", False)
        found = [each.code for each in report.findings]
        assert found == (["E7899"] if rule.code == "E7802" else ["E7899", "E7802"])
        (gap,) = report.gaps
        assert gap.text.startswith(f"{rule.name}: the linter itself failed ({error.__name__}")
        assert (gap.file, gap.line) == ("main.py", 2)
