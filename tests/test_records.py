"""The records of a migration: what is written, what people's text becomes, and which claims are found wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_migrations import AFTER, BEFORE, HALF_WAY, NAME, SERVICE_OLD, STAGES, git, run, written

DAY = ("--today", "2027-01-02")
CHECKS = [
    *("factory", "start-up", "findings", "product", "tests", "definitions", "exceptions", "sight", "declared"),
    "complete",
]
HELD = {
    "before": {"findings", "exceptions", "sight"},
    "half-way": {"findings", "exceptions", "sight", "factory", "start-up"},
    "after": set(CHECKS),
}
KINDS = ("adr", "checklist")


def record(root: Path, kind: str, name: str = "RECORD.md") -> Path:
    """Write, or write again, a record of a kind."""
    target = root / name
    code, out, err = run("migrate", kind, NAME, str(root), "--update", str(target), *DAY)
    assert (code, out) == (0, ""), err
    return target


def verified(root: Path, *more: str) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit code, and all claims of the records."""
    code, out, err = run("migrate", "verify", NAME, str(root), "--records", "--output-format", "json", *more)
    assert code in (0, 1), err
    answer = json.loads(out)
    assert answer["true"] is (code == 0)
    return code, answer["claims"]


def wrong(root: Path) -> list[tuple[str, int, str]]:
    return [(each["file"], each["line"], each["text"]) for each in verified(root)[1] if each["verdict"] == "wrong"]


def edited(target: Path, change: Callable[[str], str]) -> None:
    target.write_bytes(change(target.read_bytes().decode("utf-8")).encode("utf-8"))


def box(text: str, check: str) -> str:
    """Return the line with the mark of a check."""
    (line,) = [line for line in text.splitlines() if f"{NAME} {check} -->" in line]
    return line


# --- written --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_record_ticks_what_the_code_shows_and_is_true(kind: str, stage: str, tmp_path: Path) -> None:
    root = written(tmp_path, STAGES[stage])
    text = record(root, kind).read_text("utf-8")
    assert {check for check in CHECKS if box(text, check).startswith("- [x] ")} == HELD[stage]
    assert {check for check in CHECKS if box(text, check).startswith("- [ ] ")} == set(CHECKS) - HELD[stage]
    code, claims = verified(root)
    assert code == 0
    assert len(claims) >= len(CHECKS)
    assert sum(each["verdict"] == "holds" for each in claims) >= len(HELD[stage])


def test_a_decision_record_says_what_was_known(tmp_path: Path) -> None:
    text = record(written(tmp_path, BEFORE), "adr").read_text("utf-8")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [f"## {word}" for word in ("Status", "Context", "Decision", "Consumers", "Risk", "Validation")]
    assert "Accepted (2027-01-02)\n" in text
    assert "On 2027-01-02, 4 places in 3 files of the product and 1 place in 1 file of test code take" in text
    assert "- `shop.bridge.get_bridge` (function, shop/bridge.py:9)\n" in text
    assert "Move to component 'bridge', made by shop.bridge:create_bridge.\n" in text
    assert "Medium (9 points) on 2027-01-02.\n" in text
    assert "- nothing sets component 'bridge' yet (+2)\n" in text
    consumers = text.partition("## Consumers")[2].partition("## Risk")[0]
    assert [line.split("`")[1] for line in consumers.splitlines() if line.startswith("- [ ]")] == [
        *("shop/api.py", "shop/service.py", "shop/__init__.py", "tests/test_service.py"),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_printed_without_a_file(kind: str, tmp_path: Path) -> None:
    root = written(tmp_path, HALF_WAY)
    code, out, _ = run("migrate", kind, NAME, str(root), *DAY)
    assert code == 0
    assert out == record(root, kind).read_text("utf-8")


# --- checked --------------------------------------------------------------------------------------------------------


def test_cleanup_completed_with_leftovers_alive_is_wrong_with_the_places(tmp_path: Path) -> None:
    root = written(tmp_path, HALF_WAY)
    (root / "docs").mkdir()
    target = record(root, "checklist", "docs/DONE.md")
    edited(target, lambda text: text.replace("- [ ] Cleanup completed", "- [x] Cleanup completed"))
    code, out, _ = run("migrate", "verify", NAME, str(root), "--records")
    assert code == 1
    assert out == (
        f"docs/DONE.md:17: {NAME}: not so: Cleanup completed\n"
        "  shop/bridge.py:13: shop.bridge.get_bridge still defined\n"
        "  shop/service.py:5: shop.bridge.get_bridge called\n"
        "  tests/test_service.py:7: shop.bridge.get_bridge patched as 'shop.service.get_bridge'\n"
        "1 record: 5 claims hold, 1 does not, 4 open\n"
    )


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("check", CHECKS)
def test_a_tick_is_wrong_exactly_if_the_code_shows_the_opposite(check: str, stage: str, tmp_path: Path) -> None:
    root = written(tmp_path, STAGES[stage])
    target = record(root, "checklist")
    line = box(target.read_text("utf-8"), check)
    edited(target, lambda text: text.replace(line, line.replace("- [ ]", "- [x]")))
    (claim,) = [each for each in verified(root)[1] if each["line"] == 1 + target.read_text("utf-8").split("\n").index(
        line.replace("- [ ]", "- [x]"))]  # fmt: skip
    assert (claim["verdict"] == "wrong") is (check not in HELD[stage])
    assert all(":" in place or "sets component" in place for place in claim["against"])


BROKEN = {
    "unset": ({"shop/main.py": BEFORE["shop/main.py"]}, {"start-up", "findings", "complete"}),
    "unparsable": ({"shop/broken.py": "def get_bridge(:\n"}, {"sight", "complete"}),
    "conditional": (
        {"shop/main.py": AFTER["shop/main.py"].replace("    app.s", "    if DEBUG:\n        app.s")},
        {"start-up", "findings", "complete"},
    ),
    "unresolved": (
        {"appstate-lint.toml": AFTER["appstate-lint.toml"].replace("shop.bridge:get", "shap.bridge:get")},
        {"sight", "complete"},
    ),
    "defined": ({"shop/bridge.py": HALF_WAY["shop/bridge.py"]}, {"definitions", "complete"}),
    "allowed": (
        {
            "appstate-lint.toml": AFTER["appstate-lint.toml"] + 'allow = ["shop/service.py"]\n',
            "shop/service.py": BEFORE["shop/service.py"],
            "shop/bridge.py": HALF_WAY["shop/bridge.py"],
        },
        {"exceptions", "definitions", "complete"},
    ),
    "elsewhere": ({"appstate-lint.toml": AFTER["appstate-lint.toml"].replace("create_", "make_")}, {"factory"}),
}


@pytest.mark.parametrize("how", BROKEN)
def test_each_check_looks_at_its_own_matter(how: str, tmp_path: Path) -> None:
    root = written(tmp_path, AFTER)
    record(root, "checklist")
    assert verified(root)[0] == run("migrate", "verify", NAME, str(root))[0] == 0
    files, expected = BROKEN[how]
    written(root, files)
    claims = [each for each in verified(root)[1] if each["verdict"] == "wrong"]
    text = (root / "RECORD.md").read_text("utf-8").split("\n")
    assert {text[each["line"] - 1].split()[-2] for each in claims} == expected
    assert run("migrate", "verify", NAME, str(root))[0] == ("complete" in expected)


def test_nothing_that_sets_the_component_stands_against_start_up(tmp_path: Path) -> None:
    root = written(tmp_path, BEFORE)
    target = record(root, "checklist")
    line = box(target.read_text("utf-8"), "start-up")
    edited(target, lambda text: text.replace(line, line.replace("[ ]", "[x]")))
    (claim,) = [each for each in verified(root)[1] if each["verdict"] == "wrong"]
    assert claim["against"] == [
        "shop/main.py:14: 'bridge' in shop.main:app",
        "nothing sets component 'bridge'",
    ]


def test_what_was_true_is_wrong_once_the_old_way_comes_back(tmp_path: Path) -> None:
    root = written(tmp_path, AFTER)
    record(root, "adr", "ADR.md")
    assert wrong(root) == []
    written(root, {"shop/bridge.py": HALF_WAY["shop/bridge.py"], "shop/more.py": SERVICE_OLD})
    assert [text for _, _, text in wrong(root)] == [
        "Cleanup completed", "No code of the product uses the old way", "The old way is no longer defined",
    ]  # fmt: skip


def test_a_consumer_ticked_by_hand_is_wrong_while_it_is_there(tmp_path: Path) -> None:
    root = written(tmp_path, HALF_WAY)
    target = record(root, "adr")
    edited(target, lambda text: text.replace("- [ ] `shop/service.py`", "- [x] `shop/service.py`"))
    (claim,) = [each for each in verified(root)[1] if each["verdict"] == "wrong"]
    assert claim["against"] == ["shop/service.py:5: notify (test, route): get_bridge called"]


MARK = f"<!-- appstate-lint: {NAME} complete -->"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (f"- [x] Fertig, alles weg! {MARK}", "wrong"),
        (f"* [X] **Cleanup** {MARK} (Anna, Tuesday)", "wrong"),
        (f"1. [x] Cleanup\n   completed, says\n   {MARK}", "wrong"),
        (f"> - [x] Cleanup completed {MARK}", "wrong"),
        (f"- Phase two\n  - [x] Cleanup completed {MARK}", "wrong"),
        (f"The cleanup is completed. {MARK}", "wrong"),
        (f"| [x] | Cleanup | {MARK} |", "wrong"),
        (f"- [x] Cleanup completed <!--appstate-lint:  {NAME}  complete-->", "wrong"),
        (f"- [x] Cleanup of `get_bridge {MARK}", "wrong"),
        (f"- [x] Cleanup completed\r\n  {MARK}\r\n", "wrong"),
        (f"| [ ] | Cleanup | {MARK} |", "open"),
        (f"- [ ] Something else\n\nThe cleanup is completed. {MARK}", "wrong"),
        (f"- [ ] Cleanup completed\n  {MARK}", "open"),
        (f"- [x] Something else\n\n- [ ] Cleanup completed {MARK}", "open"),
        (f"- [x] Something else\n- [ ] Cleanup completed {MARK}", "open"),
    ],
)
def test_a_mark_survives_what_people_do_to_its_line(text: str, verdict: str, tmp_path: Path) -> None:
    root = written(tmp_path, HALF_WAY)
    (root / "NOTES.md").write_bytes(f"# Notes\n\n{text}\n".encode())
    code, claims = verified(root)
    assert [each["verdict"] for each in claims] == [verdict]
    assert code == (1 if verdict == "wrong" else 0)


@pytest.mark.parametrize("text", [f"```\n- [x] Done {MARK}\n```", f"- [x] write `{MARK}` behind it", "- [x] Done"])
def test_an_example_is_no_claim(text: str, tmp_path: Path) -> None:
    root = written(tmp_path, {**HALF_WAY, "NOTES.md": text + "\n"})
    code, _, err = run("migrate", "verify", NAME, str(root), "--records")
    assert code == 2
    assert err == (
        f"appstate-lint: no record of migration '{NAME}' is in the Markdown below {root}; "
        f"`appstate-lint migrate checklist {NAME} --update FILE` writes one\n"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_mark_that_was_deleted_is_missed(kind: str, tmp_path: Path) -> None:
    root = written(tmp_path, HALF_WAY)
    target = record(root, kind)
    before = target.read_text("utf-8")
    edited(target, lambda text: text.replace(f"- [ ] Cleanup completed {MARK}", "- [x] Cleanup completed"))
    (claim,) = [each for each in verified(root)[1] if each["verdict"] == "wrong"]
    assert claim["against"][0].startswith("the mark of check 'complete' is gone; `appstate-lint migrate ")
    record(root, kind)
    assert wrong(root) == []
    assert box(target.read_text("utf-8"), "complete") == box(before, "complete")


def test_a_misspelt_check_and_an_unknown_migration_are_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = f"- [x] a <!-- appstate-lint: {NAME} complet -->\n- [ ] b <!-- appstate-lint: gone complete -->\n"
    root = written(tmp_path, {**AFTER, "NOTES.md": notes})
    (claim,) = verified(root)[1]
    assert claim["against"] == ["no check is named 'complet'; did you mean 'complete'?"]
    monkeypatch.chdir(root)
    code, out, _ = run("migrate", "verify", "--records")
    assert code == 1
    assert "NOTES.md:2: gone: not so: complete\n  no migration named 'gone' is declared\n" in out


def test_records_of_all_migrations_are_checked_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = written(tmp_path, HALF_WAY)
    record(root, "checklist")
    monkeypatch.chdir(root)
    assert run("migrate", "verify", "--records")[1] == "1 record: 5 claims hold, 0 do not, 5 open\n"
    code, _, err = run("migrate", "verify")
    assert (code, err) == (
        2, "appstate-lint: which migration? give its NAME; only --records looks at all of them\n",
    )  # fmt: skip
    code, _, err = run("migrate", "verify", NAME, "--records", "--since", "HEAD")
    assert (code, err) == (
        2, "appstate-lint: --since and --records: a record speaks of today; leave one of them out\n",
    )  # fmt: skip


def test_installed_packages_and_hidden_folders_hold_no_records(tmp_path: Path) -> None:
    claim = f"- [x] Cleanup completed {MARK}\n"
    folders = (".git", "node_modules/a", "myenv/lib", "docs")
    root = written(tmp_path, {**HALF_WAY, **{f"{folder}/a.md": claim for folder in folders}, "myenv/pyvenv.cfg": ""})
    assert [file for file, _, _ in wrong(root)] == ["docs/a.md"]


# --- written again --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_people_wrote_is_kept(kind: str, newline: str, tmp_path: Path) -> None:
    root = written(tmp_path, BEFORE)
    target = record(root, kind)
    edited(
        target,
        lambda text: (
            "\ufeff"
            + text.replace("No test uses or patches the old way", "Ours: no *test* uses it — Anna")
            .replace("(to be written)", "zwölf Gründe")
            .replace("- [ ] The tests pass", "- [x] The tests pass")
            .replace("# Decision", "# 7. Decision")
            .replace("\n", newline)
            + "the last line has no end"
        ),
    )
    before = target.read_bytes()
    written(root, AFTER)
    record(root, kind)
    after = target.read_bytes()
    marked = before.count(b"- [ ]") - (0 if kind == "adr" else 3)
    assert after != before
    assert after.replace(b"- [x]", b"- [ ]") == before.replace(b"- [x]", b"- [ ]")
    assert after.count(b"- [x]") - before.count(b"- [x]") == marked
    record(root, kind)
    assert target.read_bytes() == after


def test_new_consumers_come_below_the_others_and_false_ticks_are_taken_back(tmp_path: Path) -> None:
    root = written(tmp_path, BEFORE)
    target = record(root, "adr")
    edited(target, lambda text: text.replace("- [ ]", "- [x]").replace("## Risk", "Anna does these.\n\n## Risk"))
    written(root, {**HALF_WAY, "shop/more.py": SERVICE_OLD})
    record(root, "adr")
    text = target.read_text("utf-8")
    consumers = text.partition("## Consumers")[2].partition("Anna does these.")[0]
    assert [line[:6] + line.split("`")[1] for line in consumers.splitlines() if line.startswith("- [")] == [
        "- [x] shop/api.py",
        "- [ ] shop/service.py",
        "- [x] shop/__init__.py",
        "- [ ] tests/test_service.py",
        "- [ ] shop/more.py",
    ]
    assert wrong(root) == []


def test_new_boxes_have_the_line_ends_of_the_record(tmp_path: Path) -> None:
    root = written(tmp_path, BEFORE)
    target = record(root, "adr")
    edited(target, lambda text: text.partition("## Validation")[0].replace("\n", "\r\n"))
    written(root, {"shop/more.py": SERVICE_OLD})
    record(root, "adr")
    after = target.read_bytes()
    assert b"shop/more.py" in after
    assert b"## Validation\r\n" in after
    assert after.count(b"\n") == after.count(b"\r\n")


def test_a_consumer_noted_in_a_checklist_is_looked_after(tmp_path: Path) -> None:
    root = written(tmp_path, HALF_WAY)
    adr = record(root, "adr", "ADR.md").read_text("utf-8")
    target = record(root, "checklist")
    (line,) = [line for line in adr.splitlines() if line.startswith("- [ ] `shop/service.py`")]
    edited(target, lambda text: text + line + "\n")
    record(root, "checklist")
    assert target.read_text("utf-8").endswith(line + "\n")


def test_a_section_that_was_deleted_comes_back_at_the_end(tmp_path: Path) -> None:
    root = written(tmp_path, HALF_WAY)
    target = record(root, "adr")
    edited(target, lambda text: text.partition("## Validation")[0].rstrip() + "\n")
    record(root, "adr")
    text = target.read_text("utf-8")
    assert text.index("## Validation") > text.index("## Risk")
    assert "\n\n\n" not in text
    assert text.endswith(" -->\n")
    assert len([line for line in text.partition("## Validation")[2].splitlines() if "<!--" in line]) == 9
    assert wrong(root) == []


def test_two_records_share_a_file(tmp_path: Path) -> None:
    root = written(tmp_path, HALF_WAY)
    target = record(root, "adr")
    record(root, "checklist")
    text = target.read_text("utf-8")
    assert "## Checked against the code" not in text  # the decision record makes the same claims
    assert run("migrate", "checklist", NAME, str(root), "--update", str(root))[0] == 2
    (root / "BINARY.md").write_bytes(b"\xff\xfe")
    code, _, err = run("migrate", "adr", NAME, str(root), "--update", str(root / "BINARY.md"))
    assert code == 2
    assert err.count("\n") == 1
    assert (root / "BINARY.md").read_bytes() == b"\xff\xfe"


@pytest.mark.parametrize("kind", KINDS)
def test_what_cannot_be_written_is_one_line(kind: str, tmp_path: Path) -> None:
    root = written(tmp_path, BEFORE)
    target = str(root / "nowhere" / "a.md")
    assert run("migrate", kind, NAME, str(root), "--update", target) == (
        2, "", f"appstate-lint: {target}: No such file or directory; name a Markdown file that can be written\n",
    )  # fmt: skip
    written(root, {"appstate-lint.toml": BEFORE["appstate-lint.toml"].replace(NAME, "a --> b")})
    code, out, err = run("migrate", kind, "a --> b", str(root))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "cannot hold that name" in err


# --- the burn-down --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_the_status_counts_from_a_commit(form: str, tmp_path: Path) -> None:
    root = written(tmp_path, BEFORE)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "before"]):
        git(root, *command)
    written(root, HALF_WAY)
    code, out, err = run("migrate", "status", str(root), "--since", "HEAD", "--output-format", form, *DAY)
    assert code == 0, err
    if form == "json":
        (row,) = json.loads(out)["migrations"]
        assert (row["product"], row["tests"], row["before"], row["complete"]) == (2, 1, 6, False)
    else:
        assert out.splitlines()[-1].replace("|", " ").split() == [
            NAME, "in-progress", "2", "1", "3", "6", "0", "no",
        ]  # fmt: skip


# --- a plan shares the boxes ----------------------------------------------------------------------------------------


def test_a_plan_keeps_line_ends_and_knows_wrapped_boxes(tmp_path: Path) -> None:
    root, target = written(tmp_path, BEFORE), tmp_path / "PLAN.md"
    update = ("migrate", "plan", NAME, str(root), "--update", str(target))
    assert run(*update)[0] == 0
    edited(target, lambda text: text.replace(" <!-- step", "\n  <!-- step").replace("\n", "\r\n"))
    before = target.read_bytes()
    written(root, AFTER)
    assert run(*update)[0] == 0
    after = target.read_bytes()
    assert after == before.replace(b"- [ ]", b"- [x]")
    assert before.count(b"- [ ]") == 8


def test_a_stage_of_a_plan_that_was_deleted_comes_back(tmp_path: Path) -> None:
    root, target = written(tmp_path, BEFORE), tmp_path / "PLAN.md"
    update = ("migrate", "plan", NAME, str(root), "--update", str(target))
    assert run(*update)[0] == 0
    first = target.read_text("utf-8")
    edited(target, lambda text: text.partition("## 6. ")[0])
    assert run(*update)[0] == 0
    assert target.read_text("utf-8").split() == first.split()
