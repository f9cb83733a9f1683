"""Candidates, analyses, plans and certificates of migrations → text, JSON, Markdown, Mermaid and DOT."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from appstate_lint.migration.analysis import Analysis, Consumer
from appstate_lint.migration.candidates import Candidate
from appstate_lint.migration.certificate import Certificate
from appstate_lint.migration.leftovers import Leftover, goal
from appstate_lint.migration.plan import TITLES, Plan
from appstate_lint.migration.reach import Reached
from appstate_lint.model import Spot

_MOST_PLACES = 8


def candidates_text(found: Sequence[Candidate]) -> str:
    """Return the candidates for people, each with its declaration."""
    blocks = [_candidate(each) for each in found]
    count = f"{len(found)} undeclared singleton{'' if len(found) == 1 else 's'}"
    return "\n".join([*blocks, count + "\n"])


def _candidate(each: Candidate) -> str:
    files = len({spot.file for spot in each.consumers})
    rows = [
        f"{each.place.file}:{each.place.line}: {', '.join(each.accessors)} ({each.pattern.value})",
        f"  gives: {each.class_name or 'an object of unknown class'}",
        f"  used:  {len(each.consumers)} places in {files} files{_some(each.consumers)}",
        f"  tests: {len(each.tests)} places in {len({spot.file for spot in each.tests})} files",
    ]
    if each.setters:
        rows.append(f"  set by: {', '.join(each.setters)}")
    if each.components:
        rows.append(f"  component of the same class: {', '.join(each.components)}")
    rows += [f"  same name: {other}" for other in each.alike]
    rows += [f"    {line}" for line in each.declaration.splitlines()]
    return "".join(f"{row}\n" for row in rows)


def _some(spots: Sequence[Spot]) -> str:
    shown = ", ".join(f"{spot.file}:{spot.line}" for spot in spots[:_MOST_PLACES])
    more = f" and {len(spots) - _MOST_PLACES} more" if len(spots) > _MOST_PLACES else ""
    return f" ({shown}{more})" if shown else ""


def candidates_toml(found: Iterable[Candidate]) -> str:
    """Return the declarations, ready for ``appstate-lint.toml``."""
    return "\n".join(each.declaration for each in found)


def candidates_json(found: Iterable[Candidate]) -> str:
    """Return the candidates as one JSON object."""
    listed = [
        {
            "pattern": each.pattern.value,
            "accessors": list(each.accessors),
            "setters": list(each.setters),
            "class": each.class_name or None,
            "file": each.place.file,
            "line": each.place.line,
            "consumers": _spots(each.consumers),
            "tests": _spots(each.tests),
            "components": list(each.components),
            "same_name": list(each.alike),
            "declaration": each.declaration,
        }
        for each in found
    ]
    return json.dumps({"schema": 1, "candidates": listed}, indent=1) + "\n"


def _spots(spots: Iterable[Spot]) -> list[dict[str, object]]:
    return [{"file": spot.file, "line": spot.line} for spot in spots]


# ---------------------------------------------------------------- analyses


def analysis_text(found: Analysis) -> str:
    """Return an analysis for people: the accessors, each consumer with what reaches it, and the risk."""
    migration = found.migration
    rows = [f"{migration.name} ({migration.status.value}): to {goal(migration)}"]
    for name, file, line, kind in found.accessors:
        rows.append(f"  {name}  {f'{file}:{line}' if file else 'gone'}  ({kind})")
    rows += [f"  retired component '{name}'" for name in migration.retired]
    for file, line, phase in found.initializers:
        rows.append(f"  '{migration.component}' is set in {phase}  {file}:{line}")
    left = [each for each in found.consumers if not each.leftover.final]
    rows.append(f"{len(left)} place{'' if len(left) == 1 else 's'} use the old way")
    for each in left:
        place = each.leftover.place
        allowed = ", allowed" if each.leftover.allowed else ""
        phases = "/".join(phase.value for phase in each.phases) or ("test" if each.leftover.is_test else "unreached")
        rows.append(
            f"  {place.file}:{place.line}: {each.leftover.function}  {each.leftover.accessor.rpartition('.')[2]} "
            f"{each.leftover.how}  [{phases}{allowed}]"
        )
        reached = [f"{entry.kind} {entry.function} ({entry.file}:{entry.line})" for entry in each.reached[:4]]
        more = f" and {len(each.reached) - 4} more" if len(each.reached) > 4 else ""
        if reached:
            rows.append(f"    reached by {', '.join(reached)}{more}")
    rows.append(f"risk: {found.risk} ({found.weight})")
    rows += [f"  +{each.points} {each.text}" for each in found.reasons]
    return "".join(f"{row}\n" for row in rows)


def analysis_json(found: Analysis) -> str:
    """Return an analysis as one JSON object, with the map of who depends on whom as nodes and edges."""
    nodes, edges = _graph(found)
    shown = {
        "schema": 1,
        "migration": found.migration.name,
        "status": found.migration.status.value,
        "goal": goal(found.migration),
        "accessors": [
            {"name": name, "file": file or None, "line": line if file else None, "kind": kind}
            for name, file, line, kind in found.accessors
        ],
        "initializers": [{"file": file, "line": line, "phase": phase} for file, line, phase in found.initializers],
        "consumers": [_consumer(each) for each in found.consumers if not each.leftover.final],
        "risk": {
            "level": found.risk,
            "points": found.points,
            "reasons": [{"points": each.points, "text": each.text} for each in found.reasons],
        },
        "unparsable": list(found.unparsable),
        "map": {
            "nodes": [{"id": key, "kind": kind, "label": label} for key, (kind, label) in nodes.items()],
            "edges": [{"from": start, "to": end} for start, end in edges],
        },
    }
    return json.dumps(shown, indent=1) + "\n"


def _consumer(each: Consumer) -> dict[str, object]:
    return {
        **_leftover(each.leftover),
        "phases": [phase.value for phase in each.phases],
        "entry_points": [
            {
                "kind": entry.kind,
                "function": entry.function,
                "file": entry.file,
                "line": entry.line,
                "possible": entry.possible,
            }
            for entry in each.reached
        ],
    }


def _leftover(each: Leftover) -> dict[str, object]:
    return {
        "kind": each.kind.value,
        "form": each.form,
        "how": each.how,
        "accessor": each.accessor,
        "file": each.place.file,
        "line": each.place.line,
        "column": each.place.column,
        "function": each.function,
        "test": each.is_test,
        "allowed": each.allowed,
    }


def _graph(found: Analysis) -> tuple[dict[str, tuple[str, str]], list[tuple[str, str]]]:
    """Return the map: entry points to consumers to accessors; nodes by key, each with its kind and label."""
    nodes: dict[str, tuple[str, str]] = {}
    edges: dict[tuple[str, str], None] = {}

    def node(kind: str, *parts: str) -> str:
        key = " ".join((kind, *parts))
        nodes.setdefault(key, (kind, " ".join(parts)))
        return key

    for each in found.consumers:
        if each.leftover.final:
            continue
        accessor = node("accessor", each.leftover.accessor)
        consumer = node("consumer", f"{each.leftover.place.file}:{each.leftover.function}")
        own = [entry.kind for entry in each.reached if _is_at(entry, each)]
        if own:
            nodes[consumer] = ("consumer", f"{'/'.join(own)} {each.leftover.place.file}:{each.leftover.function}")
        edges[consumer, accessor] = None
        for entry in each.reached:
            if not _is_at(entry, each):
                edges[node(entry.kind, f"{entry.file}:{entry.function}"), consumer] = None
    return nodes, list(edges)


def _is_at(entry: Reached, consumer: Consumer) -> bool:
    """Tell whether an entry point is the function of a consumer itself."""
    return (entry.file, entry.function) == (consumer.leftover.place.file, consumer.leftover.function)


def analysis_mermaid(found: Analysis) -> str:
    """Return the map of who depends on whom as a Mermaid flow chart."""
    nodes, edges = _graph(found)
    numbers = {key: f"n{number}" for number, key in enumerate(nodes)}
    rows = ["flowchart LR"]
    for key, (kind, label) in nodes.items():
        start, end = ("([", "])") if kind == "accessor" else ("[", "]")
        text = label if kind in ("accessor", "consumer") else f"{kind}: {label}"
        rows.append(f'  {numbers[key]}{start}"{_quoted(text)}"{end}')
    rows += [f"  {numbers[start]} --> {numbers[end]}" for start, end in edges]
    return "\n".join(rows) + "\n"


def _quoted(text: str) -> str:
    """Return text for a label between quotes, where what could end it, or be markup, is spelled out."""
    return "".join(letter if letter.isalnum() or letter in " ._:/-" else f"#{ord(letter)};" for letter in text)


def analysis_dot(found: Analysis) -> str:
    """Return the map of who depends on whom in the language of Graphviz."""
    nodes, edges = _graph(found)
    rows = ["digraph migration {", "  rankdir=LR;"]
    for key, (kind, label) in nodes.items():
        shape = {"accessor": "ellipse", "consumer": "box"}.get(kind, "hexagon")
        text = label if kind in ("accessor", "consumer") else f"{kind}: {label}"
        rows.append(f"  {_string(key)} [shape={shape}, label={_string(text)}];")
    rows += [f"  {_string(start)} -> {_string(end)};" for start, end in edges]
    return "\n".join([*rows, "}"]) + "\n"


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# ---------------------------------------------------------------- plans


def plan_json(made: Plan) -> str:
    """Return a plan as one JSON object."""
    steps = [
        {
            "id": each.key,
            "stage": each.stage.value,
            "stage_title": TITLES[each.stage],
            "file": each.file or None,
            "line": each.line if each.file else None,
            "lines": list(each.places),
            "title": each.title,
            "change": each.change,
            "proof": each.proof,
            "done": each.done,
        }
        for each in made.steps
    ]
    shown = {
        "schema": 1,
        "migration": made.analysis.migration.name,
        "goal": goal(made.analysis.migration),
        "risk": made.analysis.risk,
        "steps": steps,
    }
    return json.dumps(shown, indent=1) + "\n"


# ---------------------------------------------------------------- certificates


def certificate_text(found: Certificate, before: int | None = None) -> str:
    """Return a certificate for people; ``before`` is how many places were left at the start of the burn-down."""
    name = found.migration.name
    rows = [f"{name}: {'complete, nothing is left' if found.complete else 'not complete'}"]
    for each in found.leftovers:
        rows.append(f"  {each.place.file}:{each.place.line}: {each.accessor} {each.how}")
    for fault in found.faults:
        rows.append(f"  {fault.file}:{fault.line}: {fault.code} {fault.message}")
    if found.uninitialized:
        rows.append(f"  nothing sets component '{found.migration.component}'")
    rows += [f"  {file}: may mention the old way and cannot be parsed" for file in found.unseen]
    rows += [f"  {declared}: declared, but nothing of that name is, or was, in sight" for declared in found.unresolved]
    rows += [f"  allowed: {each.place.file}:{each.place.line}: {each.accessor} {each.how}" for each in found.allowed]
    if before is not None:
        rows.append(f"  {before} left before, {len(found.leftovers)} now: {_gone(before, len(found.leftovers))}")
    return "".join(f"{row}\n" for row in rows)


def _gone(before: int, now: int) -> str:
    return f"{(before - now) * 100 // before} % done" if before else "nothing to do"


def certificate_json(found: Certificate, today: str, since: tuple[str, int] | None = None) -> str:
    """Return a certificate as one JSON object; ``since`` is a commit and how many places were left there."""
    shown: dict[str, object] = {
        "schema": 1,
        "migration": found.migration.name,
        "complete": found.complete,
        "status": found.migration.status.value,
        "today": today,
        "component": found.migration.component,
        "component_initialized": not found.uninitialized,
        "leftovers": [_leftover(each) for each in found.leftovers],
        "allowed": [_leftover(each) for each in found.allowed],
        "faults": [
            {"rule": each.rule, "code": each.code, "file": each.file, "line": each.line, "message": each.message}
            for each in found.faults
        ],
        "unparsable": list(found.unseen),
        "unresolved": list(found.unresolved),
        "files": found.files,
        "digest": found.digest,
    }
    if since is not None:
        ref, before = since
        shown["since"] = {"ref": ref, "leftovers": before, "done": before - len(found.leftovers)}
    return json.dumps(shown, indent=1) + "\n"


# ---------------------------------------------------------------- status

_COLUMNS = ("migration", "status", "product", "tests", "left", "before", "allowed", "complete")


def status_rows(found: Sequence[tuple[Certificate, int | None]]) -> list[dict[str, object]]:
    """Return one row a migration: what is left in the product, in tests and in all, and what was left before."""
    return [
        {
            "migration": each.migration.name,
            "status": each.migration.status.value,
            "product": sum(not left.is_test for left in each.leftovers),
            "tests": sum(left.is_test for left in each.leftovers),
            "left": len(each.leftovers),
            "before": before,
            "allowed": len(each.allowed),
            "complete": each.complete,
        }
        for each, before in found
    ]


def status_json(found: Sequence[tuple[Certificate, int | None]]) -> str:
    """Return the burn-down of all migrations as one JSON object."""
    return json.dumps({"schema": 1, "migrations": status_rows(found)}, indent=1) + "\n"


def status_table(found: Sequence[tuple[Certificate, int | None]], *, markdown: bool) -> str:
    """Return the burn-down of all migrations as a table."""
    cells = [_COLUMNS, *(tuple(_cell(row[name]) for name in _COLUMNS) for row in status_rows(found))]
    if markdown:
        rule = "|".join("---" for _ in _COLUMNS)
        rows = [f"| {' | '.join(row)} |" for row in cells]
        return "\n".join([rows[0], f"|{rule}|", *rows[1:]]) + "\n"
    widths = [max(len(row[column]) for row in cells) for column in range(len(_COLUMNS))]
    rows = ["  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join(rows) + "\n"


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
