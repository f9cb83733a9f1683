"""Running functions of the project: once per situation, and no more often than it matters."""

from __future__ import annotations

from collections.abc import Mapping

from appstate_lint.config import Edge
from appstate_lint.facts import flow
from appstate_lint.facts.flow import At
from appstate_lint.model import Phase
from appstate_lint.project.shapes import BY_NAME
from appstate_lint.timeline.frames import Frame, Raised, Scoped, YieldHook
from appstate_lint.timeline.parts import ENOUGH_RUNS, CallSite
from appstate_lint.timeline.paths import Path, merge
from appstate_lint.timeline.phasing import PHASE
from appstate_lint.timeline.presence import ABSENT, LOCAL, MISSING
from appstate_lint.timeline.records import CallStep
from appstate_lint.timeline.results import PLAIN_DECORATORS, Results
from appstate_lint.timeline.values import NONE as NONE_VALUE
from appstate_lint.timeline.values import (
    UNKNOWN,
    AnyOf,
    ClassValue,
    External,
    FunctionValue,
    Holder,
    Invocation,
    Keywords,
    Literal,
    Object,
    StateDict,
    TupleValue,
    Unknown,
    Value,
    literal_names,
    options,
    plain,
)

MOST_CALLS = 60_000
MOST_DEPTH = 150
MANY_SITUATIONS = 20
_STARTING = frozenset({Phase.BUILD, Phase.STARTUP, Phase.SHUTDOWN})


class Functions(Results):
    """Runs functions and remembers what they did."""

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
        if self.phasing is None or self.phase is not Phase.STARTUP:
            return self.run_once(function, args, keywords, path, at, hook, entry)
        code = (function.file, function.index)
        position, before = self.phasing.functions.get(code, 0), path.store.get(PHASE, MISSING)
        markers = self.phasing.markers.get(code, ())
        if position:
            self.records.phased.add(code)
            self.come_to(position, path, at)
        self.pass_markers(markers, Edge.BEGIN, function, args, keywords, path, at)
        if position and hook is not None:
            hook = self.outside(hook, before)
        value = self.run_once(function, args, keywords, path, at, hook, entry)
        if path.dead or self.phase is not Phase.STARTUP:
            return value
        if position:
            path.put(PHASE, before)
        self.pass_markers(markers, Edge.END, function, args, keywords, path, at)
        if code in self.phasing.closing:
            self.come_to(self.phasing.closing[code], path, at)
        return value

    def run_once(
        self,
        function: FunctionValue,
        args: tuple[Value, ...],
        keywords: Keywords,
        path: Path,
        at: At,
        hook: YieldHook | None = None,
        entry: bool = False,
    ) -> Value:
        """Run a function, or take over what it did before in the same situation."""
        facts = self.project.function(function.file, function.index)
        if self.is_stub(facts):
            return self.typed(facts.returns, function.file, facts, "")
        env = self.widened(function, self.bind(function, facts, args, keywords, path, at, entry))
        identity: tuple[object, ...] = (function.file, function.index, function.scope, tuple(env.items()))
        if (function.file, function.index) in self.factories and self.frames:
            identity += (self.frame.file, self.frame.scope, at)
        cls = function.bound.cls if isinstance(function.bound, Object) else function.bound
        running = (function.file, function.index, function.scope, cls)
        if running in self.bottom:
            path.dead = True
            return UNKNOWN
        again = running in self.active
        if again and running not in self.summaries and facts.name in self.own_names(function):
            self.summarize(function, facts, env, identity, path, at, running)
        summary = self.summaries.get(running) if again else None
        if summary is not None:
            return self.replay(summary, path)
        cut = len(self.stack) > MOST_DEPTH or self.calls_made > MOST_CALLS
        if cut or (again and hook is None):
            self.exhausted = self.exhausted or cut
            return UNKNOWN
        site, self.call_site = self.call_site, None
        none_parameters = self.none_parameters(function, facts, env, site, args, keywords)
        none_given = frozenset(name for name, explicit in none_parameters if explicit)
        key = (identity, self.phase, self.application, self.spawned, self.possible, self.partial, self.muted > 0,
               self.conditional > 0, bool(self.catching and any(self.catching)), none_given)  # fmt: skip
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
        if not self.muted:
            self.situations[function.file, function.index] = self.situations.get((function.file, function.index), 0) + 1
        activity = self.activity
        nested = running in self.active
        if not nested:
            self.summaries.pop(running, None)
        self.active.add(running)
        ingredients = self.given_ingredients(function, facts, site) if site is not None else {}
        value, touched = self.body(function, facts, env, identity, path, at, hook, key, none_given, ingredients)
        if not nested:
            self.active.discard(running)
        self.note_nones(none_parameters, function, site, path, touched, value)
        if hook is None and not self.muted:
            self.note_inert(function, touched or self.activity != activity, value, not path.dead)
        self.generator_touches = hook is not None and touched
        return value

    def is_stub(self, facts: flow.Function) -> bool:
        """Tell whether something else runs in place of a function: a method that only says that it is not there.

        Also a function that does nothing, but is decorated, which gives it what it does, or says that it returns
        something, as the methods of a protocol do.
        """
        if not facts.body:
            promised = facts.returns is not None and facts.returns != flow.Const(None)
            return promised or any(flow.last_name(each) not in PLAIN_DECORATORS for each in facts.decorators)
        if facts.owner < 0 or len(facts.body) != 1 or not isinstance(raised := facts.body[0], flow.Raise):
            return False
        kind = raised.value.func if isinstance(raised.value, flow.Call) else raised.value
        return kind is not None and flow.last_name(kind) == "NotImplementedError"

    def is_everywhere(self, function: FunctionValue) -> bool:
        """Tell whether a function is called in so many situations while serving that they are no longer told apart."""
        runs = self.situations.get((function.file, function.index), 0)
        return self.phase is Phase.SERVING and runs >= 2 * MANY_SITUATIONS

    def run_anyhow(
        self, function: FunctionValue, facts: flow.Function, env: dict[str, Value], path: Path, at: At,
        situation: tuple[object, ...],
    ) -> Value:  # fmt: skip
        """Run a function from what start-up and serving leave, whatever its caller knows; that is remembered once."""
        env = self.general(function, env, self.takes_names(function))
        identity = ("anyhow", function.file, function.index, function.scope, tuple(env.items()))
        key = (identity, situation)
        inner = Path({}, self.baseline, self.baseline_facts)
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
        before = self.baseline.get
        if inner.store is not self.baseline:
            path.put_all(
                (name, cell)
                for name, cell in inner.store.items()
                if not cell.bits & ABSENT and (old := before(name)) is not cell and old != cell
            )
        return value

    def widened(self, function: FunctionValue, env: dict[str, Value]) -> dict[str, Value]:
        """Return arguments as they are told apart: the more often a function was run, the less."""
        runs = self.situations.get((function.file, function.index), 0)
        if runs < MANY_SITUATIONS:
            return env
        return self.general(function, env, runs < 4 * MANY_SITUATIONS or self.takes_names(function))

    def general(self, function: FunctionValue, env: dict[str, Value], names: bool) -> dict[str, Value]:
        """Return arguments without what tells them apart, but for the object that keeps a name for a method."""
        keeps = self.keeps_texts(function, env)
        kept = function.bound if keeps or self.mentions.named_by_object(function.file, function.index) else None
        return {name: value if value == kept else self.wide(name, value, names or keeps) for name, value in env.items()}

    def takes_names(self, function: FunctionValue) -> bool:
        """Tell whether a function may touch a component whose name is an argument of its own."""
        return not BY_NAME.isdisjoint(self.mentions.inside(function.file, function.index))

    def wide(self, name: str, value: Value, names: bool) -> Value:
        """Return a value without where an object was made and, unless ``names``, without which constant it is."""
        match value:
            case Holder() | StateDict() | FunctionValue() | ClassValue() | External():
                return value
            case Object(cls=cls, external=external):
                if self.kind(value) in ("application", "router", "request"):
                    return value
                return Object(f"any {cls.file}:{cls.index}" if cls is not None else f"any {external}", cls, external)
            case Literal(value=constant) if constant is None or names:
                return value
            case TupleValue(items=items):
                return TupleValue(tuple(self.wide(name, each, names) for each in items))
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
        several = self.results.get(key) if not once.dead else None
        self.summaries[running] = several[-1] if several else None

    def is_inert(self, function: FunctionValue, env: dict[str, Value]) -> bool:
        """Tell whether a call may be skipped: the function did nothing to state in several situations.

        It is run all the same where it is given state or code, and where what it does itself may touch a holder. So is
        a constructor that is given texts, but for one that requests call: its object may keep the name of a component.
        """
        enough = 4 * ENOUGH_RUNS if self.phase in _STARTING else ENOUGH_RUNS
        runs = self.inert.get((function.file, function.index), 0)
        idle = runs >= 4 * enough or (runs >= enough and not self.carries_state(env))
        return idle and not (self.mentions.touches(function.file, function.index) or self.keeps_texts(function, env))

    def keeps_texts(self, function: FunctionValue, env: dict[str, Value]) -> bool:
        """Tell whether a function makes an object that is given a text, other than for a request."""
        if self.phase is Phase.SERVING or not isinstance(function.bound, Object):
            return False
        name = self.project.function(function.file, function.index).name
        return name == "__init__" and any(literal_names(plain(value)) is not None for value in env.values())

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
        """Count the runs of a function that did nothing to state; one that did something is never skipped.

        Neither is one that returns now this, now that, where this tells something: a name, say, or a function. What is
        only tried does not count.
        """
        key = (function.file, function.index)
        count = self.inert.get(key, 0)
        varies = count > 0 and self.inert_results[key][0] != value and _tells(value)
        self.inert[key] = -1 if active or varies or count < 0 else count + 1
        self.inert_results[key] = (value, returns)

    def body(
        self, function: FunctionValue, facts: flow.Function, env: dict[str, Value], identity: object, path: Path,
        at: At, hook: YieldHook | None, key: object, none_given: frozenset[str] = frozenset(),
        ingredients: Mapping[str, frozenset[str]] = {},
    ) -> tuple[Value, bool]:  # fmt: skip
        """Run a function in a new frame, remember the result, and apply it to the caller's path."""
        frame = self.new_frame(function, facts, env, identity, ingredients)
        frame.hook = hook
        frame.none_given = none_given
        caller = self.frames[-1] if self.frames else None
        line, file = at[0], (caller.file if caller is not None else function.file)
        self.frames.append(frame)
        self.stack.append(CallStep(file, line, facts.qualname, self.phase))
        self.raising.append(Raised())
        if not self.muted:
            self.records.reached.add((function.file, function.index))
        start_store, start_facts = path.store, path.facts
        inner = Path(env, path.store, path.facts)
        made_before, self.made_here = self.made_here, {}
        self.block(facts.body, inner)
        made = self.made_anew(facts)
        self.made_here = made_before
        self.note_made(made)
        finished = frame.returns
        if not inner.dead:
            finished = [*finished, (inner, NONE_VALUE)]
        raised = self.raising.pop().joined()
        self.stack.pop()
        self.frames.pop()
        joined: Path | None = None
        for each, _ in finished:
            joined = merge(joined, each)
        if joined is not None and any(LOCAL in name for name, _ in joined.facts):
            joined.facts = frozenset(fact for fact in joined.facts if LOCAL not in fact[0])
        value = self.result(finished, frame, joined)
        if caller is not None:
            caller.touched |= frame.touched
            caller.consulted |= frame.consulted
            caller.read |= frame.read
        if raised is not None and self.raising:
            self.raising[-1].add(self.frame, path.env, raised)
        if hook is None:
            self.store_result(key, frame, start_store, start_facts, joined, raised, value, made)
        if joined is None:
            path.dead = True
        else:
            path.store, path.facts = joined.store, joined.facts
        return value, bool(frame.touched)

    def new_frame(
        self, function: FunctionValue, facts: flow.Function, env: dict[str, Value], identity: object,
        ingredients: Mapping[str, frozenset[str]],
    ) -> Frame:  # fmt: skip
        """Return a frame for a call of a function; those of one ``identity`` share what inner functions see."""
        number = self.scope_numbers.setdefault(identity, len(self.scope_numbers) + 1)
        scoped = self.scopes.get(number)
        if scoped is None:
            scoped = self.scopes[number] = Scoped(function.file, function.scope)
        scoped.variables.update(env)
        frame = Frame(function.file, facts, number, function.scope)
        frame.index = function.index
        frame.ingredients = scoped.ingredients = dict(ingredients)
        frame.self_value = function.bound
        if facts.owner >= 0:
            frame.owner = ClassValue(function.file, facts.owner)
        return frame

    def given_ingredients(
        self, function: FunctionValue, facts: flow.Function, site: CallSite
    ) -> dict[str, frozenset[str]]:
        """Return the components that the arguments were made from, by parameter."""
        first = int(function.bound is not None)
        names: dict[int | str, str] = {number: each.name for number, each in enumerate(facts.params[first:])}
        names.update((each.name, each.name) for each in facts.params)
        return {names[key]: several for key, several in site.ingredients.items() if key in names}


def _tells(value: Value) -> bool:
    """Tell whether what a function returns is a constant, a function or a class, or one of several."""
    return any(isinstance(each, (Literal, FunctionValue, ClassValue)) for each in options(plain(value)))
