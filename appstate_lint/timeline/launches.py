"""Applications given to servers, and modules named by strings."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from appstate_lint.facts.flow import At
from appstate_lint.model import Phase
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.jobs import Jobs
from appstate_lint.timeline.parts import DYNAMIC
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.presence import ABSENT, LAUNCHED, MISSING, VALUE, Cell, Facts, Key, Store
from appstate_lint.timeline.values import (
    UNKNOWN,
    External,
    FunctionValue,
    Invocation,
    Keywords,
    Literal,
    ModuleValue,
    Object,
    Unknown,
    Value,
    join_all,
    options,
    plain,
)


class Launches(Jobs):
    """Keeps what is launched."""

    launches: list[tuple[Object, Store, Facts]]
    tried: set[Key]
    """Marks of the applications whose servers the code started that is tried."""
    finders: set[str]
    """The files whose code imports modules by names that are not known."""

    def launched(self, code: Value, keywords: Keywords, path: Path, at: At, now: bool = True) -> None:
        for option in options(plain(code)):
            target = option
            if isinstance(option, Literal) and isinstance(option.value, str):
                target = self.by_string(option.value, keywords, path, at)
            elif isinstance(option, FunctionValue):
                target = self.finish(self.invoke(option, (), (), path, at), path, at)
            elif isinstance(option, Invocation):
                target = self.finish(option, path, at)
            self.take_imported(path)
            for each in options(plain(target)):
                if isinstance(each, Object) and each.site in self.applications and not path.dead:
                    self.launch(each, path, now)

    def launch(self, application: Object, path: Path, now: bool) -> None:
        """Keep an application with its state where it is given to a server; ``now`` that starts."""
        marks = [(self.canonical(each).site, LAUNCHED) for each in (application, *self.mounted(application))]
        self.activity += 1
        if not self.muted and path.store.get(marks[0], MISSING).bits & ABSENT:
            self.launches.append((application, path.store, path.facts))
        if now or self.muted:  # what is only tried configures nothing
            self.tried.update(marks)
        if now:
            self.note_started(marks, path)
            self.may_raise(path)

    def note_started(self, marks: Collection[Key], path: Path) -> None:
        """Note that servers have been started on the way."""
        self.frame.touched.update(marks)
        path.put_all((mark, Cell(VALUE)) for mark in sorted(marks))

    def served_by(self, server: Object) -> Iterator[Value]:
        """Yield what a server serves: what it, or the configuration that it has, was given."""
        for each in self.registered(server, "served"):
            for option in options(plain(each)):
                if isinstance(option, Object) and self.kind(option) == "server":
                    yield from self.served_by(option)
                else:
                    yield option

    def spawn(self, code: Value, path: Path, at: At, certain: bool) -> None:
        if not (certain and self.phase is Phase.BUILD and self.serves_beside(code, path, at)):
            super().spawn(code, path, at, certain)

    def serves_beside(self, code: Value, path: Path, at: At) -> bool:
        """Run code that a launcher starts beside itself if it starts a server; tell whether it does.

        Then the launcher goes on beside the application.
        """
        if path.dead or self.muted or not (marks := self.would_start(code, path, at)):
            return False
        self.run_started(code, path.fork(), at)
        self.note_started(marks, path)
        return True

    def join_tasks(self, args: tuple[Value, ...], path: Path, at: At) -> Value:
        if self.phase is not Phase.BUILD or len(args) < 2 or path.dead:
            return super().join_tasks(args, path, at)
        servers = {index for index, code in enumerate(args) if self.would_start(code, path, at)}
        if not servers:
            return super().join_tasks(args, path, at)
        super().join_tasks(tuple(args[index] for index in sorted(servers)), path, at)
        super().join_tasks(tuple(each for index, each in enumerate(args) if index not in servers), path, at)
        return UNKNOWN

    def would_start(self, code: Value, path: Path, at: At) -> set[Key]:
        """Return the marks of the applications whose servers code starts if it runs."""
        outer, self.tried = self.tried, set()
        self.muted += 1
        self.run_started(code, path.fork(), at)
        self.muted -= 1
        marks, self.tried = self.tried, outer
        return marks

    def run_started(self, code: Value, path: Path, at: At) -> None:
        """Run code that is started with no arguments but its own."""
        code = single(plain(code))
        partial = isinstance(code, Invocation) and code.kind == "partial"
        self.finish(self.invoke(code, (), (), path, at) if partial else code, path, at)

    def by_string(self, text: str, keywords: Keywords, path: Path, at: At) -> Value:
        """Return what a server's ``"module:name"`` means; a factory is called."""
        module, _, name = text.partition(":")
        symbol = self.project.module(self.frame.file, module)
        if symbol.kind != "module" or not name:
            return UNKNOWN
        value = self.symbol_value(self.project.attribute(symbol, name.partition(".")[0]), name)
        if isinstance(value, FunctionValue):
            value = self.invoke(value, (), (), path, at)
        return value

    def import_by_name(self, args: tuple[Value, ...], path: Path, at: At) -> Value:
        """Import each of the modules that a name may stand for."""
        return join_all([self.import_named(name) for name in options(single(plain(args[0])))] if args else ())

    def import_named(self, name: Value) -> Value:
        if not isinstance(name, Literal) or not isinstance(name.value, str):
            self.finders.add(self.frame.file)
            return Unknown("module", DYNAMIC)
        symbol = self.project.module(self.frame.file, name.value)
        if symbol.kind == "module":
            self.import_parents(symbol.file)
            self.import_module(symbol.file)
            return ModuleValue(symbol.file)
        return External(name.value)
