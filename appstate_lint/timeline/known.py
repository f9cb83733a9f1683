"""Functions that the tables describe: what they do with the code and the state that they are given."""

from __future__ import annotations

from appstate_lint.facts.flow import At
from appstate_lint.frameworks import Call as CallTable
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.parts import EXIT
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.truth import condition_of
from appstate_lint.timeline.unseen import Unseen
from appstate_lint.timeline.values import (
    UNKNOWN,
    ClassValue,
    Dependency,
    External,
    FunctionValue,
    Invocation,
    Keywords,
    Literal,
    Object,
    Suppress,
    TupleValue,
    Unknown,
    Value,
    options,
    plain,
)


class Known(Unseen):
    """Does what the tables say."""

    def act(
        self, table: CallTable, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At, name: str
    ) -> Value:
        """Do what the tables say of a function."""
        code = self.argument(table.arguments, table.function, args, keywords)
        match table.role:
            case "depends":
                return Dependency(code)
            case "partial":
                return self.handed(Invocation("partial", args[0], args[1:], keywords)) if args else UNKNOWN
            case "identity":
                return args[0] if args else UNKNOWN
            case "getter":
                return Invocation("getter", UNKNOWN, tuple(plain(each) for each in args), ())
            case "wraps":
                self.hand_functions(args, (), path, at)
                return Invocation("wraps", single(plain(args[0])) if args else UNKNOWN, (), ())
            case "decorator":
                for value in self.flattened([value for _, value in keywords]):
                    if isinstance(value, Dependency) and isinstance(value.function, FunctionValue):
                        self.hand_functions((value.function,), (), path, at)
                return Invocation("wraps", UNKNOWN, (), ())
            case "several":
                return TupleValue(args)
            case "application":
                return self.application_called(code)
            case "constant":
                return Invocation("constant", args[0], (), ()) if args else UNKNOWN
            case "anything":
                self.run_text(name, args, at)
                return UNKNOWN
            case "second":
                return args[1] if len(args) > 1 else UNKNOWN
            case "exit":
                path.dead = True
                self.ended_in = EXIT
                return UNKNOWN
            case "stable":
                return self.stable(table.names[0], args)
            case "suppress":
                return Suppress(tuple(value.name for value in args if isinstance(value, External)))
            case "join":
                return self.join_tasks(args, path, at)
            case "subscribe":
                return self.subscribe(args, keywords, path, at)
            case "import":
                return self.import_by_name(args, path, at)
            case "ignore":
                return UNKNOWN
        done = self.act_on(code, table, args, keywords, path, at) if code is not None else None
        return done if done is not None else self.unseen(name, args, keywords, path, at, third_party=True)

    def act_on(
        self, code: Value, table: CallTable, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At
    ) -> Value | None:
        """Do what the tables say of a function with the code that it is given; ``None`` if that is nothing."""
        rest = self.rest_of(table, args) if table.rest else ()
        passed = tuple(pair for pair in keywords if pair[0] != table.function) if table.rest else ()
        match table.role:
            case "executor":
                return self.start(code, rest, passed, path, at, table.role)
            case "run" if isinstance(code, FunctionValue):
                return self.handed(Invocation("coroutine", code, rest, passed))
            case "run":
                return self.invoke(code, rest, passed, path, at)
            case "spawn" | "background":
                return self.start(code, rest, passed, path, at, table.role)
            case "enter":
                return self.enter(code, path, at)
            case "exit-callback":
                self.later(code, rest, passed, path, at)
                return UNKNOWN
            case "serve":
                self.launched(code, keywords, path, at, now=self.tables.classes.get(table.names[0]) is None)
                return UNKNOWN
            case "start":
                for option in options(plain(code)):
                    if isinstance(option, Object) and self.kind(option) == "application":
                        self.start_now(option, path)
                return UNKNOWN
        return None

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
        first = plain(args[0]) if args else UNKNOWN
        if isinstance(first, Literal):
            return Unknown(name, f"{name}({first.value!r})")
        condition = condition_of(first)
        return Unknown(name, condition if name == "bool" else f"{name}({condition})") if condition else UNKNOWN

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
            kept = self.handed(Invocation("partial", target, args, keywords))
        elif isinstance(target, Invocation):
            kept = target
        else:
            return UNKNOWN
        self.spawn(kept, path, at, certain=True)
        return Invocation("task", kept.function, kept.args, kept.keywords)

    def subscribe(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """Hand callbacks to a broker, which may call them at the next message; what it returns is not known."""
        for value in self.flattened([*args, *(value for _, value in keywords)]):
            if isinstance(value, FunctionValue) or (isinstance(value, Invocation) and value.kind == "partial"):
                self.spawn(value, path, at, certain=True)
        return UNKNOWN

    def run_text(self, name: str, args: tuple[Value, ...], at: At) -> None:
        """``exec``: a text that names a holder, or one made where a holder is named, may write anything."""
        text = plain(args[0]) if args else UNKNOWN
        holders = self.tables.holders
        if isinstance(text, Literal):
            near = any(f".{holder}" in str(text.value) for holder in holders)
        else:
            function = next((frame for frame in reversed(self.frames) if frame.function is not None), None)
            near = function is not None and bool(self.mentions.inside(function.file, function.index) & holders)
        if near:
            for application in self.known_applications():
                self.open_holder(self.canonical(application), at, f"{name} may write anything")
