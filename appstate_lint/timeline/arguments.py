"""Arguments: what a function gets, from its caller, from its defaults, or from the framework that calls it."""

from __future__ import annotations

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Expr
from appstate_lint.project.launchers import Root
from appstate_lint.timeline.expressions import Expressions
from appstate_lint.timeline.frames import Frame, Scoped
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.presence import LOCAL
from appstate_lint.timeline.values import (
    APPLICATION,
    GIVEN,
    NONE,
    UNKNOWN,
    ClassValue,
    Dependency,
    DictValue,
    FunctionValue,
    Holder,
    Keywords,
    Literal,
    Object,
    TupleValue,
    Unknown,
    Value,
    join,
)


class Arguments(Expressions):
    """Binds parameters."""

    root: Root | None
    """What starts it all: nothing changes what that is given."""

    def bind(
        self, function: FunctionValue, facts: flow.Function, args: tuple[Value, ...], keywords: Keywords, path: Path,
        at: At, entry: bool = False,
    ) -> dict[str, Value]:  # fmt: skip
        """Bind arguments to parameters; what is not given gets its default, or what its annotation says."""
        given = list(args)
        if function.bound is not None:
            given.insert(0, function.bound)
        named = dict(keywords)
        wrapped = self.wrapped.get(_code(function)) if entry and not args and not keywords else None
        if wrapped is not None:
            named = self.as_wrapped(wrapped, path, at)
        env: dict[str, Value] = {}
        defaults = self.defaults.get((function.file, function.index, function.scope))
        for position, param in enumerate(facts.params):
            if param.kind == "args":
                env[param.name] = TupleValue(tuple(given)) if not entry or wrapped is not None else UNKNOWN
                given = []
            elif param.kind == "kwargs":
                env[param.name] = (
                    self.keyword_dict(function, at, named) if not entry or wrapped is not None else UNKNOWN
                )
                named = {}
            elif given and param.kind != "keyword":
                env[param.name] = self.better(given.pop(0), param, function, facts)
            elif param.name in named and param.kind != "positional":
                env[param.name] = self.better(named.pop(param.name), param, function, facts)
            elif entry:
                env[param.name] = self.entry_value(param, function, facts, path, at)
            else:
                default = defaults[position] if defaults is not None and position < len(defaults) else None
                if default is None and param.default is not None:
                    default = Literal(param.default.value) if isinstance(param.default, flow.Const) else None
                if default is None or isinstance(default, Dependency):
                    default = self.typed(param.annotation, function.file, facts, param.name)
                env[param.name] = default
        return env

    def as_wrapped(self, wrapped: FunctionValue, path: Path, at: At) -> dict[str, Value]:
        """Return what the framework passes for the parameters of the function that a decorator wrapped."""
        while (inner := self.wrapped.get(_code(wrapped))) is not None:
            wrapped = inner
        facts = self.project.function(wrapped.file, wrapped.index)
        named = [param for param in facts.params if param.kind not in ("args", "kwargs")]
        return {param.name: self.entry_value(param, wrapped, facts, path, at) for param in named}

    def keyword_dict(self, function: FunctionValue, at: At, named: dict[str, Value]) -> Value:
        number = self.number(("kwargs", function.file, function.index, tuple(named.items())))
        for name, value in named.items():
            self.dict_cell(number).items[name] = value
        return DictValue(number)

    def better(self, value: Value, param: flow.Param, function: FunctionValue, facts: flow.Function) -> Value:
        """Return an argument, or what the annotation says where the argument is not known."""
        if type(value) is not Unknown:
            return value
        if isinstance(value, Unknown) and value.hint.startswith("request."):
            return value
        if isinstance(value, Unknown) and param.annotation is not None:
            typed = self.typed(param.annotation, function.file, facts, param.name)
            if not isinstance(typed, Unknown):
                return typed
        local = isinstance(value, Unknown) and value.origin.startswith(LOCAL)
        if isinstance(value, Unknown) and (local or not value.origin) and (local or value.hint != param.name):
            if self.is_called_application(value.hint):
                return value
            return Unknown(param.name)
        return value

    def typed(self, annotation: Expr | None, file: str, facts: flow.Function | None, name: str) -> Value:
        """Return an instance of what an annotation names; a nameless unknown if it says nothing."""
        for symbol in self.annotated(annotation, file, facts):
            if symbol[0] == "class":
                cls = ClassValue(symbol[1], symbol[2])
                base = self.external_base(cls)
                spec = self.tables.classes.get(base)
                if spec is not None and spec.kind == "application":
                    return self.some_application()
                if spec is not None and spec.kind == "state":
                    return self.current_holder()
                return Object(f"any {symbol[1]}:{symbol[2]}", cls, base)
            spec = self.tables.classes.get(symbol[3])
            if spec is not None:
                if spec.kind == "application":
                    return self.some_application() if self.application is not None else Object("", None, symbol[3])
                if spec.kind == "state":
                    return self.current_holder()
                return Object(f"any {symbol[3]}", None, symbol[3])
            if symbol[3].rpartition(".")[2] not in _SAYS_NOTHING | self.tables.vague:
                return Object(f"any {symbol[3]}", None, symbol[3])
        return Unknown(name)

    def some_application(self) -> Value:
        """Return the application that something is of which only the type is known, if there is but one."""
        application = self.the_application()
        if self.living is None or not self.is_item_holder(application) or not any(self.mounted(self.living)):
            return application
        return Unknown(APPLICATION)

    def current_holder(self) -> Value:
        """Return the state of the application whose life is being interpreted."""
        application = self.the_application()
        return Holder(application) if isinstance(application, Object) else Holder(Object(""))

    def annotated(
        self, annotation: Expr | None, file: str, facts: flow.Function | None
    ) -> list[tuple[str, str, int, str]]:
        """Return the classes that an annotation names: (kind, file, index, dotted name)."""
        if annotation is None:
            return []
        key = (id(annotation), file, facts.scope if facts is not None else -1)  # records live as long as the project
        known = self.project.annotated.get(key)
        if known is None:
            known = self.project.annotated[key] = self._annotated(annotation, file, facts)
        return known

    def _annotated(self, annotation: Expr, file: str, facts: flow.Function | None) -> list[tuple[str, str, int, str]]:
        match annotation:
            case flow.Binary(op="|", left=left, right=right):
                return self.annotated(left, file, facts) + self.annotated(right, file, facts)
            case flow.Item(value=value, index=index):
                outer = flow.last_name(value)
                if outer in ("Optional", "Annotated", "Union", "ClassVar", "Final"):
                    parts = index.items if isinstance(index, flow.Sequence) else (index,)
                    if outer == "Annotated":
                        parts = parts[:1]
                    return [found for part in parts for found in self.annotated(part, file, facts)]
                return self.annotated(value, file, facts)
            case flow.Name() | flow.Attr():
                local = self.project.local_names(file, facts.scope) if facts is not None and facts.scope >= 0 else {}
                symbol = self.project.resolve(file, annotation, local)
                if symbol is None:
                    return []
                if symbol.kind == "class":
                    return [("class", symbol.file, symbol.index, "")]
                if symbol.kind == "external":
                    return [("external", "", -1, symbol.name)]
                if symbol.kind == "variable":
                    return self.aliased(symbol.file, symbol.name)
        return []

    def aliased(self, file: str, name: str) -> list[tuple[str, str, int, str]]:
        """Return the classes that a type alias (``X = Annotated[...]``) names."""
        expr = self.alias_expr(file, name)
        return self.annotated(expr, file, None) if isinstance(expr, (flow.Item, flow.Binary)) else []

    def alias_expr(self, file: str, name: str) -> Expr | None:
        """Return what a module-level name is assigned, if it is assigned once."""
        found: Expr | None = None
        for statement in self.project.facts[file].body:
            if type(statement) is flow.Bind and statement.value is not None:
                for target in statement.targets:
                    if type(target) is flow.Name and target.id == name:
                        found = statement.value
        return found

    def entry_value(
        self, param: flow.Param, function: FunctionValue, facts: flow.Function, path: Path, at: At
    ) -> Value:
        """Return what the framework passes for a parameter of an entry point."""
        dependency = self.dependency_of(param, function)
        if dependency is not None:
            return self.depend(dependency, param, function, facts, path, at)
        value = self.typed(param.annotation, function.file, facts, param.name)
        is_plain = isinstance(value, Object) and not self.kind(value)
        if self.root is not None and (function.file, function.index) == (self.root.file, self.root.function):
            value = self.once_given(value, param.name, f"{function.file}:{facts.qualname}.{param.name}")
        return join(value, NONE) if is_plain and param.default == flow.Const(None) else value

    def once_given(self, value: Value, name: str, place: str) -> Value:
        """Return what a parameter of a launcher is: the same for all its code, so it has a name of its own."""
        if isinstance(value, Object) and not self.kind(value):
            return Object(f"{GIVEN}{place}", value.cls, value.external)
        if isinstance(value, Unknown) and not value.origin and value.hint == name:
            return Unknown(name, place)
        return value

    def dependency_of(self, param: flow.Param, function: FunctionValue) -> Dependency | None:
        """Return the ``Depends`` of a parameter, from its default or its annotation."""
        facts = self.project.function(function.file, function.index)
        defaults = self.defaults.get((function.file, function.index, function.scope))
        position = facts.params.index(param)
        if defaults is not None and isinstance(defaults[position], Dependency):
            found = defaults[position]
            assert isinstance(found, Dependency)
            return found
        return self.annotated_dependency(param.annotation, function.file)

    def annotated_dependency(self, annotation: Expr | None, file: str, hops: int = 0) -> Dependency | None:
        """Return the ``Depends`` inside ``Annotated[...]``, also behind an alias."""
        if isinstance(annotation, flow.Item) and flow.last_name(annotation.value) == "Annotated":
            parts = annotation.index.items if isinstance(annotation.index, flow.Sequence) else ()
            for part in parts[1:]:
                value = self.quietly(part, file)
                if isinstance(value, Dependency):
                    if value.function is None and parts:
                        return Dependency(self.quietly(parts[0], file))
                    return value
        if isinstance(annotation, (flow.Name, flow.Attr)) and hops < 5:
            symbol = self.project.resolve(file, annotation)
            if symbol is not None and symbol.kind == "variable":
                return self.annotated_dependency(self.alias_expr(symbol.file, symbol.name), symbol.file, hops + 1)
        return None

    def quietly(self, expr: Expr, file: str) -> Value:
        """Evaluate a module-level expression without writing anything down."""
        self.import_module(file)
        module = self.modules.get(file)
        self.frames.append(Frame(file, None, 0, 0))
        self.muted += 1
        value = self.evaluate(expr, Path(dict(module.env) if module is not None else {}, {}))
        self.muted -= 1
        self.frames.pop()
        return value

    def depend(
        self, dependency: Dependency, param: flow.Param | None, function: FunctionValue, facts: flow.Function | None,
        path: Path, at: At,
    ) -> Value:  # fmt: skip
        """Run a dependency as the framework does, and return what it hands to the endpoint."""
        target = dependency.function
        if target is None and param is not None:
            for symbol in self.annotated(param.annotation, function.file, facts):
                if symbol[0] == "class":
                    target = ClassValue(symbol[1], symbol[2])
        if target is None:
            return UNKNOWN
        return self.serve(target, path, at)

    def fill_fields(
        self, made: Object, cls: ClassValue, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At
    ) -> None:
        """Set the fields of a data class from the arguments of its constructor."""
        fields = self.fields(cls)
        given = dict((*zip(fields, args, strict=False), *keywords))
        for name, value in given.items():
            self.put_attribute(made, name, value)
        for base in self.bases(cls):
            for statement in self.project.cls(base.file, base.index).body:
                if isinstance(statement, flow.Bind) and isinstance(statement.value, flow.Call):
                    self.make_default(made, base, statement, given, path)
        after = self.method(cls, "__post_init__")
        if after is not None:
            self.run(FunctionValue(after.file, after.index, after.scope, made), (), (), path, at)

    def make_default(
        self, made: Object, cls: ClassValue, statement: flow.Bind, given: dict[str, Value], path: Path
    ) -> None:
        """Make the default of a field that has a ``default_factory``, one for each instance."""
        call = statement.value
        assert isinstance(call, flow.Call)
        factory = next((value for name, value in call.keywords if name == "default_factory"), None)
        names = [target.id for target in statement.targets if isinstance(target, flow.Name)]
        if factory is None or not names or names[0] in given or self.get_attribute(made, names[0]) is not None:
            return
        number = self.scope_numbers.setdefault(("fields", made.site), len(self.scope_numbers) + 1)
        self.scopes.setdefault(number, Scoped(cls.file, 0))
        frame = Frame(cls.file, None, number, 0)
        self.frames.append(frame)
        value = self.invoke(self.evaluate(factory, path), (), (), path, call.at)
        self.frames.pop()
        self.put_attribute(made, names[0], value)


def _code(function: FunctionValue) -> tuple[str, int, int]:
    return function.file, function.index, function.scope


_SAYS_NOTHING = frozenset({"Any", "object", "Callable", "Awaitable", "Coroutine", "None", "Self", "?"})
"""Annotations that leave open what a value is."""
