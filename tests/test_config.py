"""Configuration: what is accepted, what is refused, and where the errors are said to be."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from appstate_lint.config import (
    CONTRACT_KEYWORDS,
    Component,
    ConfigError,
    ConfigErrors,
    ContractClass,
    Edge,
    Migration,
    PhaseFunction,
    PhaseMarker,
    Settings,
    Status,
    load,
    nearest,
)
from appstate_lint.model import Severity
from appstate_lint.toml_lines import key_lines

FULL = """\
exclude = ["migrations/**"]
tests = ["tests/**", "**/conftest.py"]
applications = ["shop.main:app"]
phases = ["initialization", "configuration", "integration"]
closed = true
external-writers = ["settings"]
external-readers = ["limiter"]

[phase-functions]
"shop.boot:Boot._phase1_*" = "initialization"

[[phase-markers]]
call = "shop.boot:Boot._set_phase"
argument = "phase"
edge = "end"
names = { INIT = "initialization", WIRE = "configuration" }

[contract-class]
call = "shop.contracts:Contract"
keywords = { name = "of", owner = "team" }
names = { INIT = "initialization" }

[components.agent_bridge]
type = "shop.bridge:Bridge"
phase = "configuration"
depends-on = ["connection_pool"]
description = "Bridge"
business-value = "Chat"
severity = "error"
owner = "team-chat"
optional = true
nullable = true
applications = ["shop.main:app"]

[[migrations]]
name = "bridge-to-factory"
accessors = ["shop.bridge:get_bridge", "shop.legacy:Registry.instance"]
component = "agent_bridge"
replacement = "shop.bridge:create_bridge"
retired = ["bridge"]
status = "complete"
allow = ["shop/compat.py"]
until = 2027-03-01
"""


def write(root: Path, text: str, name: str = "appstate-lint.toml") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def in_pyproject(text: str) -> str:
    """Return the same configuration as part of a ``pyproject.toml``, one line further down."""
    return "[tool.appstate-lint]\n" + re.sub(r"^(\[+)", r"\1tool.appstate-lint.", text, flags=re.MULTILINE)


def errors(root: Path, explicit: Path | None = None) -> tuple[ConfigError, ...]:
    with pytest.raises(ConfigErrors) as caught:
        load(root, explicit)
    assert str(caught.value) == "\n".join(map(str, caught.value.errors))
    return caught.value.errors


def test_every_key(tmp_path: Path) -> None:
    write(tmp_path, FULL)
    settings = load(tmp_path)
    assert len(settings.digest) == 64
    assert settings == Settings(
        exclude=("migrations/**",),
        tests=("tests/**", "**/conftest.py"),
        applications=("shop.main:app",),
        phases=("initialization", "configuration", "integration"),
        phase_lines=(4, 4, 4),
        contract_class=ContractClass(
            "shop.contracts:Contract",
            tuple({**CONTRACT_KEYWORDS, "name": "of", "owner": "team"}.items()),
            (("INIT", "initialization"),),
            18,
        ),
        closed=True,
        external_writers=("settings",),
        external_readers=("limiter",),
        phase_functions=(PhaseFunction("shop.boot:Boot._phase1_*", "initialization", 10),),
        phase_markers=(
            PhaseMarker(
                call="shop.boot:Boot._set_phase",
                argument="phase",
                edge=Edge.END,
                names=(("INIT", "initialization"), ("WIRE", "configuration")),
                line=12,
            ),
        ),
        components=(
            Component(
                name="agent_bridge",
                type="shop.bridge:Bridge",
                phase="configuration",
                depends_on=("connection_pool",),
                description="Bridge",
                business_value="Chat",
                severity=Severity.ERROR,
                owner="team-chat",
                optional=True,
                nullable=True,
                applications=("shop.main:app",),
                line=23,
            ),
        ),
        migrations=(
            Migration(
                name="bridge-to-factory",
                accessors=("shop.bridge:get_bridge", "shop.legacy:Registry.instance"),
                component="agent_bridge",
                replacement="shop.bridge:create_bridge",
                retired=("bridge",),
                status=Status.COMPLETE,
                allow=("shop/compat.py",),
                until=datetime.date(2027, 3, 1),
                line=35,
            ),
        ),
        file="appstate-lint.toml",
        digest=settings.digest,
    )


def test_pyproject_means_the_same(tmp_path: Path) -> None:
    own = load(write(tmp_path / "own", FULL).parent)
    write(tmp_path / "shared", in_pyproject(FULL), "pyproject.toml")
    shared = load(tmp_path / "shared")
    assert shared.file == "pyproject.toml"
    assert shared.digest == own.digest
    assert shared.components[0].line == own.components[0].line + 1
    assert shared.migrations[0].accessors == own.migrations[0].accessors


def test_nothing_is_required(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    settings = load(tmp_path / "a")
    assert settings == Settings(digest=settings.digest)
    assert settings.digest
    write(tmp_path / "b", "")
    assert load(tmp_path / "b") == Settings(file="appstate-lint.toml", digest=settings.digest)


def test_digest_follows_content_not_layout(tmp_path: Path) -> None:
    plain = load(write(tmp_path / "a", 'phases = ["x"]\nclosed = true\n').parent).digest
    spaced = load(write(tmp_path / "b", '# why\n\nphases  = [\n "x",\n]\nclosed=true').parent).digest
    other = load(write(tmp_path / "c", 'phases = ["y"]\nclosed = true\n').parent).digest
    assert plain == spaced != other


def test_own_file_wins_and_nothing_is_merged(tmp_path: Path) -> None:
    write(tmp_path, 'phases = ["own"]')
    write(tmp_path, '[tool.appstate-lint]\nphases = ["shared"]\nclosed = true', "pyproject.toml")
    settings = load(tmp_path)
    assert settings.phases == ("own",)
    assert not settings.closed


@pytest.mark.parametrize(
    ("files", "root", "phases", "file"),
    [
        ({"appstate-lint.toml": "up", ".git/HEAD": ""}, "a/b", ("up",), "appstate-lint.toml"),
        (
            {"appstate-lint.toml": "up", "a/appstate-lint.toml": "near", ".git/HEAD": ""},
            "a/b",
            ("near",),
            "appstate-lint.toml",
        ),
        ({"appstate-lint.toml": "up", "a/.git/HEAD": ""}, "a/b", (), None),
        ({"appstate-lint.toml": "up"}, "a/b", (), None),
        ({"pyproject.toml": "", "a/b/pyproject.toml": "", ".git/HEAD": ""}, "a/b", (), None),
        ({"pyproject.toml": "up", "a/b/pyproject.toml": "", ".git/HEAD": ""}, "a/b", ("up",), "pyproject.toml"),
        ({"a/b/pyproject.toml": "here"}, "a/b", ("here",), "pyproject.toml"),
    ],
)
def test_nearest_configuration(
    tmp_path: Path, files: dict[str, str], root: str, phases: tuple[str, ...], file: str | None
) -> None:
    (tmp_path / root).mkdir(parents=True)
    for name, phase in files.items():
        table = "[tool.appstate-lint]\n" if name.endswith("pyproject.toml") else ""
        write(tmp_path, f'{table}phases = ["{phase}"]' if phase else "", name)
    settings = load(tmp_path / root)
    assert (settings.phases, settings.file) == (phases, file)


@pytest.mark.parametrize(
    ("name", "text", "file"),
    [
        ("appstate-lint.toml", 'phases = ["x"]', "appstate-lint.toml"),
        ("conf/pyproject.toml", '[tool.appstate-lint]\nphases = ["x"]', "conf/pyproject.toml"),
        ("ci.toml", 'phases = ["x"]', "ci.toml"),
        ("ci.toml", '[tool.appstate-lint]\nphases = ["x"]', "ci.toml"),
        ("../outside.toml", 'phases = ["x"]', "outside.toml"),
    ],
)
def test_explicit_file(tmp_path: Path, name: str, text: str, file: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    write(root, 'phases = ["not me"]')
    settings = load(root, Path(os.path.normpath(write(root, text, name))))
    assert (settings.phases, settings.file) == (("x",), file)


def test_a_broken_pyproject_of_others_is_not_our_error(tmp_path: Path) -> None:
    write(tmp_path, "[tool.black\n", "pyproject.toml")
    assert load(tmp_path).file is None
    write(tmp_path, "[tool.appstate-lint]\n[tool.black\n", "pyproject.toml")
    assert [error.line for error in errors(tmp_path)] == [2]


BAD = [
    ("clsed = true", 1, "clsed", "did you mean 'closed'?"),
    ("\n\nwhatever = 1", 3, "whatever", "known are applications"),
    ("exclude = 'x'", 1, "exclude", 'not a string; write exclude = ["…"]'),
    ("\nexclude = [1]", 2, "exclude[0]", "not an integer"),
    ("exclude = [\n  'a',\n  # b\n  3.5,\n]", 4, "exclude[1]", "not a number"),
    ("tests = {}", 1, "tests", "not a table"),
    ("tests = [['x']]", 1, "tests[0]", "not a list"),
    ("applications = true", 1, "applications", "not a boolean"),
    ("applications = ['shop/main.py:app']", 1, "applications[0]", "shop.main:app"),
    ("applications = ['a:b:c']", 1, "applications[0]", "module:name"),
    ("applications = ['']", 1, "applications[0]", "module:name"),
    ("applications = ['a b']", 1, "applications[0]", "module:name"),
    ("applications = ['.main:app']", 1, "applications[0]", "module:name"),
    ("phases = 3", 1, "phases", "a list of strings"),
    ("phases = ['a', 'b',\n'a']", 2, "phases[2]", "named twice"),
    ("phases = ['a', 'startup']", 1, "phases[1]", "built-in phase"),
    ("phases = ['unknown']", 1, "phases[0]", "built-in phase"),
    ("phases = ['']", 1, "phases[0]", "no name"),
    ("closed = 'yes'", 1, "closed", "expected true or false, not a string"),
    ("closed = 1", 1, "closed", "not an integer"),
    ("external-writers = 'x'", 1, "external-writers", "not a string"),
    ("external_writers = ['x']", 1, "external_writers", "'external-writers'"),
    ("external-readers = [2027-01-01]", 1, "external-readers[0]", "not a date"),
    ("exclude = ['/etc/**']", 1, "exclude[0]", "is absolute"),
    ("exclude = ['C:\\x']", 1, "exclude[0]", "is absolute"),
    ("exclude = ['!/x']", 1, "exclude[0]", "is absolute"),
    ("exclude = ['a/../../b']", 1, "exclude[0]", "leads out"),
    ("tests = ['ok', '../x']", 1, "tests[1]", "leads out"),
    ("tests = [' ']", 1, "tests[0]", "matches nothing"),
    ("phase-functions = ['x']", 1, "phase-functions", "expected a table, not a list"),
    ("phases = ['setup']\n[phase-functions]\n'a:b' = 'setpu'", 3, 'phase-functions."a:b"', "did you mean 'setup'?"),
    ("[phase-functions]\n'a:b' = 'serving'", 2, 'phase-functions."a:b"', "unknown phase 'serving'"),
    ("[phase-functions]\n'a:b' = 1", 2, 'phase-functions."a:b"', "expected a string"),
    ("[phase-functions]\n'a/b.py' = 'build'", 2, 'phase-functions."a/b.py"', "a.b"),
    ("phase-functions.\"a:b\" = 'late'", 1, 'phase-functions."a:b"', "unknown phase"),
    ("[phase-markers]\ncall = 'a:b'", 1, "phase-markers", "write [[phase-markers]]"),
    ("phase-markers = ['x']", 1, "phase-markers[0]", "expected a table"),
    ("[[phase-markers]]", 1, "phase-markers[0].call", "missing; add call"),
    ("[[phase-markers]]\ncall = 1", 2, "phase-markers[0].call", "expected a string"),
    ("[[phase-markers]]\ncall = 'a b'", 2, "phase-markers[0].call", "module:name"),
    ("[[phase-markers]]\ncall = 'a:b'\nargument = -1", 3, "phase-markers[0].argument", "from 0 to 255"),
    ("[[phase-markers]]\ncall = 'a:b'\nargument = " + "9" * 4000, 3, "phase-markers[0].argument", "from 0 to 255"),
    ("[[phase-markers]]\ncall = 'a:b'\nargument = true", 3, "phase-markers[0].argument", "not a boolean"),
    ("[[phase-markers]]\ncall = 'a:b'\nedge = 'beginn'", 3, "phase-markers[0].edge", "did you mean 'begin'?"),
    ("[[phase-markers]]\ncall = 'a:b'\nedge = 1", 3, "phase-markers[0].edge", "one of begin, end"),
    ("[[phase-markers]]\ncall = 'a:b'\nnames = { A = 'x' }", 3, "phase-markers[0].names.A", "unknown phase 'x'"),
    ("[[phase-markers]]\ncall = 'a:b'\n[phase-markers.names]\nA = 'x'", 4, "phase-markers[0].names.A", "unknown phase"),
    ("[[phase-markers]]\ncall = 'a:b'\nnames.A = 1", 3, "phase-markers[0].names.A", "expected a string"),
    ("[[phase-markers]]\ncall = 'a:b'\nnames = 'x'", 3, "phase-markers[0].names", "a table of strings"),
    (
        "[[phase-markers]]\ncall='a:b'\n\n[[phase-markers]]\ncall = 'a:b'\ncal = 'a:b'",
        6,
        "phase-markers[1].cal",
        "'call'",
    ),
    ("components = 1", 1, "components", "[components.NAME]"),
    ("[components]\ndb = 1", 2, "components.db", "write [components.db]"),
    ("[[components]]\nname = 'db'", 1, "components", "not a list"),
    ("[components.db]\ntype = 'x:Y'\nphaze = 'build'", 3, "components.db.phaze", "did you mean 'phase'?"),
    ("[components.db]\nphase = 'import'", 2, "components.db.phase", "one of build, startup"),
    ("[components]\ndb = { phase = 'x' }", 2, "components.db.phase", "unknown phase"),
    ("[components.db]\ndepends-on = ['a', 'db']", 2, "components.db.depends-on[1]", "depends on itself"),
    ("[components.db]\ndepends-on = 'a'", 2, "components.db.depends-on", "a list of strings"),
    ("[components.db]\ndepends_on = ['a']", 2, "components.db.depends_on", "'depends-on'"),
    ("[components.db]\nseverity = 'eror'", 2, "components.db.severity", "did you mean 'error'?"),
    ("[components.db]\nseverity = 'off'", 2, "components.db.severity", "known are error, warning, info"),
    ("[components.db]\noptional = 'no'", 2, "components.db.optional", "true or false"),
    ("[components.db]\nnullable = 0", 2, "components.db.nullable", "true or false"),
    ("[components.db]\ntype = 'x.y:'", 2, "components.db.type", "module:name"),
    ("[components.db]\nowner = []", 2, "components.db.owner", "a string, not a list"),
    ("[components.db]\napplications = ['x/y.py']", 2, "components.db.applications[0]", "x.y"),
    ("[components.'a.b']\nphase = 'x'", 2, 'components."a.b".phase', "unknown phase"),
    ('[components."a\\"b"]\nphase = "x"', 2, 'components."a"b".phase', "unknown phase"),
    ("contract-class = 'x'", 1, "contract-class", "write [contract-class]"),
    ("[contract-class]\nname = 'x'", 2, "contract-class.name", "did you mean 'names'?"),
    ("[contract-class]\ncall = 'x/y.py'", 2, "contract-class.call", "x.y"),
    ("[contract-class]\nnames = { A = 'x' }", 2, "contract-class.names.A", "unknown phase"),
    ("[contract-class]\nkeywords = { nam = 'x' }", 2, "contract-class.keywords.nam", "did you mean 'name'?"),
    ("[contract-class]\nkeywords = { name = 1 }", 2, "contract-class.keywords.name", "expected a string"),
    ("[migrations]\nname = 'x'", 1, "migrations", "[[migrations]]"),
    ("[[migrations]]\nretired = ['x']", 1, "migrations[0].name", "missing"),
    ("[[migrations]]\nname = 'x'", 1, "migrations[0]", "add accessors or retired"),
    ("[[migrations]]\nname = 'x'\naccessors = ['a/b.py:c']", 3, "migrations[0].accessors[0]", "a.b:c"),
    ("[[migrations]]\nname = 'x'\nretired = ['x']\nstatus = 'complet'", 4, "migrations[0].status", "'complete'"),
    ("[[migrations]]\nname = 'x'\nretired = ['x']\nuntil = '2027-03-01'", 4, "migrations[0].until", "without quotes"),
    (
        "[[migrations]]\nname = 'x'\nretired = ['x']\nuntil = 2027-03-01T10:00:00",
        4,
        "migrations[0].until",
        "with a time",
    ),
    ("[[migrations]]\nname = 'x'\nretired = ['x']\nuntil = 10:00:00", 4, "migrations[0].until", "not a time"),
    ("[[migrations]]\nname = 'x'\nretired = ['x']\nallow = ['../c.py']", 4, "migrations[0].allow[0]", "leads out"),
    (
        "[[migrations]]\nname = 'x'\nretired = ['x']\n[[migrations]]\nname = 'x'\nretired = ['y']",
        5,
        "migrations[1].name",
        "another migration",
    ),
    ("description = '''\nclsed = 1\n'''\n", 1, "description", "unknown key"),
    ('exclude = ["""\nclsed = 1\n"""]\nclsed = 2', 4, "clsed", "'closed'"),
    ("exclude = ['a#b', \"]\", '[x]']\n# clsed = 1\nclsed = 2", 3, "clsed", "'closed'"),
    ("closed = = 1", 1, "", "this is not TOML"),
    ("\nclosed = true\nclosed = false", 3, "", "this is not TOML"),
    ("\n\nexclude = ['a',", 3, "", "this is not TOML"),
    ("\n[components\n", 2, "", "this is not TOML"),
    ("until = 2027-13-01", 1, "", "this is not TOML"),
    ("closed = " + "9" * 5000, 1, "", "this is not TOML"),
    ("closed = " + "[" * 5000 + "]" * 5000, 1, "", "nested too deeply"),
]


@pytest.mark.parametrize(("text", "line", "key", "words"), BAD)
def test_one_error(tmp_path: Path, text: str, line: int, key: str, words: str) -> None:
    write(tmp_path, text)
    [error] = errors(tmp_path)
    assert (error.file, error.line, error.key) == ("appstate-lint.toml", line, key)
    assert words in error.problem
    assert str(error).startswith(f"appstate-lint.toml:{line}: {key}")
    assert "\n" not in str(error)


@pytest.mark.parametrize(("text", "line", "key"), [row[:3] for row in BAD if row[2]])
def test_the_same_error_in_pyproject(tmp_path: Path, text: str, line: int, key: str) -> None:
    write(tmp_path, in_pyproject(text), "pyproject.toml")
    [error] = errors(tmp_path)
    assert (error.file, error.line, error.key) == ("pyproject.toml", line + 1, key)


def test_all_errors_at_once_in_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        "closd = true\nphases = ['a', 'a']\n[[phase-markers]]\nedge = 'x'\n[components.db]\nphase = 'b'\ntype = 1\n"
        "[[migrations]]\nname = 'm'\nuntil = 1\n",
    )
    assert [(error.line, error.key) for error in errors(tmp_path)] == [
        (1, "closd"),
        (2, "phases[1]"),
        (3, "phase-markers[0].call"),
        (4, "phase-markers[0].edge"),
        (6, "components.db.phase"),
        (7, "components.db.type"),
        (8, "migrations[0]"),
        (10, "migrations[0].until"),
    ]


@pytest.mark.parametrize(
    ("name", "data", "line", "words"),
    [
        ("appstate-lint.toml", b"closed = true\nexclude = ['\xff']", 2, "not UTF-8"),
        ("pyproject.toml", b"[tool]\nappstate-lint = 3", 2, "write [tool.appstate-lint]"),
        ("pyproject.toml", b"[[tool.appstate-lint]]\nclosed = true", 1, "not a list"),
    ],
)
def test_bad_file(tmp_path: Path, name: str, data: bytes, line: int, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    [error] = errors(tmp_path)
    assert (error.file, error.line) == (name, line)
    assert words in error.problem


def test_bad_explicit_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.toml")
    (tmp_path / "folder.toml").mkdir()
    write(tmp_path, "[tool.black]", "pyproject.toml")
    for name, words in {
        "fifo.toml": "regular file",
        "folder.toml": "regular file",
        "missing.toml": "No such file",
        "null\0.toml": "cannot be read",
        "pyproject.toml": "no such table",
    }.items():
        [error] = errors(tmp_path, tmp_path / name)
        assert words in error.problem
        assert error.line == 1


def test_fifo_in_place_of_configuration_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "appstate-lint.toml")
    (tmp_path / "pyproject.toml").mkdir()
    assert load(tmp_path).file is None


def test_byte_order_mark_and_crlf(tmp_path: Path) -> None:
    (tmp_path / "appstate-lint.toml").write_bytes(b"\xef\xbb\xbfclosed = true\r\n\r\nphases = 1\r\n")
    assert [(error.line, error.key) for error in errors(tmp_path)] == [(3, "phases")]


@pytest.mark.parametrize(
    ("word", "words", "expected"),
    [
        ("event_buss", ["event_bus", "cache"], "event_bus"),
        ("cluster", ["cluster_manager", "database"], "cluster_manager"),
        ("event_bus", ["domain_event_bus", "evening"], "domain_event_bus"),
        ("db", ["primary_read_replica_db", "cache"], "primary_read_replica_db"),
        ("DB", ["db"], "db"),
        ("same", ["same"], None),
        ("apples", ["zebra"], None),
        ("x", [], None),
        ("", ["a"], None),
        ("pool_a", ["pool_c", "pool_b"], "pool_b"),
    ],
)
def test_nearest(word: str, words: list[str], expected: str | None) -> None:
    assert nearest(word, words) == expected
    assert nearest(word, reversed(words)) == expected


def test_lines_of_keys() -> None:
    text = (
        "a.b = 1 # x = 2\n"
        "[t.\"q.r\"]\nx = '''\ny = 1\n'''\n"
        "[[l]]\nk = [ # ]\n 1, # [\n {p = 2,\n q = [3]}, ]\n[l.sub]\nz = 1\n"
        '[[l]]\nk = "\\"]"\n[[l.in]]\nv=1970-01-01 10:00:00\nw=0\n'
    )
    lines = key_lines(text)
    assert lines["a",] == lines["a", "b"] == 1
    assert lines["t", "q.r"] == 2
    assert lines["t", "q.r", "x"] == 3
    assert ("t", "q.r", "y") not in lines
    assert lines["l", 0] == 6
    assert lines["l", 0, "k", 0] == 8
    assert lines["l", 0, "k", 1, "q"] == 10
    assert lines["l", 0, "sub", "z"] == 12
    assert lines["l", 1, "k"] == 14
    assert lines["l", 1, "in", 0, "w"] == 17


@pytest.mark.parametrize(
    "text", ["[", "]", "=", "a", "a =", "a = [", "a = {", '"', "[[", "'''", "a.", "{}", "\x00", "a = [1", "[a\nb=1"]
)
def test_lines_of_what_is_not_toml(text: str) -> None:
    assert isinstance(key_lines(text), dict)


def test_settings_do_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    write(tmp_path, FULL)
    code = "import sys; from pathlib import Path; from appstate_lint.config import load; print(load(Path(sys.argv[1])))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[1],
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
