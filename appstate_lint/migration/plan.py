"""An analysis → the plan: steps in an order that keeps the service working, each with its place, change and proof.

First the new way is built beside the old one and wired into start-up; then consumers move, those that the fewest can
miss first; then what hands the old way on, the tests, and last the old way itself. A step's name holds no line, so a
later run knows it again.
"""

from __future__ import annotations

import enum
import hashlib
import re
from collections.abc import Iterable, Iterator

import msgspec

from appstate_lint.migration import boxes
from appstate_lint.migration.analysis import Analysis, Consumer
from appstate_lint.migration.leftovers import goal
from appstate_lint.migration.sources import Sources
from appstate_lint.migration.survey import Survey
from appstate_lint.model import Kind, Left, Phase
from appstate_lint.project.accessors import files_of, splits
from appstate_lint.project.launchers import MODULE

_ORDER = ("", "test", "route", "dependency", "websocket", "handler", "middleware", "background", "start-up", "launcher",
          "shutdown", "import")  # fmt: skip
_HANDED_ON = frozenset({"re-export", "export", "string"})


class Stage(enum.IntEnum):
    """The stages of a plan, in order."""

    FACTORY = 1
    WIRING = 2
    CONSUMERS = 3
    HANDED_ON = 4
    TESTS = 5
    REMOVAL = 6


TITLES = {
    Stage.FACTORY: "Build the new way beside the old one",
    Stage.WIRING: "Wire it into start-up",
    Stage.CONSUMERS: "Move the consumers, the safest first",
    Stage.HANDED_ON: "Replace what hands the old way on",
    Stage.TESTS: "Move the tests, and what they patch",
    Stage.REMOVAL: "Remove the old way",
}


class Step(msgspec.Struct, frozen=True):
    """One step: where, what to change there, what proves that it is done, and whether the code shows that it is."""

    stage: Stage
    key: str
    file: str
    line: int
    title: str
    change: str
    proof: str
    done: bool = False
    places: tuple[int, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """The steps of one migration, in order."""

    analysis: Analysis
    steps: tuple[Step, ...]


def plan(survey: Survey, analysis: Analysis) -> Plan:
    """Return the plan of an analyzed migration."""
    steps = [
        *_factory(survey, analysis), *_wiring(survey, analysis), *_consumers(survey, analysis),
        *_handed_on(analysis), *_tests(analysis), *_removal(survey, analysis),
    ]  # fmt: skip
    return Plan(analysis, tuple(steps))


def _key(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()[:10]


# ---------------------------------------------------------------- the new way


def _factory(survey: Survey, analysis: Analysis) -> Iterator[Step]:
    """Yield the step that makes the factory."""
    migration = analysis.migration
    if not migration.accessors:
        return
    defined = next((each for each in analysis.accessors if each[1]), None)
    home = defined[1] if defined else ""
    component = migration.component or migration.name.replace("-", "_")
    wanted = migration.replacement or f"a function create_{component}() in {home or 'a module of its own'}"
    place = next(_defined(survey, migration.replacement), None)
    old = defined[0].rpartition(".")[2] if defined else "the accessor"
    change = (
        f"write {wanted}: it makes a new object each time it is called, takes what it needs as arguments and touches "
        f"no global; let {old} call it, so that both ways build the same thing"
    )
    yield Step(
        stage=Stage.FACTORY,
        key=_key(Stage.FACTORY.name, wanted),
        file=place[0] if place else home,
        line=place[1] if place else (defined[2] if defined else 1),
        title=f"A factory: {wanted}",
        change=change,
        proof="the function is there, and two calls give two objects",
        done=place is not None or (migration.replacement is None and defined is None),
    )


def _defined(survey: Survey, name: str | None) -> Iterator[tuple[str, int]]:
    """Yield file and line of the functions and classes that a dotted name means."""
    for module, qualname in splits(name or ""):
        for file in files_of(survey.project.modules, module):
            facts = survey.project.facts.get(file)
            if facts is None:
                continue
            yield from ((file, each.at[0]) for each in facts.functions if each.qualname == qualname)
            yield from ((file, each.at[0]) for each in facts.classes if each.qualname == qualname)


def _wiring(survey: Survey, analysis: Analysis) -> Iterator[Step]:
    """Yield a step for each place where applications that run a consumer are to set the component, or set it."""
    component = analysis.migration.component
    if component is None:
        return
    running = {name for each in analysis.left for entry in each.reached for name in entry.applications}
    places: dict[tuple[str, int], list[tuple[str, bool, bool]]] = {}
    for life in survey.timeline.lives:
        early = sorted(
            (
                each for each in life.occurrences
                if each.component == component and each.kind is Kind.WRITE
                and each.phase.rank <= Phase.STARTUP.rank and not each.possible
            ),
            key=lambda each: (each.phase.rank, each.order),
        )  # fmt: skip
        if early or life.name in running or not running:
            place = early[0].place if early else life.place
            certain = any(not each.conditional for each in early)
            places.setdefault((place.file, place.line), []).append((life.name, bool(early), certain))
    for (file, line), lives in sorted(places.items()):
        names = ", ".join(name for name, _, _ in lives)
        change = f"set the component '{component}' in the start-up of {names}, before anything that reads it"
        if any(early and not certain for _, early, certain in lives):
            change += "; so far only some paths set it"
        yield Step(
            stage=Stage.WIRING,
            key=_key(Stage.WIRING.name, component, names),
            file=file,
            line=line,
            title=f"'{component}' in {names}",
            change=change,
            proof=f"`appstate-lint timeline {component}` shows the write in start-up on every path",
            done=all(certain for _, _, certain in lives),
        )


# ---------------------------------------------------------------- consumers


def _consumers(survey: Survey, analysis: Analysis) -> Iterator[Step]:
    """Yield a step for each function of the product that uses the old way."""
    sources = Sources(survey.project, survey.tables, survey.timeline.lives)
    grouped: dict[tuple[str, str], list[Consumer]] = {}
    for each in analysis.left:
        left = each.leftover
        if left.is_test or left.final or left.form in _HANDED_ON or left.kind is Left.IMPORT:
            continue
        grouped.setdefault((left.place.file, left.function), []).append(each)
    ordered = sorted(grouped.items(), key=lambda item: (_sets(survey, item[1]), _danger(item[1]), item[0]))
    for (file, function), several in ordered:
        first = several[0].leftover
        how = "; ".join(dict.fromkeys(f"{_last(each.leftover.accessor)} {each.leftover.how}" for each in several))
        kinds = several[0].kinds
        reached = ", ".join(kinds) if kinds else "no entry point that is seen"
        yield Step(
            stage=Stage.CONSUMERS,
            key=_key(Stage.CONSUMERS.name, file, function),
            file=file,
            line=first.place.line,
            title=f"{function} ({reached}): {how}",
            change=_change(survey, sources, analysis, several),
            proof=_proof(analysis),
            places=tuple(each.leftover.place.line for each in several),
        )


def _sets(survey: Survey, several: Iterable[Consumer]) -> bool:
    """Tell whether a function only sets the old way: it goes on to do so until the last reader has moved."""
    return all(survey.is_setter(each.leftover.accessor) for each in several)


def _danger(several: Iterable[Consumer]) -> tuple[int, int]:
    """Return how much a mistake in a function would be missed: by the worst kind of entry point, and their number."""
    kinds = {kind for each in several for kind in each.kinds}
    reached = {entry for each in several for entry in each.reached}
    return max((_ORDER.index(kind) for kind in kinds), default=0), len(reached)


def _change(survey: Survey, sources: Sources, analysis: Analysis, several: list[Consumer]) -> str:
    """Return what to do in a function: the component from what is in scope, or handed in."""
    migration = analysis.migration
    left = several[0].leftover
    component = migration.component
    if left.kind is Left.RETIRED:
        return f"read {goal(migration)} instead of '{left.accessor}'"
    if component is None:
        return f"use {goal(migration)}"
    if _sets(survey, several):
        return (
            f"set the component '{component}' too, where the application is at hand, and the global no more once the "
            "last of its readers has moved"
        )
    if left.index == MODULE:
        return (
            "this runs while the module is imported, before any start-up: move it into a function, and take "
            f"'{component}' there"
        )
    if left.form == "argument" and "Depends" in left.how:
        return f"depend on a function that takes the request and returns its application's '{component}'"
    found = sources.of(left.place.file, left.index)
    if found is not None:
        return f"take `{found.component(component)}`"
    if set(several[0].kinds) <= {"launcher"}:
        return f"make one with {migration.replacement or 'the factory'}: no application is at hand"
    function = survey.project.function(left.place.file, left.index)
    found_callers = {(file, index) for file, index, _ in survey.reach.callers(left.place.file, left.index)}
    callers = sorted(each for each in found_callers if each[0] not in survey.project.tests)
    names = [_caller(survey, file, index) for file, index in callers[:4]]
    more = f" and {len(callers) - 4} more" if len(callers) > 4 else ""
    if function.owner >= 0:
        cls = survey.project.cls(left.place.file, function.owner).name
        return f"hand '{component}' to {cls} when it is made, and keep it as an attribute"
    if "route" in several[0].kinds and any(each.function == left.function for each in several[0].reached):
        return f"add a parameter for the request, and take '{component}' from its application"
    where = f", handed in by {', '.join(names)}{more}" if names else ""
    return f"take '{component}' as an argument{where}"


def _caller(survey: Survey, file: str, index: int) -> str:
    name = survey.project.function(file, index).qualname if index >= 0 else "the module"
    return f"{name} ({file})"


def _proof(analysis: Analysis) -> str:
    return f"`appstate-lint migrate verify {analysis.migration.name}` lists it no more"


def _last(dotted: str) -> str:
    return dotted.rpartition(".")[2]


# ---------------------------------------------------------------- what is around them


def _handed_on(analysis: Analysis) -> Iterator[Step]:
    """Yield a step for each file of the product that exports, imports for nothing, or names the old way in a string."""
    grouped: dict[str, list[Consumer]] = {}
    for each in analysis.left:
        left = each.leftover
        if not left.is_test and not left.final and (left.form in _HANDED_ON or left.kind is Left.IMPORT):
            grouped.setdefault(left.place.file, []).append(each)
    for file, several in sorted(grouped.items()):
        forms = {each.leftover.form for each in several}
        if "re-export" in forms or "export" in forms:
            change = (
                "if code outside of this repository may import it from here, replace it by a shim that raises and "
                "names the new way; else delete it, and its name in __all__"
            )
        elif "string" in forms:
            change = "name the factory in the string, or import it plainly"
        else:
            change = "delete the import"
        what = "; ".join(dict.fromkeys(f"{_last(each.leftover.accessor)} {each.leftover.how}" for each in several))
        yield Step(
            stage=Stage.HANDED_ON,
            key=_key(Stage.HANDED_ON.name, file),
            file=file,
            line=several[0].leftover.place.line,
            title=what,
            change=change,
            proof=_proof(analysis),
            places=tuple(each.leftover.place.line for each in several),
        )


def _tests(analysis: Analysis) -> Iterator[Step]:
    """Yield a step for each test file."""
    component = analysis.migration.component or "the new object"
    grouped: dict[str, list[Consumer]] = {}
    for each in analysis.left:
        if each.leftover.is_test and not each.leftover.final:
            grouped.setdefault(each.leftover.place.file, []).append(each)
    for file, several in sorted(grouped.items()):
        patches = [each for each in several if each.leftover.kind in (Left.PATCH, Left.REMOVED)]
        change = f"put a fake into the application (`app.state.{component} = fake`), or hand it to what is tested"
        if patches:
            change += f"; the strings that patch the old way are on lines {_lines(patches)}"
        what = "; ".join(dict.fromkeys(f"{_last(each.leftover.accessor)} {each.leftover.how}" for each in several[:6]))
        yield Step(
            stage=Stage.TESTS,
            key=_key(Stage.TESTS.name, file),
            file=file,
            line=several[0].leftover.place.line,
            title=f"{len(several)} place{'' if len(several) == 1 else 's'}: {what}",
            change=change,
            proof=f"`pytest {file}` passes, and {_proof(analysis)}",
            places=tuple(each.leftover.place.line for each in several),
        )


def _lines(several: Iterable[Consumer]) -> str:
    return ", ".join(str(line) for line in sorted({each.leftover.place.line for each in several}))


def _removal(survey: Survey, analysis: Analysis) -> Iterator[Step]:
    """Yield the last steps: the definitions, what is set for nothing, and the declaration."""
    migration = analysis.migration
    for name, file, line, kind in analysis.accessors:
        gone = not file
        yield Step(
            stage=Stage.REMOVAL,
            key=_key(Stage.REMOVAL.name, name),
            file=file,
            line=line,
            title=f"{name} is gone" if gone else f"Delete {name}",
            change="delete it, with the global that keeps its object" if kind != "variable" else "delete it",
            proof=_proof(analysis),
            done=gone,
        )
    for each in analysis.consumers:
        left = each.leftover
        if left.final and left.kind is Left.DEFINITION and left.accessor in migration.retired:
            yield Step(
                stage=Stage.REMOVAL,
                key=_key(Stage.REMOVAL.name, left.accessor, left.place.file, left.function),
                file=left.place.file,
                line=left.place.line,
                title=f"Stop setting '{left.accessor}'",
                change="delete the write",
                proof=_proof(analysis),
            )
    yield Step(
        stage=Stage.REMOVAL,
        key=_key(Stage.REMOVAL.name, "status"),
        file=survey.settings.file or "",
        line=migration.line,
        title='Declare it complete: status = "complete"',
        change="set the status, so that nobody brings it back",
        proof=f"`appstate-lint migrate verify {migration.name}` exits with 0",
        done=migration.status.value == "complete",
    )


# ---------------------------------------------------------------- as Markdown

_MARK = re.compile(r"<!-- step (?P<key>[0-9a-f]{10}) -->")


def markdown(made: Plan) -> str:
    """Return a plan as Markdown, a box for each step, ticked where the code shows that it is done."""
    migration = made.analysis.migration
    lines = [
        f"# Migration plan: {migration.name}",
        "",
        f"From {moved_from(made.analysis)} to {goal(migration)}. Risk: {made.analysis.risk} ({made.analysis.weight}).",
        "",
        *(f"- {each.text}" for each in made.analysis.reasons),
        *([""] if made.analysis.reasons else []),
        f"`appstate-lint migrate plan {migration.name} --update FILE` ticks the boxes of what is done.",
    ]
    for stage in Stage:
        lines += boxes.section(heading(stage), map(_box, made.steps))
    return "\n".join(lines) + "\n"


def moved_from(analysis: Analysis) -> str:
    """Return what a migration moves from, as Markdown."""
    names = [f"`{name}`" for name, *_ in analysis.accessors]
    names += [f"component `{name}`" for name in analysis.migration.retired]
    return ", ".join(names)


def heading(stage: Stage) -> str:
    """Return the heading of a stage, in Markdown."""
    return f"## {stage.value}. {TITLES[stage]}"


def _box(step: Step) -> boxes.Box:
    place = f"`{step.file}:{step.line}` " if step.file else ""
    more = f" (lines {', '.join(map(str, step.places))})" if len(step.places) > 1 else ""
    text = f"{place}{step.title}{more}. To do: {step.change}. Proof: {step.proof}."
    return boxes.Box(heading(step.stage), step.key, f"<!-- step {step.key} -->", text, step.done)


def updated(text: str, made: Plan) -> str:
    """Return a plan that people may have edited, with its boxes as the code has it now, and new steps at their stages.

    Lines without a box of ours are kept as they are. A step that the code shows no more is done.
    """
    return boxes.updated(text, list(map(_box, made.steps)), _MARK, rewrite=True)
