"""Calls: binding arguments, running functions once per situation, and what unseen functions do with their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Expr
from appstate_lint.frameworks import Call as CallTable
from appstate_lint.model import Phase, Place
from appstate_lint.project.mentions import words
from appstate_lint.timeline.components import truth_of
from appstate_lint.timeline.expressions import Expressions, join_all, literal_names
from appstate_lint.timeline.heap import Frame, Path, Scoped, YieldHook, merge, single
from appstate_lint.timeline.presence import ABSENT, MISSING, Cell, Facts, Key, Store, join_stores
from appstate_lint.timeline.records import CallStep, NoneCall
from appstate_lint.timeline.values import (
    NONE as NONE_VALUE,
)
from appstate_lint.timeline.values import (
    UNKNOWN,
    AnyOf,
    ClassValue,
    Dependency,
    DictValue,
    External,
    FunctionValue,
    Holder,
    Invocation,
    Keywords,
    ListValue,
    Literal,
    Loaded,
    Member,
    ModuleValue,
    Narrow,
    Object,
    Registrar,
    Scope,
    StateDict,
    Suppress,
    Test,
    TupleValue,
    Unknown,
    Value,
    join,
    options,
    plain,
)

MOST_CALLS = 60_000
MOST_DEPTH = 150
MOST_SITUATIONS = 12
MOST_CANDIDATES = 4
ENOUGH_RUNS = 3
MANY_SITUATIONS = 20
DYNAMIC = "import:"
"""The beginning of the origin of what an import by a computed name brings."""


class Result(NamedTuple):
    """What a call did in one situation: presences before and after, of the components that it touched."""

    before: tuple[tuple[Key, Cell], ...]
    facts: Facts
    after: tuple[tuple[Key, Cell], ...] | None
    new_facts: Facts
    raised: tuple[tuple[Key, Cell], ...] | None
    value: Value
    consulted: frozenset[str]
    clock: int


class CallSite(NamedTuple):
    """Where a call is written, and which keywords and positions are literally ``None`` there."""

    place: Place
    keywords: frozenset[str]
    positions: frozenset[int]


class Calls(Expressions):
    """Calls and what they lead to."""

    active: set[object]
    baseline: Store
    baseline_facts: Facts
    generator_touches: bool
    situations: dict[tuple[str, int], int]
    bottom: set[object]
    summaries: dict[object, Result]
    inert: dict[tuple[str, int], int]
    inert_results: dict[tuple[str, int], tuple[Value, bool]]
    activity: int
    call_site: CallSite | None
    call_sites: dict[Invocation, CallSite]

    results: dict[object, list[Result]]
    calls_made: int
    exhausted: bool

    # ------------------------------------------------------------ evaluating

    def call(self, expr: flow.Call, path: Path) -> Value:
        function = self.evaluate(expr.func, path)
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
        if path.dead:
            return UNKNOWN
        if args is None:
            args = (UNKNOWN,)
        self.call_site = CallSite(
            self.place(expr.at),
            frozenset(name for name, part in expr.keywords if part == _NONE),
            frozenset(index for index, part in enumerate(expr.args) if part == _NONE),
        )
        return self.invoke(function, args, tuple(keywords), path, expr.at)

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
                return self.run(function, args, keywords, path, at)
            case ClassValue():
                return self.construct(function, args, keywords, path, at)
            case Invocation(kind="constant"):
                return function.function
            case Invocation(kind="partial"):
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
            case Unknown(hint=hint):
                if function.origin.startswith(DYNAMIC):
                    return self.unseen(hint, args, keywords, path, at, third_party=False)
                if hint == "get" and function.origin == "scope" and args and plain(args[0]) == Literal("app"):
                    return self.the_application()
                table = self.tables.methods.get(hint)
                if table is not None:
                    return self.act(table, args, keywords, path, at, hint)
                return self.somewhere(hint, args, keywords, path, at)
        return self.unseen("", args, keywords, path, at, third_party=True)

    def somewhere(
        self, name: str, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At, external: str = ""
    ) -> Value:
        """Call a function or method of which only the name is known: what has that name here, if it is given state.

        A few methods of that name may each be meant; what they do may have happened. Of many, none is followed.
        """
        given = any(
            isinstance(value, Holder) or self.kind(value) in ("application", "request")
            for value in self.flattened([*args, *(value for _, value in keywords)])
        )
        candidates = self.named_methods(name) if given and not external else ()
        if not candidates or len(candidates) > MOST_CANDIDATES:
            dotted = f"{external}.{name}" if external else name
            return self.unseen(dotted, args, keywords, path, at, third_party=bool(external) or not candidates)
        joined = path.fork()
        result: Value | None = None
        for file, index in candidates:
            cls = ClassValue(file, self.project.function(file, index).owner)
            owner = Object(f"any {file}:{cls.index}", cls, self.external_base(cls))
            once = path.fork()
            value = self.invoke_one(FunctionValue(file, index, 0, owner), args, keywords, once, at)
            result = value if result is None else join(result, value)
            joined = merge(joined, once) or joined
        path.become(joined)
        return result if result is not None else UNKNOWN

    def named_methods(self, name: str) -> tuple[tuple[str, int], ...]:
        """Return the methods of the project that have this name."""
        raise NotImplementedError

    # ------------------------------------------------------------ functions of the project

    def run(
        self,
        function: FunctionValue,
        args: tuple[Value, ...],
        keywords: Keywords,
        path: Path,
        at: At,
        hook: YieldHook | None = None,
        entry: bool = False,
    ) -> Value:
        """Run a function's body on ``path`` and return what it returns; the path ends if it never does."""
        facts = self.project.function(function.file, function.index)
        env = self.widened(function, self.bind(function, facts, args, keywords, path, at, entry))
        identity = (function.file, function.index, function.scope, tuple(env.items()))
        cls = function.bound.cls if isinstance(function.bound, Object) else None
        running = (function.file, function.index, function.scope, cls)
        if running in self.bottom:
            path.dead = True
            return UNKNOWN
        if running in self.active and running in self.summaries:
            return self.replay(self.summaries[running], path)
        again = running in self.active and hook is None
        if len(self.stack) > MOST_DEPTH or again or self.calls_made > MOST_CALLS:
            self.exhausted = self.exhausted or self.calls_made > MOST_CALLS
            return UNKNOWN
        site, self.call_site = self.call_site, None
        none_parameters = self.none_parameters(function, facts, env, site, args, keywords)
        key = (identity, self.phase, self.application, self.spawned, self.possible, self.partial, self.muted > 0,
               self.conditional > 0, bool(self.catching and any(self.catching)))  # fmt: skip
        if hook is None and self.is_everywhere(function):
            self.active.add(running)
            value = self.run_anyhow(function, facts, env, path, at, key[1:])
            self.active.discard(running)
            return value
        if hook is None:
            known = self.remembered(key, path)
            if known is not None:
                value = self.replay(known, path)
                self.note_nones(none_parameters, function, site, path, bool(known.before), value)
                return value
            if self.is_inert(function, env):
                value, returns = self.inert_results[function.file, function.index]
                path.dead = not returns
                return value
        if self.phase is Phase.UNREACHED and not entry and not self.carries_state(env):
            return self.typed(facts.returns, function.file, facts, "")
        self.calls_made += 1
        self.situations[function.file, function.index] = self.situations.get((function.file, function.index), 0) + 1
        activity = self.activity
        if facts.name in self.own_names(function):
            self.summarize(function, facts, env, identity, path, at, running)
        nested = running in self.active
        self.active.add(running)
        value, touched = self.body(function, facts, env, identity, path, at, hook, key)
        if not nested:
            self.active.discard(running)
        self.note_nones(none_parameters, function, site, path, touched, value)
        if hook is None:
            self.note_inert(function, touched or self.activity != activity, value, not path.dead)
        self.generator_touches = hook is not None and touched
        return value

    def is_everywhere(self, function: FunctionValue) -> bool:
        """Tell whether a function is called in so many situations while serving that they are no longer told apart."""
        runs = self.situations.get((function.file, function.index), 0)
        return self.phase is Phase.SERVING and runs >= 2 * MANY_SITUATIONS

    def run_anyhow(
        self, function: FunctionValue, facts: flow.Function, env: dict[str, Value], path: Path, at: At,
        situation: tuple[object, ...],
    ) -> Value:  # fmt: skip
        """Run a function from what start-up and serving leave, whatever its caller knows; that is remembered once."""
        env = {name: self.wide(name, value, names=False) for name, value in env.items()}
        identity = ("anyhow", function.file, function.index, function.scope, tuple(env.items()))
        key = (identity, situation)
        inner = Path({}, dict(self.baseline), self.baseline_facts)
        known = self.remembered(key, inner)
        if known is not None:
            value = self.replay(known, inner)
        else:
            self.calls_made += 1
            possible, self.possible = self.possible, True
            value, _ = self.body(function, facts, env, identity, inner, at, None, key)
            self.possible = possible
        if inner.dead:
            path.dead = True
            return value
        for name, cell in inner.store.items():
            if self.baseline.get(name) != cell and not cell.bits & ABSENT:
                path.store[name] = cell
        return value

    def widened(self, function: FunctionValue, env: dict[str, Value]) -> dict[str, Value]:
        """Return arguments as they are told apart: the more often a function was run, the less."""
        runs = self.situations.get((function.file, function.index), 0)
        if runs < MANY_SITUATIONS:
            return env
        names = runs < 4 * MANY_SITUATIONS
        return {name: self.wide(name, value, names) for name, value in env.items()}

    def wide(self, name: str, value: Value, names: bool) -> Value:
        """Return a value without what rarely matters: where an object was made, and (not ``names``) which constant it is."""
        match value:
            case Holder() | StateDict() | FunctionValue() | ClassValue() | External():
                return value
            case Object(cls=cls, external=external):
                if self.kind(value) in ("application", "router", "request"):
                    return value
                return Object(f"any {cls.file}:{cls.index}" if cls is not None else f"any {external}", cls, external)
            case Literal(value=constant) if constant is None or names:
                return value
            case AnyOf(options=several) if any(isinstance(each, Holder) or self.kind(each) for each in several):
                return value
        return Unknown(name)

    def summarize(
        self, function: FunctionValue, facts: flow.Function, env: dict[str, Value], identity: object, path: Path,
        at: At, running: object,
    ) -> None:  # fmt: skip
        """Find out what a recursive function does where it ends at once: that stands for its inner calls."""
        key = ("base", identity, self.phase)
        self.results.pop(key, None)
        self.muted += 1
        self.bottom.add(running)
        once = path.fork()
        general = {name: Unknown(name) if isinstance(value, Literal) else value for name, value in env.items()}
        self.body(function, facts, general, ("base", identity), once, at, None, key)
        self.bottom.discard(running)
        self.muted -= 1
        self.summaries.pop(running, None)
        if not once.dead and self.results.get(key):
            self.summaries[running] = self.results[key][-1]

    def own_names(self, function: FunctionValue) -> frozenset[str]:
        """Return the names that a function's body mentions."""
        raise NotImplementedError

    def is_inert(self, function: FunctionValue, env: dict[str, Value]) -> bool:
        """Tell whether a call may be skipped: the function did nothing to state in several situations.

        It is run all the same where it is given state or code.
        """
        enough = 4 * ENOUGH_RUNS if self.phase in _STARTING else ENOUGH_RUNS
        runs = self.inert.get((function.file, function.index), 0)
        return runs >= 4 * enough or runs >= enough and not self.carries_state(env)

    def note_kept(self, values: tuple[Value, ...]) -> None:
        """Note that values are put into a list or dict: it matters if code or framework objects are among them."""
        if any(
            isinstance(value, (FunctionValue, Holder, ClassValue)) or self.kind(value)
            for value in self.flattened(list(values))
        ):
            self.activity += 1

    def carries_state(self, env: dict[str, Value]) -> bool:
        """Tell whether a call is given state, or code that may reach it."""
        return any(
            isinstance(value, (Holder, FunctionValue, Invocation)) or self.kind(value) in ("application", "request")
            for value in self.flattened(list(env.values()))
        )

    def note_inert(self, function: FunctionValue, active: bool, value: Value, returns: bool) -> None:
        """Count the runs of a function that did nothing to state; one that did something is never skipped."""
        key = (function.file, function.index)
        count = self.inert.get(key, 0)
        self.inert[key] = -1 if active or count < 0 else count + 1
        self.inert_results[key] = (value, returns)

    def body(
        self, function: FunctionValue, facts: flow.Function, env: dict[str, Value], identity: object, path: Path,
        at: At, hook: YieldHook | None, key: object,
    ) -> tuple[Value, bool]:  # fmt: skip
        """Run a function in a new frame, remember the result, and apply it to the caller's path."""
        number = self.scope_numbers.setdefault(identity, len(self.scope_numbers) + 1)
        scoped = self.scopes.get(number)
        if scoped is None:
            scoped = self.scopes[number] = Scoped(function.file, function.scope)
        scoped.variables.update(env)
        caller = self.frames[-1] if self.frames else None
        line, file = at[0], (caller.file if caller is not None else function.file)
        frame = Frame(function.file, facts, number, function.scope)
        frame.hook = hook
        frame.index = function.index
        frame.self_value = function.bound
        if facts.owner >= 0:
            frame.owner = ClassValue(function.file, facts.owner)
        self.frames.append(frame)
        self.stack.append(CallStep(file, line, facts.qualname, self.phase))
        self.raising.append(None)
        if not self.muted:
            self.records.reached.add((function.file, function.index))
        start_store, start_facts = dict(path.store), path.facts
        inner = Path(env, path.store, path.facts)
        self.block(facts.body, inner)
        finished = frame.returns
        if not inner.dead:
            finished = [*finished, (inner, NONE_VALUE)]
        raised = self.raising.pop()
        self.stack.pop()
        self.frames.pop()
        joined: Path | None = None
        for each, _ in finished:
            joined = merge(joined, each)
        value = self.result(finished, frame, joined)
        if caller is not None:
            caller.touched |= frame.touched
            caller.consulted |= frame.consulted
        if raised is not None and self.raising:
            outer = self.raising[-1]
            self.raising[-1] = raised if outer is None else join_stores(outer, raised, frozenset(), frozenset())
        if hook is None:
            self.store_result(key, frame, start_store, start_facts, joined, raised, value)
        if joined is None:
            path.dead = True
        else:
            path.store, path.facts = joined.store, joined.facts
        return value, bool(frame.touched)

    def store_result(
        self,
        key: object,
        frame: Frame,
        start: Store,
        facts: Facts,
        end: Path | None,
        raised: Store | None,
        value: Value,
    ) -> None:
        touched = sorted(frame.touched)
        found = self.results.setdefault(key, [])
        if len(found) >= MOST_SITUATIONS:
            found.pop()
        consulted = frozenset(frame.consulted)
        found.insert(
            0,
            Result(
                before=tuple((each, start.get(each, MISSING)) for each in touched),
                facts=frozenset(fact for fact in facts if fact[0] in consulted),
                after=tuple((each, end.store.get(each, MISSING)) for each in touched) if end is not None else None,
                new_facts=end.facts - facts if end is not None else frozenset(),
                raised=tuple((each, raised.get(each, MISSING)) for each in touched) if raised is not None else None,
                value=value,
                consulted=consulted,
                clock=self.changes,
            )
        )

    def remembered(self, key: object, path: Path) -> Result | None:
        """Return what the call did before in the same situation."""
        several = self.results.get(key)
        if not several:
            return None
        store = path.store
        for position, result in enumerate(several):
            if all(store.get(each, MISSING) == known for each, known in result.before) and result.facts == frozenset(
                fact for fact in path.facts if fact[0] in result.consulted
            ):
                if position:
                    several.insert(0, several.pop(position))
                return result
        return None

    def replay(self, result: Result, path: Path) -> Value:
        """Apply a remembered result to a path."""
        frame = self.frames[-1] if self.frames else None
        if frame is not None:
            frame.touched.update(each for each, _ in result.before)
            frame.consulted |= result.consulted
        if result.raised is not None and self.raising:
            store = dict(path.store)
            store.update(result.raised)
            outer = self.raising[-1]
            self.raising[-1] = store if outer is None else join_stores(outer, store, frozenset(), frozenset())
        if result.after is None:
            path.dead = True
            return UNKNOWN
        path.store.update(result.after)
        path.facts |= result.new_facts
        return result.value

    def result(self, finished: list[tuple[Path, Value]], frame: Frame, joined: Path | None) -> Value:
        """Return the joined return value; ``True`` here and ``False`` there becomes a test of what differs."""
        if joined is None:
            return UNKNOWN
        values = [value for each, value in finished if not each.dead]
        truths = [truth_of(value) if isinstance(value, Literal) else None for value in values]
        if len(values) > 1 and True in truths and False in truths and None not in truths:
            yes: Path | None = None
            no: Path | None = None
            alive = [each for each, _ in finished if not each.dead]
            for each, truth in zip(alive, truths, strict=True):
                yes, no = (merge(yes, each), no) if truth else (yes, merge(no, each))
            if yes is not None and no is not None:
                return Test(self.differences(frame, yes, joined), self.differences(frame, no, joined))
        return join_all(values)

    def differences(self, frame: Frame, path: Path, joined: Path) -> tuple[Narrow, ...]:
        """Return what is narrower on ``path`` than on ``joined``."""
        found: list[Narrow] = []
        for site, name in sorted(frame.touched):
            here, there = path.store.get((site, name), MISSING), joined.store.get((site, name), MISSING)
            if here.bits != there.bits:
                found.append(Narrow(Object(site), name, here.bits))
        found.extend(Narrow(None, name, 0, truth) for name, truth in sorted(path.facts - joined.facts))
        return tuple(found)

    def bind(
        self, function: FunctionValue, facts: flow.Function, args: tuple[Value, ...], keywords: Keywords, path: Path,
        at: At, entry: bool = False,
    ) -> dict[str, Value]:  # fmt: skip
        """Bind arguments to parameters; what is not given gets its default, or what its annotation says."""
        given = list(args)
        if function.bound is not None:
            given.insert(0, function.bound)
        named = dict(keywords)
        env: dict[str, Value] = {}
        defaults = self.defaults.get((function.file, function.index, function.scope))
        for position, param in enumerate(facts.params):
            if param.kind == "args":
                env[param.name] = TupleValue(tuple(given)) if not entry else UNKNOWN
                given = []
            elif param.kind == "kwargs":
                env[param.name] = self.keyword_dict(function, at, named) if not entry else UNKNOWN
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

    def keyword_dict(self, function: FunctionValue, at: At, named: dict[str, Value]) -> Value:
        number = self.number(("kwargs", function.file, function.index, tuple(named.items())))
        for name, value in named.items():
            self.dict_cell(number).items[name] = value
        return DictValue(number)

    def better(self, value: Value, param: flow.Param, function: FunctionValue, facts: flow.Function) -> Value:
        """Return an argument, or what the annotation says where the argument is not known."""
        if isinstance(value, (Unknown, External)) and param.annotation is not None:
            typed = self.typed(param.annotation, function.file, facts, param.name)
            if not isinstance(typed, Unknown):
                return typed
        if isinstance(value, Unknown) and not value.origin and value.hint != param.name:
            if value.hint in self.tables.application_names:
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
                    return self.the_application()
                if spec is not None and spec.kind == "state":
                    return self.current_holder()
                return Object(f"any {symbol[1]}:{symbol[2]}", cls, base)
            spec = self.tables.classes.get(symbol[3])
            if spec is not None:
                if spec.kind == "application":
                    return self.the_application() if self.application is not None else Object("", None, symbol[3])
                if spec.kind == "state":
                    return self.current_holder()
                return Object(f"any {symbol[3]}", None, symbol[3])
        return Unknown(name)

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
        match annotation:
            case flow.Binary(op="|", left=left, right=right):
                return self.annotated(left, file, facts) + self.annotated(right, file, facts)
            case flow.Item(value=value, index=index):
                outer = _dotted_tail(value)
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
            if isinstance(statement, flow.Bind) and statement.value is not None:
                for target in statement.targets:
                    if isinstance(target, flow.Name) and target.id == name:
                        found = statement.value
        return found

    def entry_value(
        self, param: flow.Param, function: FunctionValue, facts: flow.Function, path: Path, at: At
    ) -> Value:
        """Return what the framework passes for a parameter of an entry point."""
        dependency = self.dependency_of(param, function)
        if dependency is not None:
            return self.depend(dependency, param, function, facts, path, at)
        return self.typed(param.annotation, function.file, facts, param.name)

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
        if isinstance(annotation, flow.Item) and _dotted_tail(annotation.value) == "Annotated":
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
        """Run a coroutine to its end; anything else is itself."""
        result: Value | None = None
        for option in options(value):
            done = option
            if isinstance(option, Invocation) and option.kind in ("coroutine", "task"):
                inner = option.function
                if isinstance(inner, FunctionValue):
                    self.call_site = self.call_sites.get(option)
                    done = self.run(inner, option.args, option.keywords, path, at)
            result = done if result is None else join(result, done)
        return result if result is not None else UNKNOWN

    # ------------------------------------------------------------ classes

    def construct(
        self, cls: ClassValue, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At, entry: bool = False
    ) -> Value:
        """Make an instance of a class of the project."""
        base = self.external_base(cls)
        made = Object(self.site(at), cls, base)
        spec = self.spec(made)
        if spec is not None and spec.kind == "application":
            self.created(made, at)
        self.import_module(cls.file)
        method = self.method(cls, "__init__")
        if method is not None:
            bound = FunctionValue(method.file, method.index, method.scope, made)
            self.run(bound, args, keywords, path, at, None, entry)
        elif spec is not None:
            self.register_arguments(made, spec.arguments, spec.registers, args, keywords, path, at)
        else:
            self.fill_fields(made, cls, args, keywords, path, at)
        if self.external_base(cls) == "" and self.unseen_bases(cls):
            self.hand_functions(args, keywords, path, at)
        return made

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

    # ------------------------------------------------------------ unseen code

    def external(self, name: str, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """Call something that is not in the project."""
        builtin = _BUILTIN_CALLS.get(name)
        if builtin is not None:
            return builtin(self, args, keywords, path, at)
        table = self.tables.functions.get(name)
        if table is not None:
            return self.act(table, args, keywords, path, at, name)
        spec = self.tables.classes.get(name)
        if spec is not None:
            if spec.kind == "state":
                return self.make_state(args, path, at)
            made = Object(self.site(at), None, name)
            if spec.kind == "application":
                self.created(made, at)
            self.register_arguments(made, spec.arguments, spec.registers, args, keywords, path, at)
            return made
        self.unseen(name, args, keywords, path, at, third_party=True)
        if _IDENTITY.get(name.rpartition(".")[2]) and args:
            return args[0]
        return Object(self.site(at), None, name) if name[:1] != "." else UNKNOWN

    def make_state(self, args: tuple[Value, ...], path: Path, at: At) -> Value:
        """Make a state object; its dict, if given, are its first components."""
        owner = Object(self.site(at) + ":state", None, "")
        for arg in args[:1]:
            table = single(plain(arg))
            if isinstance(table, DictValue):
                cell = self.dict_cell(table.number)
                for key, value in cell.items.items():
                    if isinstance(key, str):
                        self.write(owner, key, value, at, path)
                if cell.open or cell.rest is not None:
                    self.dynamic(owner, at, writes=True)
            else:
                self.dynamic(owner, at, writes=True)
        return Holder(owner)

    def unseen(
        self, name: str, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At, third_party: bool
    ) -> Value:
        """Call code that is not seen: note what of the application it gets, and that it may call functions."""
        values = [*args, *(value for _, value in keywords)]
        known = third_party and self.tables.describes(name)
        if not known:
            for value in self.flattened(values):
                if isinstance(value, Holder):
                    self.hand_over(value.owner, name, at, third_party, holder=True)
                elif isinstance(value, Object) and self.kind(value) == "application":
                    self.hand_over(value, name, at, third_party, holder=False)
        self.hand_functions(args, keywords, path, at)
        return Unknown(name.rpartition(".")[2])

    def flattened(self, values: list[Value]) -> list[Value]:
        """Return values, and those inside tuples, lists and dicts, one level deep."""
        found: list[Value] = []
        for value in values:
            for option in options(plain(value)):
                found.append(option)
                match option:
                    case TupleValue(items=items):
                        found.extend(items)
                    case ListValue(number=number):
                        found.extend(self.list_cell(number).items)
                    case DictValue(number=number):
                        found.extend(self.dict_cell(number).items.values())
        return found

    def hand_methods(self, owner: Object, cls: ClassValue, path: Path, at: At) -> None:
        """Note that unseen code of a base class may call the methods of an object from here on."""
        for base in self.bases(cls):
            for name, index in self.project.methods(base.file, base.index).items():
                if not name.startswith("__"):
                    self.spawn(FunctionValue(base.file, index, base.scope, owner), path, at, certain=False)

    def hand_functions(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> None:
        """Note functions that unseen code was given: it may call them from here on."""
        for value in self.flattened([*args, *(value for _, value in keywords)]):
            if isinstance(value, FunctionValue) or (
                isinstance(value, Invocation) and value.kind in ("partial", "coroutine")
            ):
                self.spawn(value, path, at, certain=False)

    def member(self, function: Member, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """Call a method of something that is not a class of the project."""
        owner, name = function.owner, function.name
        if isinstance(owner, (Holder, StateDict)):
            return self.state_method(owner.owner, name, args, keywords, path, at)
        spec = self.spec(owner)
        if spec is not None:
            table = spec.method(name)
            if table is not None and isinstance(owner, Object):
                return self.registration(table, owner, args, keywords, path, at)
        if isinstance(owner, Member) and name in _LIST_ADDERS:
            outer = self.spec(owner.owner)
            if outer is not None and owner.name in outer.lists and isinstance(owner.owner, Object):
                self.add_to_list(owner.owner, outer.lists[owner.name], name, args, path, at)
                return NONE_VALUE
        match owner:
            case ListValue(number=number):
                return self.list_method(number, name, args)
            case DictValue(number=number):
                return self.dict_method(owner, number, name, args)
            case FunctionValue() | TupleValue() | Literal() | Invocation():
                if isinstance(owner, Literal) and name == "format":
                    return UNKNOWN
                if name in ("s", "delay", "apply_async", "remote"):
                    return UNKNOWN
                return Unknown(name)
        if name == "__setattr__" and isinstance(owner, (Object, Holder)):
            return self.set((owner, *args), keywords, path, at)
        if name == "__init__" and spec is not None and isinstance(owner, Object):
            self.register_arguments(owner, spec.arguments, spec.registers, args, keywords, path, at)
            return NONE_VALUE
        table = self.tables.methods.get(name)
        if table is not None:
            return self.act(table, args, keywords, path, at, name)
        if isinstance(owner, Scope) and name == "get" and args and plain(args[0]) == Literal("app"):
            return self.the_application()
        if isinstance(owner, Object) and owner.cls is not None:
            self.hand_methods(owner, owner.cls, path, at)
        package = owner.external if isinstance(owner, Object) else ""
        if package.partition(".")[0] in self.tables.keepers:
            for value in self.flattened([*args, *(value for _, value in keywords)]):
                if isinstance(value, Holder) or self.kind(value) == "application":
                    kept = value.owner if isinstance(value, Holder) else value
                    assert isinstance(kept, Object)
                    self.hand_over(kept, f"{package}.{name}", at, third_party=False, holder=False)
        if isinstance(owner, Object) and not self.muted:
            for value in self.flattened([*args, *(value for _, value in keywords)]):
                if isinstance(value, FunctionValue):
                    self.given_to.setdefault(owner.site, []).append(value)
        if not package:
            return self.somewhere(name, args, keywords, path, at)
        self.unseen(f"{package}.{name}", args, keywords, path, at, third_party=True)
        return Unknown(name)

    given_to: dict[str, list[Value]]

    def state_method(
        self, owner: Object, name: str, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At
    ) -> Value:
        """Call a method of a holder's dictionary."""
        names = literal_names(plain(args[0])) if args else None
        one = names[0] if names is not None and len(names) == 1 else None
        match name:
            case "get" | "pop" if one is not None:
                if name == "pop" and len(args) < 2:
                    return self.read(owner, one, at, path)
                return self.read_or(owner, one, args[1] if len(args) > 1 else NONE_VALUE, at, path)
            case "__getitem__" | "__getattr__" | "__getattribute__" if one is not None:
                return self.read(owner, one, at, path)
            case "__contains__" if one is not None:
                return self.ask(owner, one, at, path)
            case "__setitem__" | "__setattr__" if one is not None and len(args) > 1:
                self.write(owner, one, args[1], at, path)
                return NONE_VALUE
            case "setdefault" if one is not None:
                known = self.read_or(owner, one, NONE_VALUE, at, path)
                self.write(owner, one, args[1] if len(args) > 1 else NONE_VALUE, at, path)
                return known
            case "update":
                return self.update_state(owner, args, keywords, path, at)
        self.dynamic(owner, at, writes=name in _DICT_WRITERS)
        return UNKNOWN

    def update_state(
        self, owner: Object, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At
    ) -> Value:
        """``update`` of a holder's dictionary: every name that is known is a write, any other opens the holder."""
        for keyword, value in keywords:
            self.write(owner, keyword, value, at, path)
        for table in (single(plain(arg)) for arg in args):
            cell = self.dict_cell(table.number) if isinstance(table, DictValue) else None
            for key, value in cell.items.items() if cell is not None else ():
                self.write(owner, str(key), value, at, path)
            if cell is None or cell.open or cell.rest is not None:
                self.dynamic(owner, at, writes=True)
        return NONE_VALUE

    def list_method(self, number: int, name: str, args: tuple[Value, ...]) -> Value:
        cell = self.list_cell(number)
        if name in _LIST_CHANGERS:
            self.note_kept(args)
        if name in ("append", "add", "insert"):
            item = args[-1] if args else UNKNOWN
            if item not in cell.items:
                cell.items.append(item)
        elif name in ("extend", "update"):
            members = self.members(args[0]) if args else None
            if members is None:
                cell.open = True
            for item in members or ():
                if item not in cell.items:
                    cell.items.append(item)
        elif name == "copy":
            return ListValue(number)
        elif name == "pop":
            return join_all(cell.items)
        return NONE_VALUE

    def dict_method(self, owner: DictValue, number: int, name: str, args: tuple[Value, ...]) -> Value:
        cell = self.dict_cell(number)
        if name in ("update", "setdefault"):
            self.note_kept(args)
        match name:
            case "items":
                if cell.open or cell.rest is not None:
                    return Member(owner, name)
                return TupleValue(tuple(TupleValue((Literal(key), value)) for key, value in cell.items.items()))
            case "values":
                if cell.open or cell.rest is not None:
                    return Member(owner, name)
                return TupleValue(tuple(cell.items.values()))
            case "keys":
                return owner
            case "get" | "pop" | "setdefault":
                return self.dict_item(number, plain(args[0])) if args else UNKNOWN
            case "update":
                if args:
                    self.update_dict(number, args[0])
                return NONE_VALUE
            case "copy":
                return owner
        return UNKNOWN

    # ------------------------------------------------------------ known functions

    def act(
        self, table: CallTable, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At, name: str
    ) -> Value:
        """Do what the tables say of a function."""
        code = self.argument(table.arguments, table.function, args, keywords)
        rest = self.rest_of(table, args) if table.rest else ()
        passed = tuple(pair for pair in keywords if pair[0] != table.function) if table.rest else ()
        match table.role:
            case "depends":
                return Dependency(code)
            case "partial":
                return Invocation("partial", args[0], args[1:], keywords) if args else UNKNOWN
            case "identity":
                return args[0] if args else UNKNOWN
            case "constant":
                return Invocation("constant", args[0], (), ()) if args else UNKNOWN
            case "anything":
                self.run_text(name, args, at)
                return UNKNOWN
            case "second":
                return args[1] if len(args) > 1 else UNKNOWN
            case "exit":
                path.dead = True
                return UNKNOWN
            case "stable":
                return self.stable(name, args)
            case "suppress":
                return Suppress(tuple(value.name for value in args if isinstance(value, External)))
            case "join":
                return self.join_tasks(args, path, at)
            case "run" if code is not None:
                return self.invoke(code, rest, passed, path, at)
            case "spawn" | "background" if code is not None:
                return self.start(code, rest, passed, path, at, table.role)
            case "thread":
                return self.start_thread(args, keywords, table, path, at)
            case "enter" if code is not None:
                return self.enter(code, path, at)
            case "exit-callback" if code is not None:
                self.later(code, rest, path, at)
                return UNKNOWN
            case "serve" if code is not None:
                self.launched(code, keywords, path, at)
                return UNKNOWN
            case "start" if code is not None:
                for option in options(plain(code)):
                    if isinstance(option, Object) and self.kind(option) == "application":
                        self.start_now(option, path)
                return UNKNOWN
            case "import":
                return self.import_by_name(args, path, at)
            case "ignore":
                return UNKNOWN
        return self.unseen(name, args, keywords, path, at, third_party=True)

    def argument(self, names: tuple[str, ...], name: str, args: tuple[Value, ...], keywords: Keywords) -> Value | None:
        """Return the argument for a parameter of an unseen function, ``None`` where it is not given."""
        for keyword, value in keywords:
            if keyword == name:
                return value
        if name in names and names.index(name) < len(args):
            return args[names.index(name)]
        return None

    def rest_of(self, table: CallTable, args: tuple[Value, ...]) -> tuple[Value, ...]:
        """Return the arguments behind the function that a call is given."""
        return args[table.arguments.index(table.function) + 1 :] if table.function in table.arguments else ()

    def stable(self, name: str, args: tuple[Value, ...]) -> Value:
        """Return a value that is the same at every call with the same arguments."""
        first = plain(args[0]) if args else None
        if isinstance(first, Literal):
            return Unknown(name, f"{name}({first.value!r})")
        if isinstance(first, Unknown) and first.origin:
            return Unknown(name, first.origin if name == "bool" else f"{name}({first.origin})")
        return UNKNOWN

    def join_tasks(self, args: tuple[Value, ...], path: Path, at: At) -> Value:
        """Run coroutines that are awaited together."""
        results = []
        for value in args:
            several = self.members(value) if not isinstance(value, Invocation) else None
            for each in several if several is not None else (value,):
                results.append(self.finish(each, path, at))
        return results[0] if len(results) == 1 else TupleValue(tuple(results))

    def start(self, code: Value, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At, role: str) -> Value:
        """Start code beside the running one; the result can be awaited."""
        target = single(plain(code))
        if isinstance(target, (FunctionValue, ClassValue)) or (
            isinstance(target, Invocation) and target.kind == "partial"
        ):
            kept = Invocation("partial", target, args, keywords)
        elif isinstance(target, Invocation):
            kept = target
        else:
            return UNKNOWN
        self.spawn(kept, path, at, certain=True)
        return Invocation("task", kept.function, kept.args, kept.keywords) if kept.kind == "coroutine" else UNKNOWN

    def start_thread(self, args: tuple[Value, ...], keywords: Keywords, table: CallTable, path: Path, at: At) -> Value:
        code = self.argument(table.arguments, "target", args, keywords)
        given = self.argument(table.arguments, "args", args, keywords)
        items = self.members(given) if given is not None else ()
        if code is not None:
            self.start(code, items or (), (), path, at, "thread")
        return UNKNOWN

    # ------------------------------------------------------------ None for state

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

    # ------------------------------------------------------------ builtins

    def get(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``getattr``."""
        if len(args) < 2:
            return UNKNOWN
        owner, name = single(plain(args[0])), plain(args[1])
        default = args[2] if len(args) > 2 else None
        names = literal_names(name)
        if isinstance(owner, Holder):
            if names is None:
                self.dynamic(owner.owner, at, writes=False)
                return UNKNOWN
            application = owner.owner
            if default is None:
                return self.each_name(names, lambda each: self.read(application, each, at, path))
            fallback = default
            return self.each_name(names, lambda each: self.read_or(application, each, fallback, at, path))
        if names is None or len(names) != 1:
            return UNKNOWN
        if args[0] == NONE_VALUE:
            if default is None:
                path.dead = True
            return default if default is not None else UNKNOWN
        value = self.attribute(owner, names[0], path, at)
        certain = isinstance(value, Holder) or self.kind(value) == "application"
        return value if default is None or certain else join(value, default)

    def has(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``hasattr``."""
        if len(args) < 2:
            return UNKNOWN
        owner, names = single(plain(args[0])), literal_names(plain(args[1]))
        if args[0] == NONE_VALUE:
            return Literal(False)
        if not isinstance(owner, Holder):
            value = self.attribute(owner, names[0], path, at) if names is not None and len(names) == 1 else UNKNOWN
            return Literal(True) if isinstance(value, Holder) else UNKNOWN
        if names is None or len(names) != 1:
            self.dynamic(owner.owner, at, writes=False)
            return UNKNOWN
        return self.ask(owner.owner, names[0], at, path)

    def set(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``setattr``."""
        if len(args) < 3:
            return UNKNOWN
        owner, names = single(plain(args[0])), literal_names(plain(args[1]))
        if isinstance(owner, Holder):
            if names is None:
                self.dynamic(owner.owner, at, writes=True)
            for name in names or ():
                self.write(owner.owner, name, args[2], at, path, weak=len(names or ()) > 1)
        elif isinstance(owner, Object) and names is not None:
            for name in names:
                self.set_attribute(owner, name, args[2], at, path)
        return NONE_VALUE

    def remove(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``delattr``."""
        owner = single(plain(args[0])) if args else UNKNOWN
        names = literal_names(plain(args[1])) if len(args) > 1 else None
        if isinstance(owner, Holder) and names is not None:
            for name in names:
                self.delete(owner.owner, name, at, path)
        return NONE_VALUE

    def is_instance(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``isinstance``: of a component, true only where it has a value."""
        if args and isinstance(args[0], Loaded):
            return Test((Narrow(args[0].owner, args[0].component, 4),), ())
        if args and args[0] == NONE_VALUE:
            return Literal(False)
        return UNKNOWN

    def parent(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``super()``."""
        frame = self.frame
        owner = frame.self_value
        if owner is None or frame.owner is None:
            return UNKNOWN
        return Invocation("super", owner, (frame.owner,), ())

    def variables_of(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``vars``."""
        owner = single(plain(args[0])) if args else UNKNOWN
        return owner if isinstance(owner, Holder) else UNKNOWN

    def first(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``list``, ``tuple``, ``sorted`` …: a view on the same members; functions given are called."""
        for value in (*args, *(value for _, value in keywords)):
            if isinstance(value, FunctionValue):
                once = path.fork()
                self.invoke(value, (UNKNOWN,), (), once, at)
                path.become(merge(path, once))
        if not args:
            return ListValue(self.number(("list", self.site(at))))
        return args[0]

    def new_dict(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``dict``."""
        number = self.number(("dict", self.site(at)))
        if args:
            self.update_dict(number, args[0])
        for name, value in keywords:
            self.put_item(number, Literal(name), value)
        return DictValue(number)

    def same(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """A known builtin that matters to nothing."""
        return UNKNOWN

    def enumerated(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``enumerate``."""
        members = self.members(args[0]) if args else None
        if members is None:
            return UNKNOWN
        return TupleValue(tuple(TupleValue((Literal(number), each)) for number, each in enumerate(members)))

    def truth(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``bool``: says what its argument says."""
        if not args:
            return Literal(False)
        if isinstance(args[0], (Loaded, Test)):
            from appstate_lint.timeline.expressions import as_test

            return as_test(args[0]) or UNKNOWN
        return self.stable("bool", args)

    # ------------------------------------------------------------ upward

    def block(self, block: flow.Block, path: Path) -> None:
        """Run statements."""
        raise NotImplementedError

    def decorate(self, registrar: Registrar, args: tuple[Value, ...], path: Path, at: At) -> Value:
        """Register what a decorator decorates."""
        raise NotImplementedError

    def created(self, application: Object, at: At) -> None:
        """Note that an application was made."""
        raise NotImplementedError

    def register_arguments(
        self, owner: Object, names: tuple[str, ...], roles: dict[str, str], args: tuple[Value, ...],
        keywords: Keywords, path: Path, at: At,
    ) -> None:  # fmt: skip
        """Register code that is passed to a constructor."""
        raise NotImplementedError

    def registration(
        self, table: CallTable, owner: Object, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At
    ) -> Value:
        """Do what a framework's method registers."""
        raise NotImplementedError

    def add_to_list(self, owner: Object, role: str, name: str, args: tuple[Value, ...], path: Path, at: At) -> None:
        """Register what is appended to a list of a framework object."""
        raise NotImplementedError

    def spawn(self, code: Value, path: Path, at: At, certain: bool) -> None:
        """Note code that runs from here on."""
        raise NotImplementedError

    def run_text(self, name: str, args: tuple[Value, ...], at: At) -> None:
        """``exec``: a text that names a holder, or one made where a holder is named, may write anything."""
        text = plain(args[0]) if args else UNKNOWN
        holders = {spec.holder for spec in self.tables.classes.values() if spec.holder}
        if isinstance(text, Literal):
            near = any(f".{holder}" in str(text.value) for holder in holders)
        else:
            function = next((frame for frame in reversed(self.frames) if frame.function is not None), None)
            near = function is not None and bool(words(function.function.body if function.function else ()) & holders)
        if near:
            for application in self.known_applications():
                self.open_holder(self.canonical(application), at, f"{name} may write anything")

    def known_applications(self) -> list[Object]:
        """Return the applications that exist here."""
        raise NotImplementedError

    def start_now(self, application: Object, path: Path) -> None:
        """Run an application's start-up here."""
        raise NotImplementedError

    def enter(self, code: Value, path: Path, at: At) -> Value:
        """Enter a context manager whose exit comes later."""
        raise NotImplementedError

    def later(self, code: Value, args: tuple[Value, ...], path: Path, at: At) -> None:
        """Note code that runs at shutdown."""
        raise NotImplementedError

    def launched(self, code: Value, keywords: Keywords, path: Path, at: At) -> None:
        """Note that an application is given to a server."""
        raise NotImplementedError

    def import_by_name(self, args: tuple[Value, ...], path: Path, at: At) -> Value:
        """Import a module whose name is a value."""
        raise NotImplementedError

    def set_attribute(self, owner: Value, name: str, value: Value, at: At, path: Path) -> None:
        """Set an attribute of a value."""
        raise NotImplementedError


def _dotted_tail(expr: Expr) -> str:
    if isinstance(expr, flow.Attr):
        return expr.name
    return expr.id if isinstance(expr, flow.Name) else ""


_STARTING = frozenset({Phase.BUILD, Phase.STARTUP, Phase.SHUTDOWN})
_NONE = flow.Const(None)
_DICT_WRITERS = frozenset({"__setitem__", "__setattr__", "setdefault"})
_LIST_CHANGERS = frozenset({"append", "add", "insert", "extend", "update"})
_LIST_ADDERS = frozenset({"append", "extend", "insert"})
_IDENTITY = dict.fromkeys(("wraps", "update_wrapper", "lru_cache", "cache", "deepcopy", "copy"), True)
_Builtin = Callable[["Calls", "tuple[Value, ...]", Keywords, Path, At], Value]
_C = Calls
_BUILTIN_CALLS: dict[str, _Builtin] = {
    "getattr": _C.get, "hasattr": _C.has, "setattr": _C.set, "delattr": _C.remove, "isinstance": _C.is_instance,
    "super": _C.parent, "vars": _C.variables_of, "list": _C.first, "tuple": _C.first, "sorted": _C.first,
    "set": _C.first, "reversed": _C.first, "dict": _C.new_dict, "len": _C.same, "print": _C.same, "id": _C.same,
    "str": _C.same, "repr": _C.same, "int": _C.same, "callable": _C.same, "type": _C.same, "bool": _C.truth,
    "object.__setattr__": _C.set, "map": _C.first, "filter": _C.first, "min": _C.first, "max": _C.first, "enumerate": _C.enumerated, "iter": _C.first, "issubclass": _C.same,
}  # fmt: skip

__all__ = ["Calls", "ModuleValue", "Result"]
