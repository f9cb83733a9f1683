"""Start-up code that is registered where the framework does not run it, or whose yielded state is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appstate_lint.model import Finding, Phase, Related, Rule

if TYPE_CHECKING:
    from appstate_lint.timeline.questions import Timeline
    from appstate_lint.timeline.records import Dropped, NotRun, Occurrence
    from appstate_lint.timeline.told import Life

RULE = Rule("appstate-startup-not-run", "E7817", "{problem}")


def check(timeline: Timeline) -> Iterator[Finding]:
    """Yield a finding for each handler, mount or ``yield`` through which start-up code is lost."""
    for life in timeline.lives:
        for idle in life.not_run:
            yield _idle(timeline, life, idle)
        unset = list(timeline.unset_in_requests(life)) if life.dropped else []
        for dropped in life.dropped:
            readers = [each for each in unset if each[0].component in dropped.names]
            if readers:
                yield _dropped(timeline, life, dropped, readers)


def _idle(timeline: Timeline, life: Life, idle: NotRun) -> Finding:
    if idle.reason == "mount":
        problem = f"{idle.function} never runs: nothing enters the {idle.role} of what is mounted here"
    elif idle.reason != "lifespan":
        problem = f"{idle.function} never runs: {idle.reason} is gone, and this project has that version or a later one"
    else:
        problem = f"{idle.function} never runs: next to a lifespan, the {idle.role} handlers of {life.name} are ignored"
    writes = timeline.unreached_writes(idle.file, idle.function)
    names = list(dict.fromkeys(each.component for each in writes))
    if names:
        problem += f"; it would set {', '.join(repr(name) for name in names)}"
    readers = [
        read
        for component in timeline.components(life).values()
        if component.name in names and not component.writes
        for read in component.plain_reads
    ]
    return RULE.finding(
        idle.place,
        component=names[0] if names else "",
        application=life.name,
        phase=Phase.SHUTDOWN if idle.role == "shutdown" else Phase.STARTUP,
        function=idle.function,
        trace=[
            timeline.step(idle.place, Phase.BUILD, f"{idle.function} is registered, and never called"),
            *[timeline.step(each.place, Phase.UNREACHED, f"it would write '{each.component}'") for each in writes[:3]],
            *[step for read in readers[:1] for step in timeline.path_to(read, f"'{read.component}' is read")[-4:]],
        ],
        related=[Related(each.place.file, each.place.line, f"'{each.component}' is read here") for each in readers],
        problem=problem,
    )


def _dropped(timeline: Timeline, life: Life, dropped: Dropped, readers: list[list[Occurrence]]) -> Finding:
    read = readers[0][0]
    names = ", ".join(sorted({repr(each[0].component) for each in readers}))
    return RULE.finding(
        dropped.place,
        component=read.component,
        application=life.name,
        phase=Phase.STARTUP,
        function=dropped.function,
        trace=[
            timeline.step(dropped.place, Phase.STARTUP, f"{dropped.function} yields without {names}"),
            *timeline.path_to(read, f"{read.function} reads '{read.component}' from the state of the request")[-7:],
        ],
        related=[
            Related(each.place.file, each.place.line, f"'{each.component}' is read here")
            for several in readers
            for each in several
        ][1:],
        problem=f"{dropped.function} does not hand on {names}, which the lifespan inside of it yields and "
        f"{read.function} reads ({read.place.file}:{read.place.line})",
    )
