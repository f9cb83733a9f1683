"""Contracts for people and programs: verdicts, the overview, and the graph of dependencies. Nothing is decided here."""

from __future__ import annotations

import enum
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from appstate_lint.contracts import Status, Verdict
from appstate_lint.contracts.overview import Hit, Overview, Row
from appstate_lint.report.json import SCHEMA, finding_object

_SIGNS = {Status.KEPT: "kept", Status.BROKEN: "BROKEN", Status.VACUOUS: "VACUOUS", Status.UNCHECKED: "unchecked"}


class GraphFormat(str, enum.Enum):
    """The languages in which the graph of dependencies can be drawn."""

    MERMAID = "mermaid"
    DOT = "dot"


def counts(verdicts: Iterable[Verdict]) -> str:
    """Return how many contracts have which status, in words."""
    found = Counter(verdict.status for verdict in verdicts)
    return ", ".join(f"{found[status]} {status.value.lower()}" for status in Status if found[status]) or "no contracts"


def verdicts_text(verdicts: Iterable[Verdict]) -> str:
    """Return one line a contract, and below it why it is not kept, with the steps that show it."""
    rows = list(verdicts)
    width = max((len(each.contract.name) for each in rows), default=0)
    lines: list[str] = []
    for each in rows:
        place = f"{each.contract.place.file}:{each.contract.place.line}"
        lines.append(f"{each.status.value:<9}  {each.contract.name:<{width}}  {place}")
        lines += [f"           {reason}" for reason in each.reasons]
        for finding in each.findings:
            for number, step in enumerate(finding.trace, 1):
                lines.append(f"             {number}. {step.phase:<8}  {step.file}:{step.line}  {step.text}")
    return "".join(f"{line}\n" for line in lines)


def verdicts_json(verdicts: Iterable[Verdict]) -> str:
    """Return the verdicts as one JSON object."""
    contracts = [
        {
            "component": each.contract.name,
            "status": each.status.value,
            "file": each.contract.place.file,
            "line": each.contract.place.line,
            "declared": msgspec.to_builtins(each.contract.declared),
            "reasons": list(each.reasons),
            "findings": [finding_object(finding) for finding in each.findings],
        }
        for each in verdicts
    ]
    return json.dumps({"schema": SCHEMA, "contracts": contracts}, indent=1) + "\n"


def overview_json(seen: Overview) -> str:
    """Return the overview as one JSON object."""
    return json.dumps({"schema": SCHEMA, **msgspec.to_builtins(seen)}, indent=1) + "\n"


def overview_text(seen: Overview) -> str:
    """Return the overview as text: matrix, what is to be done, order."""
    columns = _columns(seen)
    width = max((len(row.component) for row in seen.rows), default=0)
    lines = [
        f"{'':<{width}}  {'  '.join(columns)}  status",
        *(
            f"{row.component:<{width}}  {'  '.join(_cell(row, each, len(each)) for each in columns)}  {_sign(row)}"
            for row in seen.rows
        ),
        "",
        "D: declared for this phase; W: first written in it",
    ]
    for row in seen.rows:
        if row.status is None:
            continue
        lines += ["", f"{row.component}: {row.status.value}" + (f" ({row.why})" if row.why else "")]
        lines += [f"  {line}" for line in _details(row)]
    if seen.order:
        lines += ["", f"recommended order of initialization: {', '.join(seen.order)}"]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def overview_markdown(seen: Overview) -> str:
    """Return the overview as Markdown."""
    columns = _columns(seen)
    lines = [
        "# Contracts",
        "",
        f"| component | {' | '.join(map(_md, columns))} | status | why it matters | hit when missing |",
        f"|---|{'---|' * (len(columns) + 3)}",
    ]
    for row in seen.rows:
        cells = " | ".join(_cell(row, each, 0) for each in columns)
        lines.append(f"| `{_md(row.component)}` | {cells} | {_sign(row)} | {_md(row.why)} | {_hit(row.hit)} |")
    lines += ["", "D: declared for this phase; W: first written in it."]
    for row in seen.rows:
        if row.status in (Status.BROKEN, Status.VACUOUS, Status.UNCHECKED):
            lines += ["", f"## `{_md(row.component)}`: {row.status.value}", ""]
            lines += [f"- {_md(line)}" for line in _details(row)]
    if seen.order:
        lines += ["", "## Recommended order of initialization", ""]
        lines += [f"{number}. `{_md(name)}`" for number, name in enumerate(seen.order, 1)]
    return "".join(f"{line}\n" for line in lines)


def graph(seen: Overview, form: GraphFormat) -> str:
    """Return the graph of dependencies, the components inside their phases; an arrow leads to what needs the other."""
    groups: dict[str, list[Row]] = {}
    for row in seen.rows:
        if row.status is not None:
            groups.setdefault(_phase(row), []).append(row)
    ordered = [phase for phase in seen.phases if phase in groups]
    ordered += [phase for phase in groups if phase not in ordered]
    rows = [row for phase in ordered for row in groups[phase]]
    names = dict.fromkeys([row.component for row in rows] + [name for row in rows for name in row.depends_on])
    ids = {name: f"c{number}" for number, name in enumerate(names)}
    draw = _mermaid if form is GraphFormat.MERMAID else _dot
    return "".join(f"{line}\n" for line in draw(ordered, groups, rows, ids))


def _mermaid(ordered: list[str], groups: dict[str, list[Row]], rows: list[Row], ids: dict[str, str]) -> Iterator[str]:
    yield "flowchart LR"
    for number, phase in enumerate(ordered):
        yield f'  subgraph p{number}["{_quoted(phase, "#quot;")}"]'
        for row in groups[phase]:
            yield f'    {ids[row.component]}["{_quoted(row.component, "#quot;")}"]'
        yield "  end"
    inside = {row.component for row in rows}
    yield from (f'  {ids[name]}["{_quoted(name, "#quot;")}"]' for name in ids if name not in inside)
    yield from (f"  {ids[name]} --> {ids[row.component]}" for row in rows for name in row.depends_on)
    for status, color in (("BROKEN", "#f99"), ("VACUOUS", "#ddd")):
        several = [ids[row.component] for row in rows if row.status is not None and row.status.value == status]
        if several:
            yield f"  classDef {status.lower()} fill:{color}"
            yield f"  class {','.join(several)} {status.lower()}"


def _dot(ordered: list[str], groups: dict[str, list[Row]], rows: list[Row], ids: dict[str, str]) -> Iterator[str]:
    yield "digraph contracts {"
    yield "  rankdir=LR;"
    for number, phase in enumerate(ordered):
        yield f"  subgraph cluster_{number} {{"
        yield f'    label="{_quoted(phase, chr(92) + chr(34))}";'
        for row in groups[phase]:
            style = ' style=filled fillcolor="#ff9999"' if row.status is Status.BROKEN else ""
            yield f'    {ids[row.component]} [label="{_quoted(row.component, chr(92) + chr(34))}"{style}];'
        yield "  }"
    inside = {row.component for row in rows}
    yield from (f'  {ids[name]} [label="{_quoted(name, chr(92) + chr(34))}"];' for name in ids if name not in inside)
    yield from (f"  {ids[name]} -> {ids[row.component]};" for row in rows for name in row.depends_on)
    yield "}"


def _phase(row: Row) -> str:
    if row.declared is not None:
        return row.declared
    return row.written[0].phase if row.written else "not written"


def _columns(seen: Overview) -> list[str]:
    """Return the phases in which something is declared or written."""
    used = {row.declared for row in seen.rows} | {each.phase for row in seen.rows for each in row.written}
    return [phase for phase in seen.phases if phase in used] + sorted(
        {each.phase for row in seen.rows for each in row.written} - {*seen.phases}
    )


def _cell(row: Row, phase: str, width: int) -> str:
    signs = ("D" if row.declared == phase else "") + ("W" if any(each.phase == phase for each in row.written) else "")
    return f"{signs:<{width}}"


def _sign(row: Row) -> str:
    return _SIGNS[row.status] if row.status is not None else "no contract"


def _details(row: Row) -> Iterator[str]:
    yield from row.reasons
    for each in row.written:
        yield f"written in {each.phase} by {each.function} ({each.file}:{each.line}), {each.application}"
    yield f"hit when it is missing: {_hit(row.hit)}"
    if row.owner:
        yield f"owner: {row.owner}"
    yield from (f"to do: {advice}" for advice in row.advice)


def _hit(hit: Hit) -> str:
    words = [
        f"{number} {word}{'s' if number > 1 else ''}"
        for number, word in ((hit.routes, "route"), (hit.websockets, "websocket"), (hit.others, "other entry point"))
        if number
    ]
    return ", ".join(words) or "no route"


def _md(text: str) -> str:
    return re.sub(r"([|<\\])", r"\\\1", " ".join(text.split()))


def _quoted(text: str, quote: str) -> str:
    return " ".join(text.replace("\\", "\\\\").replace('"', quote).split())
