"""Code that is not seen: what of the application it gets, and what it may call."""

from __future__ import annotations

from appstate_lint.config import Edge
from appstate_lint.facts.flow import At
from appstate_lint.frameworks import FrameworkClass
from appstate_lint.timeline.containers import DICT_METHODS, Containers
from appstate_lint.timeline.paths import Path, merge
from appstate_lint.timeline.presence import ABSENT, PRESENT, Cell, lasting
from appstate_lint.timeline.truth import called, condition_of
from appstate_lint.timeline.values import (
    BUILTINS,
    UNKNOWN,
    Chain,
    ClassValue,
    DictValue,
    External,
    FunctionValue,
    Holder,
    Invocation,
    Keywords,
    ListValue,
    Literal,
    Member,
    Object,
    Scope,
    StateDict,
    TupleValue,
    Unknown,
    Value,
    join,
    options,
    plain,
)
from appstate_lint.timeline.values import (
    NONE as NONE_VALUE,
)

_WHOLE = frozenset({Unknown, Literal, Object, FunctionValue, ClassValue, External, Holder, Member})
"""The kinds of values in which there are no others."""
_CODE = frozenset({"partial", "coroutine", "generator"})
_WAITS = frozenset({"wait", "wait_for", "acquire", "join"})
_JOINS = _WAITS | {"as_completed", "open_nursery", "result", "run_coroutine_threadsafe", "shutdown", "wrap_future"}
"""What waits for spawned code, or may."""
MOST_CANDIDATES = 4
_ENTERS = frozenset({"__aenter__", "__enter__"})
_LIST_ADDERS = frozenset({"append", "extend", "insert"})
_REFUSE_NONE = frozenset({
    *("len", "iter", "next", "enumerate", "reversed", "sorted", "list", "tuple", "set", "frozenset"),
    *("sum", "min", "max", "any", "all", "int", "float", "dict", "map", "filter", "zip"),
})  # fmt: skip
_IDENTITY = dict.fromkeys(("lru_cache", "cache", "deepcopy", "copy"), True)


class Unseen(Containers):
    """Calls what is not in the project."""

    def somewhere(
        self, name: str, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At,
        external: str = "", package: str = "",
    ) -> Value:  # fmt: skip
        """Call a function or method of which only the name is known: what has that name here, if it is given state.

        A few methods of that name may each be meant; what they do may have happened. Of many, none is followed.
        Where there is none, it is that of the ``package`` which gave the object.
        """
        given = any(
            isinstance(value, Holder) or self.kind(value) in ("application", "request")
            for value in self.flattened([*args, *(value for _, value in keywords)])
        )
        candidates = self.named_methods(name) if given and not external else ()
        if not candidates or len(candidates) > MOST_CANDIDATES:
            outside = external or (package if not candidates else "")
            dotted = f"{outside}.{name}" if outside else name
            return self.unseen(dotted, args, keywords, path, at, third_party=bool(external) or not candidates)
        joined = path.fork()
        result: Value | None = None
        possible, self.possible = self.possible, True
        for file, index in candidates:
            cls = ClassValue(file, self.project.function(file, index).owner)
            owner = Object(f"any {file}:{cls.index}", cls, self.external_base(cls))
            once = path.fork()
            value = self.invoke_one(FunctionValue(file, index, 0, owner), args, keywords, once, at)
            result = value if result is None else join(result, value)
            joined = merge(joined, once) or joined
        self.possible = possible
        path.become(joined)
        return result if result is not None else UNKNOWN

    def external(self, name: str, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """Call something that is not in the project."""
        if self.phasing is not None and name in self.phasing.foreign:
            for edge in Edge:
                self.pass_markers(self.phasing.foreign[name], edge, None, args, keywords, path, at)
            return UNKNOWN
        builtin = self.builtin(name)
        for each in args if name in _REFUSE_NONE else ():
            self.use(each)
        if builtin is not None:
            return builtin(args, keywords, path, at)
        table, spec = self.tables.functions.get(name), self.tables.classes.get(name)
        if table is not None:
            done = self.act(table, args, keywords, path, at, name)
            if spec is None:
                return done
        if spec is not None:
            if spec.kind == "state":
                return self.make_state(args, path, at)
            if spec.kind == "key":
                return self.make_key(spec, args, keywords, at)
            made = Object(self.request_site(at) if spec.kind == "request" else self.site(at), None, name)
            scope = plain(args[0]) if spec.kind == "request" and args else UNKNOWN
            if isinstance(scope, DictValue):
                self.scopes_of[made.site] = (scope.number, self.place(at), self.frame.name)
            if spec.kind == "application":
                self.created(made, path, at)
            self.register_arguments(made, spec.arguments, spec.registers, args, keywords, path, at)
            return made
        self.unseen(name, args, keywords, path, at, third_party=True)
        if _IDENTITY.get(name.rpartition(".")[2]) and args:
            return args[0]
        if name[:1] == ".":
            return UNKNOWN
        made = self.anew(Object(self.site(at), None, name))
        self.keep_functions(made, args, keywords, path)
        for keyword, value in keywords:
            if self.kind(plain(value)) == "application":
                self.put_attribute(made, keyword, value)
        return made

    def unseen(
        self, name: str, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At, third_party: bool
    ) -> Value:
        """Call code that is not seen: note what of the application it gets, and that it may call functions."""
        self.records.waits = self.records.waits or (not self.spawned and name.rpartition(".")[2] in _JOINS)
        known = third_party and (self.tables.describes(name) or name in BUILTINS)
        if not known and (args or keywords):
            for value in self.flattened([*args, *(value for _, value in keywords)]):
                if isinstance(value, Holder):
                    self.hand_over(value.owner, name, at, third_party, holder=True)
                elif isinstance(value, Object) and self.kind(value) == "application":
                    self.hand_over(value, name, at, third_party, holder=False)
        for value in (*args, *(value for _, value in keywords)):
            if name not in BUILTINS or isinstance(plain(value), Member):
                self.hand_container(value)
        self.hand_functions(args, keywords, path, at)
        return Unknown(name.rpartition(".")[2])

    def make_key(self, spec: FrameworkClass, args: tuple[Value, ...], keywords: Keywords, at: At) -> Value:
        """Make a key for components, named as that of its place, or else as its maker says."""
        known = self.mentions.shapes.keys.get((self.frame.file, at))
        if known is not None:
            return Literal(known)
        given = self.argument(spec.arguments, spec.arguments[0], args, keywords)
        name = plain(given) if given is not None else UNKNOWN
        return name if isinstance(name, Literal) and isinstance(name.value, str) else UNKNOWN

    def flattened(self, values: list[Value]) -> list[Value]:
        """Return values, and those inside tuples, lists and dicts, one level deep."""
        found: list[Value] = []
        for value in values:
            if type(value) in _WHOLE:
                found.append(value)
                continue
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

    def wait(self, path: Path) -> None:
        """Let spawned code wait: what start-up sets may then be there, so nothing is said of it."""
        doubtful = [(key, cell) for key, cell in path.store.items() if cell.bits & ABSENT and cell.bits & PRESENT]
        self.frame.touched.update(key for key, _ in doubtful)
        path.put_all((key, Cell(cell.bits & PRESENT)) for key, cell in doubtful)

    def has_method(self, owner: Value, name: str) -> bool:
        """Tell whether the tables say what a method of an object does."""
        spec = self.spec(owner)
        return spec is not None and spec.method(name) is not None

    def make_blank(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``__new__``: an instance whose constructor has not run."""
        cls = plain(args[0]) if args else UNKNOWN
        return (
            self.anew(Object(self.site(at), cls, self.external_base(cls))) if isinstance(cls, ClassValue) else UNKNOWN
        )

    def hand_methods(self, owner: Object, cls: ClassValue, path: Path, at: At) -> None:
        """Note that unseen code of a base class may call the methods of an object from here on."""
        for base in self.bases(cls):
            for name, index in self.project.methods(base.file, base.index).items():
                if not name.startswith("__"):
                    self.spawn(FunctionValue(base.file, index, base.scope, owner), path, at, certain=False)

    def hand_functions(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> None:
        """Note functions, coroutines and generators that unseen code was given: it may run them from here on."""
        values = [*args, *(value for _, value in keywords)] if keywords else list(args)
        for value in self.flattened(values) if values else ():
            if type(value) is FunctionValue or (type(value) is Invocation and value.kind in _CODE):
                self.spawn(value, path, at, certain=False)
                self.hand_variables(value)

    def hand_variables(self, code: Value) -> None:
        """Note that unseen code was given a function, which may put something into the variables around it."""
        scoped = self.scopes.get(code.scope) if isinstance(code, FunctionValue) else None
        for value in scoped.variables.values() if scoped is not None else ():
            self.hand_container(value)

    def keep_functions(self, owner: Object, args: tuple[Value, ...], keywords: Keywords, path: Path) -> None:
        """Note which functions an object that is not seen was given: used as lifespan, it runs them in that order."""
        for value in () if self.muted else self.flattened([*args, *(value for _, value in keywords)]):
            if isinstance(value, FunctionValue) or (isinstance(value, Object) and value.site in self.given_to):
                self.given_to.setdefault(owner.site, []).append((value, lasting(path.facts)))

    def member(self, function: Member, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """Call a method of something that is not a class of the project."""
        owner, name = function.owner, function.name
        if isinstance(owner, Chain) or (name in DICT_METHODS and not self.has_method(owner, name)):
            key = plain(args[0]) if args else UNKNOWN
            owner = self.as_holder(owner, str(key.value) if isinstance(key, Literal) else "")
        if isinstance(owner, (Holder, StateDict)):
            return self.state_method(owner.owner, name, args, keywords, path, at)
        spec = self.spec(owner)
        if spec is not None:
            table = spec.method(name)
            if table is not None and isinstance(owner, Object):
                return self.registration(table, name, owner, args, keywords, path, at)
        if isinstance(owner, Member) and name in _LIST_ADDERS:
            outer = self.spec(owner.owner)
            if outer is not None and owner.name in outer.lists and isinstance(owner.owner, Object):
                self.add_to_list(owner.owner, outer.lists[owner.name], name, args, path, at)
                return NONE_VALUE
        match owner:
            case ListValue(number=number):
                return self.list_method(number, name, args)
            case DictValue(number=number):
                return self.dict_method(owner, number, name, args, keywords)
            case Invocation(kind="generator") if name in _ENTERS:
                return self.enter(owner, path, at)
            case FunctionValue() | TupleValue() | Literal() | Invocation():
                if isinstance(owner, Literal) and name == "format":
                    return UNKNOWN
                if name in ("s", "delay", "apply_async", "remote"):
                    return UNKNOWN
                if name == "result" and isinstance(owner, Invocation) and owner.kind == "task":
                    return self.finish(owner, path, at)
                return Unknown(name)
        if name == "__new__":
            return self.make_blank(args, keywords, path, at)
        if name == "__setattr__" and isinstance(owner, (Object, Holder)):
            return self.set((owner, *args), keywords, path, at)
        if name == "__init__" and spec is not None and isinstance(owner, Object):
            self.register_arguments(owner, spec.arguments, spec.registers, args, keywords, path, at)
            return NONE_VALUE
        table = self.tables.methods.get(name)
        if table is not None:
            return self.act(table, args, keywords, path, at, name)
        return self.unseen_method(function, owner, args, keywords, path, at)

    def unseen_method(
        self, function: Member, owner: Value, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At
    ) -> Value:
        """Call a method of ``owner`` that no code and no table shows."""
        name = function.name
        if self.spawned and name in _WAITS:
            self.wait(path)
        if isinstance(owner, Scope) and name == "get" and args and isinstance(key := plain(args[0]), Literal):
            return self.scope_item(key.value)
        if isinstance(owner, Object) and owner.cls is not None:
            self.hand_methods(owner, owner.cls, path, at)
        package = owner.external if isinstance(owner, Object) else ""
        if package.partition(".")[0] in self.tables.keepers:
            for value in self.flattened([*args, *(value for _, value in keywords)]):
                if isinstance(value, Holder) or self.kind(value) == "application":
                    kept = value.owner if isinstance(value, Holder) else value
                    assert isinstance(kept, Object)
                    self.hand_over(kept, f"{package}.{name}", at, third_party=False, holder=False)
        if isinstance(owner, Object):
            self.keep_functions(owner, args, keywords, path)
        if isinstance(owner, Unknown) and owner.package:
            value = self.somewhere(name, args, keywords, path, at, package=owner.package)
            return Unknown(name, package=owner.package) if isinstance(value, Unknown) else value
        if not package:
            return self.somewhere(name, args, keywords, path, at)
        self.unseen(f"{package}.{name}", args, keywords, path, at, third_party=True)
        is_getter = name.startswith("get") and args and not keywords
        origin = called(condition_of(Member(owner, name)), args) if is_getter else ""
        return Unknown(name, origin, package if self.tables.is_described(package) else "")
