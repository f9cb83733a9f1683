"""Calls: evaluating them, telling what is called, and calling as the framework does."""

from __future__ import annotations

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Expr
from appstate_lint.timeline.builtin import Builtins
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.parts import DYNAMIC, CallSite
from appstate_lint.timeline.paths import Path, merge
from appstate_lint.timeline.records import NoneCall
from appstate_lint.timeline.truth import called
from appstate_lint.timeline.values import (
    NONE as NONE_VALUE,
)
from appstate_lint.timeline.values import (
    SCOPE,
    UNKNOWN,
    ClassValue,
    DictValue,
    External,
    FunctionValue,
    Holder,
    Invocation,
    Keywords,
    Literal,
    Loaded,
    Member,
    Object,
    Registrar,
    TupleValue,
    Unknown,
    Value,
    join,
    join_all,
    options,
    plain,
)

_NOTHING: frozenset[str] = frozenset()
_NOWHERE: frozenset[int] = frozenset()
_TEXT_METHODS = frozenset({
    *("lower", "upper", "casefold", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix"),
    *("startswith", "endswith", "split"),
})  # fmt: skip
"""Methods of a text that give the same each time."""
_TYPED_DICTS = frozenset({"TypedDict"})
"""Calling these makes a plain dict."""
"""Calling these gives the member that a value stands for."""


def _is_none(expr: object) -> bool:
    return type(expr) is flow.Const and expr.value is None


def _reads(expr: Expr) -> bool:
    """Tell whether an argument can read a component: it is more than a name or a constant."""
    return not isinstance(expr, (flow.Name, flow.Const))


class Calls(Builtins):
    """Calls values."""

    def call(self, expr: flow.Call, path: Path) -> Value:
        function = self.evaluate(expr.func, path)
        self.use(function)
        outer = self.begin()
        args = self.spread(expr.args, path)
        keywords: list[tuple[str, Value]] = []
        for name, part in expr.keywords:
            value = self.evaluate(part, path)
            if name:
                keywords.append((name, value))
            else:
                table = single(plain(value))
                if isinstance(table, DictValue) and not self.dict_cell(table.number).open:
                    items = self.dict_cell(table.number).items
                    keywords.extend((key, each) for key, each in items.items() if isinstance(key, str))
        given = self.ingredients_of(expr) if outer is not None else {}
        self.end(outer)
        if path.dead:
            return UNKNOWN
        if args is None:
            args = (UNKNOWN,)
        self.call_site = CallSite(
            self.place(expr.at),
            frozenset([name for name, part in expr.keywords if _is_none(part)]) if expr.keywords else _NOTHING,
            frozenset([index for index, part in enumerate(expr.args) if _is_none(part)]) if expr.args else _NOWHERE,
            given,
            expr,
        )
        value = self.invoke(function, args, tuple(keywords), path, expr.at)
        self.call_site = None
        return value

    def handed(self, later: Invocation) -> Invocation:
        """Return code that the running call hands on; note where that passes ``None``, if it says so."""
        site = self.call_site
        if site is None or site.call is None or NONE_VALUE not in (*later.args, *(each for _, each in later.keywords)):
            return later
        if any(map(_is_none, flow.nodes((site.call,)))):
            self.call_sites[later] = CallSite(
                site.place,
                frozenset(name for name, value in later.keywords if value == NONE_VALUE),
                frozenset(index for index, value in enumerate(later.args) if value == NONE_VALUE),
            )
        return later

    def ingredients_of(self, expr: flow.Call) -> dict[int | str, frozenset[str]]:
        """Return the components that the arguments of a call, just evaluated, were made from."""
        read = frozenset(self.frame.read)
        given: list[tuple[int | str, Expr]] = [*enumerate(expr.args), *expr.keywords]
        found = {key: self.mentioned(part) | (read if _reads(part) else frozenset()) for key, part in given}
        return {key: names for key, names in found.items() if names}

    def invoke(self, function: Value, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """Call a value; of several possible ones each, joined."""
        several = [option for option in options(plain(function)) if option != NONE_VALUE]
        if not several:
            path.dead = function == NONE_VALUE
            return UNKNOWN
        if len(several) == 1:
            return self.invoke_one(several[0], args, keywords, path, at)
        joined: Path | None = None
        result: Value | None = None
        for option in several:
            fork = path.fork()
            value = self.invoke_one(option, args, keywords, fork, at)
            if not fork.dead:
                result = value if result is None else join(result, value)
            joined = merge(joined, fork)
        path.become(joined)
        return result if result is not None else UNKNOWN

    def invoke_one(self, function: Value, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        match function:
            case FunctionValue():
                facts = self.project.function(function.file, function.index)
                if facts.is_generator:
                    return Invocation("generator", function, args, keywords)
                if facts.is_async:
                    later = Invocation("coroutine", function, args, keywords)
                    if self.call_site is not None:
                        self.call_sites[later] = self.call_site
                    return later
                value = self.run(function, args, keywords, path, at)
                self.note_end(function, path)
                return value
            case ClassValue():
                return self.construct(function, args, keywords, path, at)
            case Invocation(kind="constant"):
                return function.function
            case Invocation(kind="getter", args=names) if args:
                return self.got(args[0], names, path, at)
            case Invocation(kind="wraps", function=inner):
                wrapper = args[0] if args else UNKNOWN
                if isinstance(wrapper, FunctionValue) and isinstance(inner, FunctionValue) and wrapper != inner:
                    self.wrapped[wrapper.file, wrapper.index, wrapper.scope] = inner
                return wrapper
            case Invocation(kind="partial"):
                self.call_site = self.call_sites.get(function)
                return self.invoke(function.function, function.args + args, function.keywords + keywords, path, at)
            case Registrar():
                return self.decorate(function, args, path, at)
            case Object(cls=cls) if cls is not None and self.method(cls, "__call__") is not None:
                method = self.method(cls, "__call__")
                assert method is not None
                bound = FunctionValue(method.file, method.index, method.scope, function)
                return self.invoke(bound, args, keywords, path, at)
            case External(name=name):
                return self.external(name, args, keywords, path, at)
            case Member():
                return self.member(function, args, keywords, path, at)
            case Unknown():
                return self.invoke_unknown(function, args, keywords, path, at)
        return self.unseen("", args, keywords, path, at, third_party=True)

    def invoke_unknown(
        self, function: Unknown, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At
    ) -> Value:
        """Call what is not known, by its name if that tells something."""
        hint = function.hint
        if function.origin.startswith(DYNAMIC):
            return self.unseen(hint, args, keywords, path, at, third_party=False)
        if function.origin == SCOPE and args and isinstance(key := plain(args[0]), Literal):
            return self.scope_item(key.value)
        table = self.tables.methods.get(hint)
        if table is not None:
            return self.act(table, args, keywords, path, at, hint)
        if hint in _TEXT_METHODS and (origin := called(function.origin, args)):
            return Unknown(hint, origin)
        return self.somewhere(hint, args, keywords, path, at)

    def got(self, owner: Value, names: tuple[Value, ...], path: Path, at: At) -> Value:
        """Return the attributes of ``owner`` that dotted ``names`` lead to."""
        found: list[Value] = []
        for name in names:
            value = owner
            for part in str(name.value).split(".") if isinstance(name, Literal) else ():
                value = self.attribute(value, part, path, at)
            found.append(value if isinstance(name, Literal) else UNKNOWN)
        return found[0] if len(found) == 1 else TupleValue(tuple(found))

    def serve(self, target: Value, path: Path, at: At, args: tuple[Value, ...] = ()) -> Value:
        """Call ``target`` as the framework would: its parameters are requests and dependencies."""
        result: Value | None = None
        for option in options(plain(target)):
            value = self.serve_one(option, path, at, args)
            result = value if result is None else join(result, value)
        return result if result is not None else UNKNOWN

    def serve_one(self, target: Value, path: Path, at: At, args: tuple[Value, ...]) -> Value:
        match target:
            case FunctionValue():
                yielded: list[Value] = []

                def collect(inner: Path, value: Value) -> Value:
                    yielded.append(value)
                    return UNKNOWN

                facts = self.project.function(target.file, target.index)
                hook = collect if facts.is_generator else None
                value = self.run(target, args, (), path, at, hook, entry=True)
                return join_all(yielded) if hook is not None else self.finish(value, path, at)
            case ClassValue():
                return self.construct(target, args, (), path, at, entry=True)
            case Invocation(kind="partial", function=inner):
                if isinstance(inner, FunctionValue):
                    self.call_site = self.call_sites.get(target)
                    value = self.run(inner, target.args, target.keywords, path, at, None, entry=True)
                    return self.finish(value, path, at)
                return self.serve(inner, path, at)
            case Object(cls=cls) if cls is not None:
                method = self.method(cls, "__call__")
                if method is not None:
                    return self.serve_one(
                        FunctionValue(method.file, method.index, method.scope, target), path, at, args
                    )
        return UNKNOWN

    def finish(self, value: Value, path: Path, at: At) -> Value:
        """Run a coroutine to its end, one of several each on a path of its own; anything else is itself."""
        several = options(value)
        if len(several) == 1:
            return self.finish_one(value, path, at)
        result: Value | None = None
        joined: Path | None = None
        for option in several:
            once = path.fork()
            done = self.finish_one(option, once, at)
            if not once.dead:
                result = done if result is None else join(result, done)
            joined = merge(joined, once)
        path.become(joined)
        return result if result is not None else UNKNOWN

    def finish_one(self, value: Value, path: Path, at: At) -> Value:
        """Run one coroutine to its end."""
        if not isinstance(value, Invocation) or value.kind not in ("coroutine", "task"):
            return value
        if isinstance(given := value.function, Invocation) and given.kind == "partial" and value.kind == "task":
            value = Invocation("task", given.function, given.args + value.args, given.keywords + value.keywords)
        if not isinstance(value.function, FunctionValue):
            return value
        if value.kind == "task" and not self.wait_for(value, path):
            return UNKNOWN
        self.call_site = self.call_sites.get(value)
        done = self.run(value.function, value.args, value.keywords, path, at)
        self.note_end(value.function, path)
        return done

    def note_end(self, function: FunctionValue, path: Path) -> None:
        """Note in which function a path ended, if it did."""
        if path.dead:
            self.ended_in = (function.file, function.index)

    def construct(
        self, cls: ClassValue, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At, entry: bool = False
    ) -> Value:
        """Make an instance of a class of the project."""
        if not _TYPED_DICTS.isdisjoint(self.outer_bases(cls)):
            return self.new_dict(args, keywords, path, at)
        if self.is_enumeration(cls):
            member = self.stable(self.project.cls(cls.file, cls.index).qualname, args)
            if isinstance(member, Unknown) and member.origin and member.origin not in self.choices:
                self.close(member.origin, self.members_of(cls))
            return member
        base = self.external_base(cls)
        made = self.anew(Object(self.site(at), cls, base))
        spec = self.spec(made)
        if spec is not None and spec.kind == "application":
            self.created(made, path, at)
        self.import_module(cls.file)
        method = self.method(cls, "__init__")
        if method is not None:
            bound = FunctionValue(method.file, method.index, method.scope, made)
            self.run(bound, args, keywords, path, at, None, entry)
            self.note_end(bound, path)
        elif spec is not None:
            self.register_arguments(made, spec.arguments, spec.registers, args, keywords, path, at)
        else:
            self.fill_fields(made, cls, args, keywords, path, at)
        if self.external_base(cls) == "" and self.unseen_bases(cls):
            self.hand_functions(args, keywords, path, at)
        return made

    def none_parameters(
        self, function: FunctionValue, facts: flow.Function, env: dict[str, Value], site: CallSite | None,
        args: tuple[Value, ...], keywords: Keywords,
    ) -> list[tuple[str, bool]]:  # fmt: skip
        """Return the parameters that get ``None`` from this call, and whether it says so; note those given state."""
        found: list[tuple[str, bool]] = []
        first = 1 if function.bound is not None else 0
        names = {name for name, _ in keywords}
        for position, param in enumerate(facts.params):
            if position < first:
                continue
            value = env.get(param.name)
            if value == NONE_VALUE and site is not None:
                explicit = param.name in site.keywords or position - first in site.positions
                given = param.name in names or position - first < len(args)
                if explicit or not given:
                    found.append((param.name, explicit))
            elif isinstance(value, (Holder, Object)) and (
                isinstance(value, Holder) or self.kind(value) in ("application", "request")
            ):
                self.records.given.add((function.file, function.index, param.name))
        return found

    def note_nones(
        self, found: list[tuple[str, bool]], function: FunctionValue, site: CallSite | None, path: Path,
        touched: bool, value: Value,
    ) -> None:  # fmt: skip
        """Write down what a call that passed ``None`` for state did."""
        if not self.frames or site is None:
            return
        for name, explicit in found:
            self.note_none(
                NoneCall(
                    place=site.place,
                    file=function.file,
                    function=function.index,
                    parameter=name,
                    explicit=explicit,
                    stack=self.trail(),
                    phase=self.phase,
                    reached_state=touched,
                    returned=not path.dead,
                    fallback=not path.dead and self.is_something(value),
                )
            )

    def is_something(self, value: Value) -> bool:
        """Tell whether a result is more than constants: found elsewhere, although no state was given."""
        return any(isinstance(each, (Object, Unknown, Loaded, FunctionValue)) for each in self.flattened([value]))
