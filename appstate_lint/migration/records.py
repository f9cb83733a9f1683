"""The records of a migration: a decision record and a definition of done, and whether what they claim is so.

A record is Markdown that belongs to people. What the code can tell stands in it as boxes with a mark in a comment,
``<!-- appstate-lint: MIGRATION CHECK -->``; a ticked box, or a sentence with a mark, claims that the check holds.
What was known when the decision was taken is written once and stays.
"""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from appstate_lint.config import Migration, Status, nearest
from appstate_lint.migration import boxes
from appstate_lint.migration.analysis import Analysis
from appstate_lint.migration.certificate import Certificate
from appstate_lint.migration.leftovers import Leftover, goal
from appstate_lint.migration.plan import Plan, Stage, Step, moved_from
from appstate_lint.model import Finding

KINDS = ("adr", "checklist")
_LEFT_OUT = frozenset({"node_modules", "site-packages", "__pycache__"})
_ANY = re.compile(r"<!--\s*appstate-lint:\s*(?P<key>\S.*?\s+[\w-]+)\s*-->")
_STEP = re.compile(r"step-[0-9a-f]{10}")
_CHECKED = "## Checked against the code"
_BY_PEOPLE = (
    "The tests pass without the old way, and none was left out for it",
    "Code outside of this repository that took the old way is told",
    "The documentation and its examples show the new way",
    "The new way has run in production, and the rollback is no longer needed",
)
_STANDING = {Status.PLANNED: "Proposed", Status.IN_PROGRESS: "Accepted", Status.COMPLETE: "Accepted, and done"}


class Check(msgspec.Struct, frozen=True):
    """What a record may claim of a migration: its key, its words, and what stands against it, with the places."""

    key: str
    text: str
    against: tuple[str, ...] = ()


class Claim(msgspec.Struct, frozen=True):
    """What a record says of a migration, at its file and line (from 1), and what is wrong with it.

    ``open`` tells that it claims nothing: its box is not ticked.
    """

    migration: str
    file: str
    line: int
    text: str
    wrong: tuple[str, ...] = ()
    open: bool = False


def checks(certificate: Certificate, made: Plan) -> tuple[Check, ...]:
    """Return what the code can tell of a migration; nothing stands against the last exactly if it is verified."""
    migration = certificate.migration
    component = migration.component
    left = [each for each in certificate.leftovers if not each.final]
    dark = [f"{file}: may mention the old way and cannot be parsed" for file in certificate.unseen]
    dark += [f"{name}: declared, but nothing of that name is, or was, in sight" for name in certificate.unresolved]
    unset = [f"nothing sets component '{component}'"] if certificate.uninitialized else []
    faults = [_fault(each) for each in certificate.faults]
    found = [
        Check("factory", "The new way is there", _open(made, Stage.FACTORY)),
        *(_component(str(component), [*_open(made, Stage.WIRING), *unset], faults) if component else ()),
        Check("product", "No code of the product uses the old way", _places(left, is_test=False)),
        Check("tests", "No test uses or patches the old way", _places(left, is_test=True)),
        Check(
            "definitions",
            "The old way is no longer defined",
            tuple(_place(each) for each in certificate.leftovers if each.final),
        ),
        Check("exceptions", "Nothing is allowed to keep the old way", tuple(map(_place, certificate.allowed))),
        Check("sight", "All that mentions the old way can be read", tuple(dark)),
        Check("declared", 'The migration is declared complete: status = "complete"', _undeclared(made)),
        Check(
            "complete",
            "Cleanup completed",
            (*map(_place, certificate.leftovers), *faults, *dark, *unset),
        ),
    ]
    return tuple(found)


def _component(component: str, unset: Iterable[str], faults: Iterable[str]) -> tuple[Check, Check]:
    return (
        Check("start-up", f"Start-up sets component '{component}' on every path", tuple(dict.fromkeys(unset))),
        Check("findings", f"No finding says that component '{component}' may be missing, or is wrong", tuple(faults)),
    )


def _open(made: Plan, stage: Stage) -> tuple[str, ...]:
    steps = [each for each in made.steps if each.stage is stage and not each.done]
    return tuple(f"{each.file}:{each.line}: {each.title}" for each in steps)


def _undeclared(made: Plan) -> tuple[str, ...]:
    migration = made.analysis.migration
    step = made.steps[-1]
    return () if step.done else (f'{step.file}:{step.line}: status = "{migration.status.value}"',)


def _places(left: Iterable[Leftover], *, is_test: bool) -> tuple[str, ...]:
    return tuple(_place(each) for each in left if each.is_test is is_test)


def _place(each: Leftover) -> str:
    return f"{each.place.file}:{each.place.line}: {each.accessor} {each.how}"


def _fault(each: Finding) -> str:
    return f"{each.file}:{each.line}: {each.code} {each.message}"


# ---------------------------------------------------------------- written


def mark(migration: Migration, check: str) -> str:
    """Return the comment that marks a check of a migration, or names the kind of a record."""
    return f"<!-- appstate-lint: {migration.name} {check} -->"


def _pattern(migration: Migration, checks: str) -> re.Pattern[str]:
    """Return what finds the marks of one migration, of the checks that a pattern matches."""
    return re.compile(rf"<!--\s*appstate-lint:\s*{re.escape(migration.name)}\s+(?P<key>{checks})\s*-->")


def _boxes(kind: str, found: Sequence[Check], made: Plan) -> list[boxes.Box]:
    """Return the boxes of a record."""
    migration = made.analysis.migration
    if kind == "checklist":
        return [boxes.Box(_CHECKED, each.key, mark(migration, each.key), each.text, not each.against) for each in found]
    moved = [each for each in made.steps if each.stage in (Stage.CONSUMERS, Stage.HANDED_ON, Stage.TESTS)]
    claims = [("## Validation", each) for each in found if each.key != "complete"]
    claims.append(("## Status", found[-1]))
    return [
        *(boxes.Box(head, each.key, mark(migration, each.key), each.text, not each.against) for head, each in claims),
        *(
            boxes.Box("## Consumers", _key(each), mark(migration, _key(each)), f"`{each.file}` {each.title}", each.done)
            for each in moved
        ),
    ]


def _key(step: Step) -> str:
    return f"step-{step.key}"


def record(kind: str, found: Sequence[Check], made: Plan, today: datetime.date) -> str:
    """Return a new record of that kind (one of ``KINDS``) as Markdown, as of the day ``today``."""
    migration = made.analysis.migration
    mine = _boxes(kind, found, made)
    command = f"`appstate-lint migrate {kind} {migration.name} --update FILE`"
    how = (
        f"{command} brings the boxes up to date and keeps all else. `appstate-lint migrate verify {migration.name} "
        "--records` fails if a ticked box with a mark is not so."
    )
    if kind == "checklist":
        rows = [f"# Done when: {migration.name}", mark(migration, kind), "", how, *boxes.section(_CHECKED, mine)]
        rows += ["", "## Checked by people", "", *(f"- [ ] {text}" for text in _BY_PEOPLE)]
    else:
        rows = [f"# Decision: {migration.name}", mark(migration, kind), "", how, *_decision(made.analysis, mine, today)]
    return "\n".join(rows) + "\n"


def _decision(analysis: Analysis, mine: Sequence[boxes.Box], today: datetime.date) -> Iterator[str]:
    """Yield the sections of a decision record."""
    migration = analysis.migration
    product = [each.leftover for each in analysis.consumers if not each.leftover.is_test and not each.leftover.final]
    tests = [each.leftover for each in analysis.consumers if each.leftover.is_test and not each.leftover.final]
    status, *checked = boxes.section("## Status", mine)[1:]
    yield from ["", status, "", f"{_STANDING[migration.status]} ({today.isoformat()})", *checked]
    yield from ["", "## Context", ""]
    yield (
        f"On {today.isoformat()}, {_count(product)} of the product and {_count(tests)} of test code take "
        f"{moved_from(analysis)}:"
    )
    yield ""
    for name, file, line, kind in analysis.accessors:
        yield f"- `{name}` ({kind}{f', {file}:{line}' if file else ', gone'})"
    yield from (f"- component `{name}`, read no more" for name in migration.retired)
    yield from ["", "Why it has to change: (to be written)"]
    yield from ["", "## Decision", "", f"Move to {goal(migration)}."]
    if migration.allow:
        until = f", until {migration.until.isoformat()}" if migration.until else ""
        yield f"Allowed to stay{until}: {', '.join(f'`{each}`' for each in migration.allow)}."
    yield from ["", "What else was considered: (to be written)"]
    yield from boxes.section("## Consumers", mine)
    yield from ["", "## Risk", "", f"{analysis.risk.capitalize()} ({analysis.weight}) on {today.isoformat()}."]
    yield from ["", *(f"- {each.text} (+{each.points})" for each in analysis.reasons)] if analysis.reasons else []
    yield from boxes.section("## Validation", mine)


def _count(left: Sequence[Leftover]) -> str:
    files = len({each.place.file for each in left})
    return f"{len(left)} place{'' if len(left) == 1 else 's'} in {files} file{'' if files == 1 else 's'}"


def rewritten(text: str, kind: str, found: Sequence[Check], made: Plan) -> str:
    """Return a record that people may have edited with its boxes as they are now; nothing else is touched."""
    others = [each for other in KINDS for each in _boxes(other, found, made)]
    known = "|".join([*(re.escape(each.key) for each in found), _STEP.pattern])
    return boxes.updated(text, _boxes(kind, found, made), _pattern(made.analysis.migration, known), others=others)


# ---------------------------------------------------------------- checked


class Texts(msgspec.Struct, frozen=True):
    """The Markdown below a root that has a mark, by relative path, and what could not be read, with the reason."""

    marked: dict[str, str]
    unreadable: dict[str, str]


def texts(root: Path) -> Texts:
    """Read the Markdown of a project: not in folders whose name starts with a dot, nor of installed packages."""
    marked: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for folder, below, names in os.walk(root):
        if "pyvenv.cfg" in names:
            below.clear()
            continue
        below[:] = sorted(each for each in below if each not in _LEFT_OUT and not each.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix.lower() not in (".md", ".markdown") or not path.is_file():
                continue
            file = path.relative_to(root).as_posix()
            try:
                text = path.read_bytes().decode("utf-8", "replace")
            except OSError as error:
                unreadable[file] = error.strerror or str(error)
                continue
            if _ANY.search(text):
                marked[file] = text
    return Texts(marked, unreadable)


def claims(file: str, text: str, found: Sequence[Check], made: Plan) -> Iterator[Claim]:
    """Yield what a text says of one migration, and what is wrong with it."""
    migration = made.analysis.migration
    known = {each.key: each.against for each in found}
    steps = {_key(each): each for each in made.steps}
    rows = text.split("\n")
    kinds: dict[str, int] = {}
    seen: set[str] = set()
    for each in boxes.marks(text, _pattern(migration, r"[\w-]+")):
        seen.add(each.key)
        if each.key in KINDS:
            kinds.setdefault(each.key, each.line + 1)
            continue
        says = boxes.words(rows, each)
        if each.key in known:
            against = known[each.key]
        elif _STEP.fullmatch(each.key):
            step = steps.get(each.key)
            against = () if step is None or step.done else tuple(_places_of(step))
        else:
            close = nearest(each.key, [*known])
            hint = f"did you mean '{close}'?" if close else f"there are {', '.join(known)}"
            yield Claim(migration.name, file, each.line + 1, says, (f"no check is named '{each.key}'; {hint}",))
            continue
        claimed = each.ticked or each.box < 0
        yield Claim(migration.name, file, each.line + 1, says, against if claimed else (), open=not claimed)
    for kind, line in kinds.items():
        for check in found:
            if check.key not in seen:
                gone = f"the mark of check '{check.key}' is gone; `appstate-lint migrate {kind} {migration.name} "
                gone += f"--update {file}` puts it back"
                yield Claim(migration.name, file, line, check.text, (gone,))


def _places_of(step: Step) -> Iterator[str]:
    yield from (f"{step.file}:{line}: {step.title}" for line in dict.fromkeys(step.places or (step.line,)))


def strangers(file: str, text: str, declared: Sequence[str]) -> Iterator[Claim]:
    """Yield the marks of a text that name a migration that is not declared."""
    for each in boxes.marks(text, _ANY):
        name, check = each.key.rsplit(None, 1)
        if name not in declared:
            yield Claim(name, file, each.line + 1, check, (f"no migration named '{name}' is declared",))
