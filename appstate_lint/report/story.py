"""The timeline for people: an application's life phase by phase, or one component's story in every application."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from appstate_lint.model import Access, Application, Event, Finding, Kind, Phase, Report, Severity
from appstate_lint.report.text import Row, Span

_DOES = {Kind.READ: "reads", Kind.WRITE: "writes", Kind.DELETE: "deletes", Kind.GUARD: "asks for"}
_STYLES = {Kind.WRITE: "green", Kind.DELETE: "red"}
_PRESENCE = {
    ("ABSENT",): "missing",
    ("NONE",): "None",
    ("ABSENT", "NONE"): "missing or None",
    ("ABSENT", "VALUE"): "may be missing",
    ("NONE", "VALUE"): "may be None",
    ("ABSENT", "NONE", "VALUE"): "may be missing or None",
}
_WIDEST = 44


class Line(NamedTuple):
    """One line of a story, in columns."""

    kind: Kind
    component: str
    where: str
    function: str
    remarks: tuple[str, ...]
    faults: tuple[str, ...]
    named: str = ""


def story_lines(report: Report, component: str | None) -> Iterator[Row]:
    """Yield the stories of all applications, of one component where one is named.

    Applications with one and the same story stand together. Without a component, what serving code reads is one line a
    component; nothing else is left out.
    """
    findings = [each for each in report.findings if each.severity is not Severity.INFO]
    faults = _faults(findings)
    groups: dict[tuple[Event, ...], list[Application]] = {}
    for story in report.stories:
        events = tuple(each for each in story.events if component in (None, each.component))
        if events or component is None:
            groups.setdefault(events, []).append(story.application)
    for events, applications in groups.items():
        for made in applications:
            yield (
                Span(made.name, "bold"),
                Span(f"  {made.framework}, {made.file}:{made.line}, {made.entry_points} entry points"),
            )
        yield from _phases(events, faults, whole=component is not None)
        yield from _gaps(findings, {made.name for made in applications}, component)
        yield ()
    yield from _not_run(report.accesses, component)


def _faults(findings: Iterable[Finding]) -> Mapping[tuple[str, int, str], tuple[str, ...]]:
    """Return the codes of findings by file, line and component, those of their related places too."""
    found: dict[tuple[str, int, str], list[str]] = {}
    for finding in findings:
        for file, line in [(finding.file, finding.line), *((each.file, each.line) for each in finding.related)]:
            codes = found.setdefault((file, line, finding.component), [])
            if finding.code not in codes:
                codes.append(finding.code)
    return {key: tuple(codes) for key, codes in found.items()}


def _phases(
    events: tuple[Event, ...], faults: Mapping[tuple[str, int, str], tuple[str, ...]], whole: bool
) -> Iterator[Row]:
    for phase in Phase:
        inside = [each for each in events if each.phase is phase]
        if not inside:
            continue
        yield (Span(f"  {phase.value}", "bold cyan"),)
        folded = phase is Phase.SERVING and not whole
        lines = [*_folded(inside, faults)] if folded else [_line(each, faults) for each in inside]
        lines = list(dict.fromkeys(lines))
        if not any(line.named for line in lines):
            yield from _laid_out(lines)
            continue
        for named, several in itertools.groupby(lines, key=lambda line: line.named):
            yield (Span(f"    {named or 'no named phase'}:", "cyan"),)
            yield from _laid_out(list(several))


def _line(event: Event, faults: Mapping[tuple[str, int, str], tuple[str, ...]]) -> Line:
    return Line(
        event.kind,
        event.component,
        f"{event.file}:{event.line}",
        event.function,
        tuple(_remarks(event)),
        faults.get((event.file, event.line, event.component), ()),
        event.named_phase or "",
    )


def _remarks(event: Event) -> Iterator[str]:
    if event.conditional and event.kind is Kind.WRITE:
        yield f"if {' and '.join(event.conditions)}" if event.conditions else "under a condition"
    if event.kind is not Kind.WRITE and event.presence in _PRESENCE:
        yield _PRESENCE[event.presence]
    if event.beside:
        yield "beside start-up"
    if event.partial:
        yield "also after a failed start-up"
    if event.possible:
        yield "perhaps not reached"


def _folded(events: list[Event], faults: Mapping[tuple[str, int, str], tuple[str, ...]]) -> Iterator[Line]:
    """Yield writes one by one, and the reads of each component as one line."""
    reads: dict[str, list[Event]] = {}
    for each in events:
        if each.kind in (Kind.WRITE, Kind.DELETE):
            yield _line(each, faults)
        else:
            reads.setdefault(each.component, []).append(each)
    for component, several in sorted(reads.items()):
        places = list(dict.fromkeys((each.file, each.line) for each in several))
        codes = [code for file, line in places for code in faults.get((file, line, component), ())]
        remarks = [remark for each in several for remark in _remarks(each)]
        plain = any(each.kind is Kind.READ for each in several)
        functions = len({(each.file, each.function) for each in several})
        yield Line(
            Kind.READ if plain else Kind.GUARD,
            component,
            f"{places[0][0]}:{places[0][1]}" + (f" and {len(places) - 1} more" if len(places) > 1 else ""),
            several[0].function if functions == 1 else f"{functions} functions",
            tuple(dict.fromkeys(remarks)),
            tuple(dict.fromkeys(codes)),
        )


def _laid_out(lines: list[Line]) -> Iterator[Row]:
    """Yield lines with their columns aligned; a very long entry pushes its own line only."""
    component, function, where = (
        min(_WIDEST, max((len(getattr(line, name)) for line in lines), default=0))
        for name in ("component", "function", "where")
    )
    for line in lines:
        yield (
            Span(f"    {_DOES[line.kind]:<8}  ", _STYLES.get(line.kind, "")),
            Span(f"{line.component:<{component}}", "bold"),
            Span(f"  {line.function:<{function}}  "),
            Span(f"{line.where:<{where if line.remarks or line.faults else 0}}", "cyan"),
            *((Span(f"  {', '.join(line.remarks)}"),) if line.remarks else ()),
            *((Span(f"  {' '.join(line.faults)}", "bold red"),) if line.faults else ()),
        )


def _gaps(findings: Iterable[Finding], applications: set[str], component: str | None) -> Iterator[Row]:
    mine = (each for each in findings if applications & {*each.applications})
    found = [each for each in mine if component in (None, each.component)]
    if found:
        yield (Span("  gaps", "bold red"),)
    for each in found:
        yield (
            Span(f"    {each.code}  "),
            Span(f"{each.file}:{each.line}", "cyan"),
            Span(f"  {' '.join(each.message.split())}"),
        )


def _not_run(accesses: Iterable[Access], component: str | None) -> Iterator[Row]:
    """Yield what code that no application runs would do; of all components, only how much there is."""
    found = [each for each in accesses if each.phase is Phase.UNREACHED and component in (None, each.component)]
    if not found:
        return
    yield (Span("not run by any application", "bold"),)
    if component is None:
        names = len({each.component for each in found})
        counts = f"{len(found)} access{'es' if len(found) > 1 else ''} to {names} component{'s' if names > 1 else ''}"
        yield (Span(f"    {counts}; `appstate-lint accesses` lists them"),)
        return
    yield from _laid_out(
        [Line(each.kind, each.component, f"{each.file}:{each.line}", each.function, (), ()) for each in found]
    )
