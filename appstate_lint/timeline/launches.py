"""Applications given to servers, and modules named by strings."""

from __future__ import annotations

from appstate_lint.facts.flow import At
from appstate_lint.timeline.jobs import Jobs
from appstate_lint.timeline.parts import DYNAMIC
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.presence import Facts, Store
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
    literal_names,
    options,
    plain,
)


class Launches(Jobs):
    """Keeps what is launched."""

    launches: list[tuple[Object, Store, Facts]]
    finders: set[str]
    """The files whose code imports modules by names that are not known."""

    def launched(self, code: Value, keywords: Keywords, path: Path, at: At) -> None:
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
                if isinstance(each, Object) and each.site in self.applications and not self.muted:
                    self.launches.append((each, path.store, path.facts))

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
        names = literal_names(plain(args[0])) if args else None
        if names is None:
            self.finders.add(self.frame.file)
            return Unknown("module", DYNAMIC)
        symbol = self.project.module(self.frame.file, names[0])
        if symbol.kind == "module":
            self.import_parents(symbol.file)
            self.import_module(symbol.file)
            return ModuleValue(symbol.file)
        return External(names[0])
