"""Definitions of functions and classes, and imports."""

from __future__ import annotations

from appstate_lint.facts import flow
from appstate_lint.facts.enums import auto_value
from appstate_lint.facts.flow import At
from appstate_lint.timeline.assignments import Assignments
from appstate_lint.timeline.frames import Frame
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.values import (
    ClassValue,
    External,
    FunctionValue,
    Invocation,
    Literal,
    Object,
    Unknown,
    Value,
    plain,
)


class Definitions(Assignments):
    """Binds what is defined or imported to its name."""

    def define(self, node: flow.Define, path: Path) -> None:
        frame = self.frame
        facts = self.project.function(frame.file, node.function)
        scope = self.closure(path)
        value: Value = FunctionValue(frame.file, node.function, scope)
        defaults = tuple(
            self.evaluate(param.default, path) if param.default is not None else None for param in facts.params
        )
        self.defaults[(frame.file, node.function, scope)] = defaults
        decorators = [self.evaluate(decorator, path) for decorator in facts.decorators]
        at = facts.at
        for decorator in reversed(decorators):
            value = self.decorated(decorator, value, path, at)
        self.set_name(facts.name, value, path)

    def decorated(self, decorator: Value, value: Value, path: Path, at: At) -> Value:
        """Return what a decorator makes of a function or class: mostly the function itself."""
        decorator = single(plain(decorator))
        match decorator:
            case FunctionValue() | ClassValue():
                result = self.invoke(decorator, (value,), (), path, at)
                path.dead = False
                useful = isinstance(result, (FunctionValue, Object, ClassValue)) or (
                    isinstance(result, Invocation) and result.kind == "partial"
                )
                if not useful:
                    self.spawn(value, path, at, certain=False)
                return result if useful else value
            case Invocation(kind="partial"):
                result = self.invoke(decorator, (value,), (), path, at)
                return result if isinstance(result, (FunctionValue, Object)) else value
            case External(name=name):
                if not self.harmless(name):
                    self.spawn(value, path, at, certain=False)
                return value
            case Object(external=name, cls=None) if name:
                if not self.harmless(name):
                    self.spawn(value, path, at, certain=False)
                return value
        if isinstance(decorator, Unknown):
            self.spawn(value, path, at, certain=False)
            return value
        result = self.invoke(decorator, (value,), (), path, at)
        return result if isinstance(result, (FunctionValue, Object, ClassValue)) else value

    def harmless(self, name: str) -> bool:
        """Tell whether a decorator of this name only wraps what it decorates."""
        return name.partition(".")[0] in self.tables.wrappers

    def define_class(self, node: flow.DefineClass, path: Path) -> None:
        frame = self.frame
        cls = self.project.cls(frame.file, node.index)
        scope = self.closure(path)
        body = Frame(frame.file, None, scope, scope)
        body.name = "<class>"
        self.frames.append(body)
        inner = Path(dict(path.env) if frame.function is not None else {}, path.store, path.facts)
        before = set(inner.env)
        self.block(cls.body, inner)
        self.frames.pop()
        frame.touched |= body.touched
        env = {
            name: value for name, value in inner.env.items() if name not in before or path.env.get(name) is not value
        }
        path.store, path.facts = inner.store, inner.facts
        made = ClassValue(frame.file, node.index, scope)
        if any(map(_is_auto, env.values())) and self.is_enumeration(made):
            env = {name: Literal(auto_value(cls, name)) if _is_auto(each) else each for name, each in env.items()}
        self.class_envs[(frame.file, node.index, scope)] = env
        value: Value = made
        for decorator in reversed(cls.decorators):
            value = self.decorated(self.evaluate(decorator, path), value, path, cls.at)
        self.set_name(cls.name, value, path)

    # ------------------------------------------------------------ imports

    def import_statement(self, node: flow.Import, path: Path) -> None:
        symbol = self.project.imported(self.frame.file, node)
        full = self.project.module(self.frame.file, node.module)
        if full.kind == "module":
            self.import_parents(full.file)
            self.import_module(full.file)
        value = self.symbol_value(symbol)
        self.take_imported(path)
        if not node.name and symbol.kind == "package" and full.kind == "module":
            value = External(symbol.name)
        self.set_name(node.name or node.module.partition(".")[0], value, path)

    def import_from(self, node: flow.ImportFrom, path: Path) -> None:
        source = self.project.source_of(self.frame.file, node)
        if source.kind == "module":
            self.import_parents(source.file)
            self.import_module(source.file)
        if node.name == "*":
            if source.kind == "module":
                module = self.modules.get(source.file)
                for name, value in (module.env if module is not None else {}).items():
                    if not name.startswith("_"):
                        path.variables().setdefault(name, value)
            return
        symbol = self.project.attribute(source, node.name)
        if symbol.kind == "module":
            self.import_module(symbol.file)
        if self.frame.function is not None or not self.is_proxy(symbol):
            self.set_name(node.alias or node.name, self.symbol_value(symbol, node.name), path)
        self.take_imported(path)

    def take_imported(self, path: Path) -> None:
        """Take over what module bodies, imported just now, put on applications that they made."""
        if path.store is not self.import_store:
            path.put_all((key, cell) for key, cell in self.import_store.items() if key not in path.store)

    def import_parents(self, file: str) -> None:
        """Run the ``__init__`` modules of the packages around a module."""
        for package in self.project.packages_around(file):
            if package not in self.modules:
                self.import_module(package)


def _is_auto(value: Value) -> bool:
    return isinstance(value, Object) and value.external == "enum.auto"
