"""Every case of every rule page, and of ``cases/``, through every door: all must give the findings that are marked.

By default the doors are not asked again about what is only translated, and pylint neither with two processes nor from
standard input: through those go the projects of ``test_doors``.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pages
import pytest
import translation
from doors import (
    CONFIG_ERROR,
    SEVERITIES,
    Hit,
    Hits,
    command_hits,
    compared,
    engine_hits,
    in_python,
    python_files,
    run_pylint,
    stdin_hits,
)
from pages import Case, Mark, PageError

from appstate_lint import config
from appstate_lint.checks import RULES
from appstate_lint.files import rules_folder
from appstate_lint.report.rules import page_summary

INTERNAL_ERROR = "appstate-internal-error"
SECTIONS = ("What it finds", "Why it matters", "Bad", "Good", "How to fix", "Options", "Known misses")

PAGES = pages.read_pages(rules_folder())
MORE = pages.read_pages(Path(__file__).parent / "cases")
"""Further cases, by topic, which would make the pages too long to read."""
CASES = list(pages.all_cases(PAGES | MORE))

ORIGINALS = [case for case in CASES if case.framework == "fastapi"]
"""Cases as they are written; their translations need not go through the slow doors again."""
TRANSLATED = list(translation.translated(ORIGINALS))
ONLY_FASTAPI = {"appstate-build-api-after-build", "appstate-startup-not-run", "appstate-only-tests-write"}
"""Rules whose cases need what only FastAPI and Starlette have: what these ignore, and their test clients."""

OF_NO_FRAMEWORK = {"appstate-leftover-import", "appstate-leftover-patch", "appstate-removed-accessor"}
"""Rules whose cases have no application."""

each_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
each_original = pytest.mark.parametrize("case", ORIGINALS, ids=[case.name for case in ORIGINALS])
through_a_door = pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=() if case.framework == "fastapi" else pytest.mark.whole)
        for case in CASES
    ],
)


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases on disk, a folder each."""
    folder = tmp_path_factory.mktemp("cases")
    for case in CASES:
        case.write(folder)
    return folder


@pytest.fixture(scope="session")
def by_engine(tree: Path) -> Callable[[Case], Hits]:
    """What the engine finds in a case: looked for once, and compared with what comes through each door."""

    @functools.cache
    def hits(name: str) -> Hits:
        return frozenset(engine_hits(tree / name))

    return lambda case: compared(case, hits(case.name))


@pytest.fixture(scope="session")
def one_process(tree: Path) -> Callable[[str], Mapping[str, set[Hit]]]:
    """What pylint finds in all cases of a framework, in one run."""
    return functools.cache(
        lambda name: run_pylint(tree, python_files(case for case in CASES if case.framework == name))
    )


@pytest.fixture(scope="session")
def two_processes(tree: Path) -> Mapping[str, set[Hit]]:
    return run_pylint(tree, python_files(ORIGINALS), "-j2")


def in_an_editor(case: Case, root: Path, hits: Hits) -> Hits:
    """What pylint must say of ``case``: what the engine does, but a broken configuration on line 1 of each file."""
    try:
        config.load(root, None)
    except config.ConfigErrors:
        return frozenset(Hit(CONFIG_ERROR, file, 1, 0) for file in case.files if file.endswith(".py"))
    return in_python(hits)


# --- the tests ------------------------------------------------------------------------------------------------------


@each_case
def test_the_engine_finds_what_is_marked(case: Case, by_engine: Callable[[Case], Hits]) -> None:
    assert {Mark(hit.rule, hit.file, hit.line) for hit in by_engine(case)} == case.marks


@pytest.mark.parametrize("case", TRANSLATED, ids=[case.name for case in TRANSLATED])
def test_what_is_marked_is_found_under_other_frameworks(case: Case, tmp_path: Path) -> None:
    hits = compared(case, engine_hits(case.write(tmp_path)))
    assert {Mark(hit.rule, hit.file, hit.line) for hit in hits} == case.marks


def test_most_rules_have_a_shape_in_other_frameworks() -> None:
    counts = Counter(case.framework for case in TRANSLATED)
    assert counts.keys() == translation.TRANSLATIONS.keys()
    assert min(counts.values()) >= 100
    assert PAGES.keys() - {case.page for case in TRANSLATED} <= ONLY_FASTAPI | OF_NO_FRAMEWORK


@through_a_door
def test_the_command_line_agrees(case: Case, tree: Path, by_engine: Callable[[Case], Hits]) -> None:
    assert compared(case, command_hits(tree / case.name)) == by_engine(case)


@through_a_door
def test_pylint_agrees(
    case: Case, tree: Path, by_engine: Callable[[Case], Hits], one_process: Callable[[str], Mapping[str, set[Hit]]]
) -> None:
    found = one_process(case.framework).get(case.name, ())
    assert compared(case, found) == in_an_editor(case, tree / case.name, by_engine(case))


@pytest.mark.whole
@each_original
def test_pylint_with_two_processes_agrees(
    case: Case, tree: Path, by_engine: Callable[[Case], Hits], two_processes: Mapping[str, set[Hit]]
) -> None:
    assert compared(case, two_processes.get(case.name, ())) == in_an_editor(case, tree / case.name, by_engine(case))


@pytest.mark.whole
@each_original
def test_pylint_from_standard_input_agrees(
    case: Case, tree: Path, by_engine: Callable[[Case], Hits], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = in_an_editor(case, tree / case.name, by_engine(case))
    for file in sorted({hit.file for hit in expected}):
        found = compared(case, stdin_hits(tree, tree / case.name / file, monkeypatch))
        assert found == {hit for hit in expected if hit.file == file}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_the_sections_of_a_page(name: str) -> None:
    code = next((rule.code for rule in RULES if rule.name == name), "no rule")
    found = pages.headings(PAGES[name])
    assert found[0] == f"{name} ({code})"
    assert [heading for heading in found if heading in SECTIONS] == list(SECTIONS)
    assert page_summary(PAGES[name])


@pytest.mark.parametrize("name", sorted(PAGES.keys() - {INTERNAL_ERROR}))
def test_a_page_shows_its_own_finding(name: str) -> None:
    assert name in {mark.rule for case in CASES if case.page == name for mark in case.marks}


def test_marks_name_rules() -> None:
    assert {mark.rule for case in CASES for mark in case.marks} <= SEVERITIES.keys()


# --- the harness itself ---------------------------------------------------------------------------------------------

PAGE = """\
# a-rule (E7800)

frameworks: fastapi starlette

## Bad

Prose.

`shop/a.py`
```python
from fastapi import FastAPI, Request
app = FastAPI()  # [rule-one, rule-two]
@app.get("/x")
async def x(request: Request): ...
```

`appstate-lint.toml`
```toml
closed = true
```

### Another

`b.py`:
```python
x = "# [not-a-mark]" + ""
```
"""


def test_a_case_ends_at_the_next_heading() -> None:
    assert [(case.heading, case.framework, sorted(case.files)) for case in pages.cases("a-rule", PAGE)] == [
        ("Bad", "fastapi", ["appstate-lint.toml", "shop/a.py"]),
        ("Bad", "starlette", ["appstate-lint.toml", "shop/a.py"]),
        ("Another", "fastapi", ["b.py"]),
        ("Another", "starlette", ["b.py"]),
    ]


def test_marks_stand_at_the_end_of_a_line() -> None:
    marks = [case.marks for case in pages.cases("a-rule", PAGE) if case.framework == "fastapi"]
    assert marks == [{Mark("rule-one", "shop/a.py", 2), Mark("rule-two", "shop/a.py", 2)}, set()]


def test_a_translation_keeps_the_lines() -> None:
    (starlette,) = [c for c in pages.cases("a-rule", PAGE) if (c.heading, c.framework) == ("Bad", "starlette")]
    assert starlette.files["shop/a.py"].splitlines() == [
        "from starlette.applications import Starlette; from starlette.requests import Request",
        "app = Starlette()  # [rule-one, rule-two]",
        "",
        "async def x(request: Request): ...",
        'app.add_route("/x", x, methods=["GET"])',
    ]


def test_a_case_that_needs_fastapi_runs_under_it_alone() -> None:
    page = PAGE.replace("FastAPI, Request", "Depends, FastAPI, Request", 1)
    assert [(case.heading, case.framework) for case in pages.cases("a-rule", page)] == [
        ("Bad", "fastapi"),
        ("Another", "fastapi"),
        ("Another", "starlette"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("`shop/a.py`\n", "", "without a path"),
        ("`appstate-lint.toml`", "`shop/a.py`", "given twice"),
        ("fastapi starlette", "fastapi tornado", "no translation"),
        ("Request\napp", "Form\napp", "Starlette has no Form"),
        ('@app.get("/x")', '@app.get("/x", tags=["x"])', "cannot translate"),
    ],
)
def test_a_page_that_breaks_the_agreement_is_refused(old: str, new: str, problem: str) -> None:
    with pytest.raises(PageError, match=problem):
        pages.cases("a-rule", PAGE.replace(old, new, 1))
