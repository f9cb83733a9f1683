"""Threads, groups of tasks, and schedulers with their jobs."""

from __future__ import annotations

from appstate_lint.facts.flow import At
from appstate_lint.frameworks import Call as CallTable
from appstate_lint.model import Phase
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.loops import NOWHERE
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.registry import Registry
from appstate_lint.timeline.values import NONE as NONE_VALUE
from appstate_lint.timeline.values import (
    UNKNOWN,
    DictValue,
    FunctionValue,
    Invocation,
    Keywords,
    Object,
    Registrar,
    Value,
    plain,
)


class Jobs(Registry):
    """Starts what objects of frameworks run beside their caller."""

    running_jobs: dict[str, str]
    tasks: dict[str, list[Invocation]]

    def start_entries(self, owner: Object, path: Path, at: At) -> None:
        """Start the methods that a framework's class runs beside the caller (``Thread.start`` runs ``run``)."""
        spec = self.spec(owner)
        codes: list[Value] = []
        for name in spec.entries if spec is not None else ():
            method = self.method(owner.cls, name) if owner.cls is not None else None
            if method is not None:
                bound = FunctionValue(method.file, method.index, method.scope, owner)
                codes.append(Invocation("partial", bound, (), ()))
        codes += [each.value for each in self.registrations.get(owner.site, ()) if each.role == "thread"]
        for code in codes:
            self.spawn(code, path, at, certain=True)
            if isinstance(code, Invocation):
                self.note_task(owner, Invocation("task", code.function, code.args, code.keywords))

    def start_in_group(
        self, table: CallTable, group: Object, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At
    ) -> Value:
        """Start a task or thread that its group waits for when it is left."""
        code = self.argument(table.arguments, table.function, args, keywords)
        if code is None:
            return UNKNOWN
        rest = self.rest_of(table, args) if table.rest else ()
        passed = tuple(pair for pair in keywords if pair[0] != table.function) if table.rest else ()
        task = self.start(code, rest, passed, path, at, table.role)
        if isinstance(task, Invocation):
            self.note_task(group, task)
        return task

    def add_job(
        self, table: CallTable, owner: Object, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At
    ) -> Value:
        """Note a job of a scheduler, which runs once the scheduler does; a delayed one counts as serving code."""
        given = {
            extra for parameter, extra in table.registers.items()
            if self.argument(table.arguments, parameter, args, keywords) not in (None, NONE_VALUE)
        }  # fmt: skip
        role = "late-job" if "delay" in given and "soon" not in given else "job"
        if table.form == "decorator":
            return Registrar(owner, role)
        code = self.argument(table.arguments, table.function, args, keywords)
        if code is None:
            return UNKNOWN
        job = self.called_later(code, table.arguments, args, keywords)
        self.register(owner, role, job, path, at)
        if owner.site in self.running_jobs:
            self.run_job(owner, role, job, path, at)
        return UNKNOWN

    def called_later(
        self, code: Value, names: tuple[str, ...], args: tuple[Value, ...], keywords: Keywords
    ) -> Invocation:
        """Return code with what it is called with later: a collection ``args`` and a table ``kwargs``."""
        passed = self.argument(names, "args", args, keywords)
        named = single(plain(self.argument(names, "kwargs", args, keywords) or UNKNOWN))
        items = self.dict_cell(named.number).items if isinstance(named, DictValue) else {}
        pairs = tuple((key, value) for key, value in items.items() if isinstance(key, str))
        inner = (self.members(passed) or ()) if passed is not None else ()
        return self.handed(Invocation("partial", plain(code), inner, pairs))

    def run_job(self, owner: Object, role: str, job: Value, path: Path, at: At) -> None:
        """Let a job run from here on."""
        self.spawn(job, path, at, certain=True)
        entry = self.waiting.get((single(plain(job)), True))
        if entry is not None and role == "late-job":
            entry.phase = Phase.SERVING
        elif entry is not None and self.running_jobs[owner.site] == "loop-jobs":
            self.fresh.append(entry)

    def note_task(self, group: Object, task: Invocation) -> None:
        """Note a task that its group (or thread) waits for."""
        tasks = self.tasks.setdefault(group.site, [])
        if task not in tasks:
            tasks.append(task)

    def gather(self, group: str, path: Path, failed: bool) -> None:
        self.settle(path)
        for task in () if failed else self.tasks.get(group, ()):
            entry = self.started(task)
            if entry is not None and entry.end is None:
                self.finish(task, path, NOWHERE)
