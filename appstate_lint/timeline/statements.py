"""Statements on abstract values: how paths split, join, jump and end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Block, Expr
from appstate_lint.model import Phase
from appstate_lint.timeline.calls import Calls
from appstate_lint.timeline.components import PERHAPS, condition_of
from appstate_lint.timeline.expressions import join_all
from appstate_lint.timeline.heap import Frame, Jumps, Path, merge, single
from appstate_lint.timeline.parts import ENOUGH_RUNS
from appstate_lint.timeline.presence import Store, join_stores
from appstate_lint.timeline.values import (
    NONE as NONE_VALUE,
)
from appstate_lint.timeline.values import (
    UNKNOWN,
    ClassValue,
    DictValue,
    External,
    FunctionValue,
    Holder,
    Invocation,
    Literal,
    Loaded,
    ModuleValue,
    Object,
    StateDict,
    Suppress,
    TupleValue,
    Unknown,
    Value,
    join,
    options,
    plain,
)

MOST_ROUNDS = 3
MOST_UNROLLED = 200
_EVERYTHING = frozenset({"Exception", "BaseException"})


class Statements(Calls):
    """Runs blocks of statements."""

    def block(self, block: Block, path: Path) -> None:
        """Run the statements of a block until the path ends."""
        for statement in block:
            if path.dead:
                return
            _RUNNERS[type(statement)](self, statement, path)
            if path.dead and isinstance(statement, _PLAIN) and self.frame.function is not None:
                self.records.cut.add((self.frame.file, self.frame.index))
                self.records.cut_early |= self.phase.rank < Phase.SERVING.rank and not self.muted

    # ------------------------------------------------------------ simple statements

    def do(self, node: flow.Do, path: Path) -> None:
        self.evaluate(node.value, path)

    def bind_statement(self, node: flow.Bind, path: Path) -> None:
        if node.value is None:
            self.declare(node, path)
            return
        outer, self.read_here = self.read_here, set()
        value = self.evaluate(node.value, path)
        if isinstance(value, Unknown) and node.annotation is not None:
            typed = self.typed(node.annotation, self.frame.file, self.frame.function, value.hint)
            if not isinstance(typed, Unknown):
                value = typed
        value = self.named(value, node)
        self.plain_none = node.value == flow.Const(None)
        for target in node.targets:
            self.assign(target, value, path)
        self.plain_none = False
        self.read_here |= outer

    def named(self, value: Value, node: flow.Bind) -> Value:
        """Give a module constant of unknown value a name, so that tests of it can be compared."""
        if self.frame.function is None and isinstance(value, Unknown) and not value.origin:
            for target in node.targets:
                if isinstance(target, flow.Name):
                    return Unknown(value.hint, f"{self.frame.file}:{target.id}")
        return value

    def declare(self, node: flow.Bind, path: Path) -> None:
        """Take the type of a bare annotation in a class body."""
        for target in node.targets:
            if isinstance(target, flow.Name) and self.frame.name == "<class>":
                typed = self.typed(node.annotation, self.frame.file, None, target.id)
                if not isinstance(typed, Unknown):
                    path.variables().setdefault(target.id, typed)

    def augment(self, node: flow.Augment, path: Path) -> None:
        old = self.evaluate(node.target, path)
        value = self.evaluate(node.value, path)
        old = plain(old)
        if node.op == "+" and isinstance(old, TupleValue):
            members = self.members(value)
            if members is not None:
                self.assign(node.target, TupleValue(old.items + members), path)
                return
        from appstate_lint.timeline.values import ListValue

        if isinstance(old, ListValue) and node.op == "+":
            self.list_method(old.number, "extend", (value,))
            return
        if isinstance(old, DictValue) and node.op == "|":
            self.update_dict(old.number, value)
            return
        self.assign(node.target, UNKNOWN, path)

    def assign(self, target: Expr, value: Value, path: Path) -> None:
        """Bind ``value`` to a target: a name, an attribute, an item, or several."""
        match target:
            case flow.Name(id=name):
                self.set_name(name, value, path)
            case flow.Attr(value=owner_expr, name=name, at=at):
                owner = self.evaluate(owner_expr, path)
                several = options(plain(owner))
                for option in several:
                    if option != NONE_VALUE or (len(several) == 1 and not isinstance(owner, Loaded)):
                        self.set_attribute(option, name, value, at, path)
            case flow.Item(value=owner_expr, index=index, at=at):
                self.set_item(self.evaluate(owner_expr, path), self.evaluate(index, path), value, at, path)
            case flow.Sequence(items=items):
                self.unpack(items, value, path)
            case flow.Star(value=inner):
                self.assign(inner, value, path)

    def unpack(self, targets: tuple[Expr, ...], value: Value, path: Path) -> None:
        members = self.members(value)
        if members is not None and len(members) == len(targets) and not isinstance(plain(value), DictValue):
            for target, member in zip(targets, members, strict=True):
                self.assign(target, member, path)
            return
        for target in targets:
            hint = target.id if isinstance(target, flow.Name) else ""
            self.assign(target, Unknown(hint), path)

    def set_name(self, name: str, value: Value, path: Path) -> None:
        frame = self.frame
        function = frame.function
        if function is not None and name not in function.locals:
            self.set_outer(name, value, path)
            return
        path.bind(name, value)
        if function is not None and function.nested:
            variables = self.scopes[frame.scope].variables
            known = variables.get(name)
            variables[name] = value if known is None or known == value else join(known, value)

    def set_outer(self, name: str, value: Value, path: Path) -> None:
        """Bind a ``global`` or ``nonlocal`` name."""
        number = self.frame.outer
        while number:
            scoped = self.scopes[number]
            if name in scoped.variables:
                scoped.variables[name] = join(scoped.variables[name], value)
                scoped.rebound.add(name)
                return
            number = scoped.outer
        self.keep(self.global_writes, (self.frame.file, name), value)

    def set_attribute(self, owner: Value, name: str, value: Value, at: At, path: Path) -> None:
        match owner:
            case Holder(owner=application):
                self.write(application, name, value, at, path)
            case Object():
                spec = self.spec(owner)
                if spec is not None and spec.holder == name:
                    self.replace_holder(owner, value, at, path)
                    return
                self.put_attribute(owner, name, value)
            case ModuleValue(file=file):
                self.global_writes[(file, name)] = value
            case ClassValue(file=file, index=index):
                self.keep(self.class_attributes, (file, index, name), value)
            case Literal(value=None):
                path.dead = True

    def replace_holder(self, owner: Object, value: Value, at: At, path: Path) -> None:
        """``app.state = …``: the state of another application, a new one with initial components, or unknown."""
        value = single(plain(value))
        if isinstance(value, Holder):
            target = self.canonical(value.owner)
            if target.site != owner.site:
                self.holder_aliases[owner.site] = target
        else:
            self.open_holder(self.canonical(owner), at, "its state is replaced by something that cannot be seen")

    def set_item(self, owner: Value, index: Value, value: Value, at: At, path: Path) -> None:
        owner, name = single(plain(owner)), plain(index)
        match owner:
            case Holder(owner=application) | StateDict(owner=application):
                from appstate_lint.timeline.expressions import literal_names

                names = literal_names(name)
                if names is None:
                    self.dynamic(application, at, writes=True)
                for each in names or ():
                    self.write(application, each, value, at, path, weak=len(names or ()) > 1)
            case DictValue(number=number):
                self.note_kept((value,))
                self.put_item(number, name, value)
            case Object(cls=cls) if cls is not None:
                method = self.method(cls, "__setitem__")
                if method is not None:
                    bound = FunctionValue(method.file, method.index, method.scope, owner)
                    self.invoke(bound, (name, value), (), path, at)

    def returned(self, node: flow.Return, path: Path) -> None:
        value = self.evaluate(node.value, path) if node.value is not None else NONE_VALUE
        if not path.dead:
            self.frame.returns.append((path.fork(), value))
        path.dead = True

    def raised(self, node: flow.Raise, path: Path) -> None:
        if node.value is not None:
            self.evaluate(node.value, path)
        if not path.dead:
            self.may_raise(path)
        path.dead = True

    def leave_loop(self, node: flow.Break, path: Path) -> None:
        if self.frame.jumps:
            jumps = self.frame.jumps[-1]
            jumps.breaks = merge(jumps.breaks, path.fork())
        path.dead = True

    def next_round(self, node: flow.Continue, path: Path) -> None:
        if self.frame.jumps:
            jumps = self.frame.jumps[-1]
            jumps.continues = merge(jumps.continues, path.fork())
        path.dead = True

    def asserted(self, node: flow.Assert, path: Path) -> None:
        yes, _ = self.branch(node.test, path)
        path.become(yes)

    def deleted(self, node: flow.Delete, path: Path) -> None:
        for target in node.targets:
            match target:
                case flow.Attr(value=owner_expr, name=name, at=at):
                    owner = single(plain(self.evaluate(owner_expr, path)))
                    if isinstance(owner, Holder):
                        self.delete(owner.owner, name, at, path)
                case flow.Item(value=owner_expr, index=index, at=at):
                    owner, key = single(plain(self.evaluate(owner_expr, path))), plain(self.evaluate(index, path))
                    if isinstance(owner, Holder) and isinstance(key, Literal) and isinstance(key.value, str):
                        self.delete(owner.owner, key.value, at, path)
                case flow.Name(id=name):
                    path.variables().pop(name, None)

    def nothing(self, node: flow.Outer, path: Path) -> None:
        """``global`` and ``nonlocal`` are in the facts of the function."""

    # ------------------------------------------------------------ definitions

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
        return name.partition(".")[0] in _WRAPPERS

    def define_class(self, node: flow.DefineClass, path: Path) -> None:
        frame = self.frame
        cls = self.project.cls(frame.file, node.index)
        scope = self.closure(path)
        body = Frame(frame.file, None, frame.scope, frame.scope if frame.function is not None else 0)
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
        self.class_envs[(frame.file, node.index, scope)] = env
        path.store, path.facts = inner.store, inner.facts
        value: Value = ClassValue(frame.file, node.index, scope)
        for decorator in reversed(cls.decorators):
            value = self.decorated(self.evaluate(decorator, path), value, path, cls.at)
        self.set_name(cls.name, value, path)

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
        self.set_name(node.alias or node.name, self.symbol_value(symbol, node.name), path)
        self.take_imported(path)

    def take_imported(self, path: Path) -> None:
        """Take over what module bodies, imported just now, put on applications that they made."""
        if path.store is not self.import_store:
            path.put_all((key, cell) for key, cell in self.import_store.items() if key not in path.store)

    import_store: Store

    def import_parents(self, file: str) -> None:
        """Run the ``__init__`` modules of the packages around a module."""
        folder = file.rpartition("/")[0]
        chain: list[str] = []
        while folder and f"{folder}/__init__.py" in self.project.facts:
            chain.append(f"{folder}/__init__.py")
            folder = folder.rpartition("/")[0]
        for package in reversed(chain):
            if package != file:
                self.import_module(package)

    # ------------------------------------------------------------ branches

    def choose(self, node: flow.If, path: Path) -> None:
        if isinstance(node.test, (flow.Name, flow.Attr)) and flow.last_name(node.test) == "TYPE_CHECKING":
            self.block(node.orelse, path)
            return
        yes, no = self.branch(node.test, path)
        certain = yes is None or yes.dead or no is None or no.dead
        self.conditional += not certain
        if yes is not None:
            self.block(node.body, yes)
        if no is not None:
            self.block(node.orelse, no)
        self.conditional -= not certain
        path.become(merge(yes, no))

    def match(self, node: flow.Match, path: Path) -> None:
        subject = self.evaluate(node.subject, path)
        going: Path | None = path.fork()
        joined: Path | None = None
        self.conditional += 1
        for case in node.cases:
            if going is None or going.dead:
                break
            inner: Path | None = going.fork()
            if case.value is not None and inner is not None:
                constant = self.evaluate(case.value, inner)
                from appstate_lint.timeline.expressions import equality, none_test

                test = none_test(subject) if constant == NONE_VALUE else equality(subject, constant)
                inner, going = self.split(test, going)
            for name in case.names:
                if inner is not None:
                    self.set_name(name, subject if case.always else Unknown(name), inner)
            if case.guard is not None and inner is not None:
                inner, _ = self.branch(case.guard, inner)
            if inner is not None:
                self.block(case.body, inner)
                joined = merge(joined, inner)
            if case.always and case.guard is None:
                going = None
        self.conditional -= 1
        path.become(merge(joined, going))

    # ------------------------------------------------------------ loops

    def loop(self, node: flow.For, path: Path) -> None:
        source = self.evaluate(node.iterable, path)
        if path.dead:
            return
        source = self.finish_generators(source, path)
        items = self.members(source)
        jumps = Jumps()
        self.frame.jumps.append(jumps)
        if items is not None and len(items) <= MOST_UNROLLED:
            for item in items:
                if path.dead:
                    break
                self.assign(node.target, item, path)
                self.block(node.body, path)
                path.become(merge(path, jumps.continues))
                jumps.continues = None
        else:
            element = self.element(source)
            if isinstance(element, Unknown) and isinstance(node.target, flow.Name):
                element = Unknown(node.target.id)
            self.repeat(path, jumps, lambda once: self.round(node, element, once))
        self.frame.jumps.pop()
        if not path.dead:
            self.block(node.orelse, path)
        path.become(merge(path, jumps.breaks))

    def round(self, node: flow.For, element: Value, path: Path) -> Path | None:
        self.assign(node.target, element, path)
        self.block(node.body, path)
        return path

    def repeat(self, path: Path, jumps: Jumps, body: Callable[[Path], Path | None]) -> None:
        """Run a loop body until presences no longer change; the loop may also not run at all."""
        self.conditional += 1
        for _ in range(MOST_ROUNDS):
            once = path.fork()
            end = merge(body(once), jumps.continues)
            joined = merge(path.fork(), end)
            settled = joined is None or joined.store == path.store
            path.become(joined)
            if settled:
                break
        self.conditional -= 1

    def finish_generators(self, source: Value, path: Path) -> Value:
        """Run generators of the project that are iterated over; return the values that they yield."""
        value = single(plain(source))
        if not isinstance(value, Invocation) or value.kind != "generator":
            return source
        if not isinstance(value.function, FunctionValue):
            return UNKNOWN
        yielded: list[Value] = []

        def collect(inner: Path, each: Value) -> Value:
            if each not in yielded and len(yielded) < MOST_UNROLLED:
                yielded.append(each)
            return UNKNOWN

        self.run(value.function, value.args, value.keywords, path, _NOWHERE, collect)
        return join_all([TupleValue((each,)) for each in yielded]) if len(yielded) == 1 else TupleValue(tuple(yielded))

    def while_loop(self, node: flow.While, path: Path) -> None:
        jumps = Jumps()
        self.frame.jumps.append(jumps)
        forever = isinstance(node.test, flow.Const) and bool(node.test.value)
        left: Path | None = None

        def body(once: Path) -> Path | None:
            nonlocal left
            yes, no = self.branch(node.test, once)
            left = merge(left, no)
            if yes is not None:
                self.block(node.body, yes)
            return yes

        self.repeat(path, jumps, body)
        self.frame.jumps.pop()
        if forever:
            path.become(jumps.breaks)
            return
        _, no = self.branch(node.test, path)
        path.become(merge(no, left))
        if not path.dead:
            self.block(node.orelse, path)
        path.become(merge(path, jumps.breaks))

    # ------------------------------------------------------------ try

    def attempt(self, node: flow.Try, path: Path) -> None:
        before = path.fork()
        phase = self.phase
        frame = self.frame
        returns = len(frame.returns)
        names = [self.caught_names(handler) for handler in node.handlers]
        harmless = 0
        while harmless < len(node.body) and _cannot_raise(node.body[harmless]):
            self.block(node.body[harmless : harmless + 1], path)
            harmless += 1
        before = path.fork()
        self.raising.append(path.store)
        bare = frozenset({"BaseException"}) if any(not each for each in names) else frozenset()
        self.catching.append(frozenset(name for each in names for name in each) | bare)
        self.block(node.body[harmless:], path)
        self.catching.pop()
        raised = self.raising.pop()
        failing = self.failed_path(before, path, raised)
        after: Path | None = path
        if not path.dead:
            self.block(node.orelse, path)
        swallowed = False
        end_phase = self.phase
        for handler, caught in zip(node.handlers, names, strict=True):
            entry = failing.fork()
            self.phase = phase
            if handler.name:
                entry.bind(handler.name, Unknown(handler.name))
            self.conditional += 1
            self.block(handler.body, entry)
            self.conditional -= 1
            swallowed = swallowed or not caught or bool(caught & _EVERYTHING)
            after = merge(after, entry)
        self.phase = end_phase
        if not swallowed:
            self.pass_on(failing.store)
        if node.final:
            self.finally_block(node.final, after, failing, returns, phase, swallowed)
        path.become(after)

    def finally_block(
        self, final: Block, after: Path | None, failing: Path, returns: int, phase: Phase, swallowed: bool
    ) -> None:
        """Run a ``finally`` after the normal end, after each ``return``, and after a failure."""
        frame = self.frame
        if after is not None and not after.dead:
            self.block(final, after)
        kept = frame.returns[:returns]
        left = frame.returns[returns:]
        frame.returns[:] = kept
        joined: Path | None = None
        for each, _ in left:
            joined = merge(joined, each)
        if joined is not None:
            self.block(final, joined)
            if not joined.dead:
                frame.returns.extend((joined if len(left) == 1 else joined.fork(), value) for _, value in left)
        if not swallowed:
            now = self.phase
            inside = frame.hook is not None and phase is Phase.STARTUP
            self.phase, self.partial = (Phase.SHUTDOWN, True) if inside else (phase, self.partial)
            self.conditional += 1
            self.block(final, failing.fork())
            self.conditional -= 1
            self.phase = now
            self.partial = False if inside else self.partial

    def failed_path(self, before: Path, path: Path, raised: Store | None) -> Path:
        """Return the path on which a ``try`` body fails: any state that it went through."""
        joined = dict(before.env)
        for name, value in path.env.items():
            known = joined.get(name)
            joined[name] = value if known is None else join(known, value)
        return Path(joined, raised if raised is not None else before.store, before.facts)

    def pass_on(self, store: Store) -> None:
        """Let the next outer ``try`` know the state of an exception that is not swallowed."""
        if self.raising:
            outer = self.raising[-1]
            self.raising[-1] = store if outer is None else join_stores(outer, store, frozenset(), frozenset())

    def caught_names(self, handler: flow.Handler) -> frozenset[str]:
        """Return the names of the exceptions that a handler catches; empty for a bare ``except``."""
        return frozenset(flow.last_name(kind) for kind in handler.types)

    # ------------------------------------------------------------ with

    def within(self, node: flow.With, path: Path) -> None:
        self.enter_entries(node, 0, path)

    def enter_entries(self, node: flow.With, index: int, path: Path) -> None:
        """Enter one context manager of a ``with`` and run what is inside it."""
        if path.dead:
            return
        if index == len(node.entries):
            self.block(node.body, path)
            return
        expr, target = node.entries[index]
        value = self.evaluate(expr, path)
        if path.dead:
            return
        value = (
            self.finish(value, path, _NOWHERE) if isinstance(value, Invocation) and value.kind == "coroutine" else value
        )
        managers = options(plain(value))
        manager = single(plain(value)) if len(managers) > 1 else managers[0]
        if isinstance(manager, Invocation) and manager.kind == "generator":
            self.inside_generator(manager, node, index, target, path)
            return
        if isinstance(manager, Suppress):
            self.inside_suppress(manager, node, index, path)
            return
        if isinstance(manager, Object) and manager.cls is not None and self.has_exit(manager.cls):
            self.inside_object(manager, manager.cls, node, index, target, path)
            return
        if target is not None:
            self.assign(target, manager if isinstance(manager, Object) else UNKNOWN, path)
        seen = isinstance(manager, Object) and self.tables.describes(manager.external)
        self.catching.append(frozenset() if seen else PERHAPS)
        self.enter_entries(node, index + 1, path)
        self.catching.pop()

    def has_exit(self, cls: ClassValue) -> bool:
        """Tell whether a class of the project is a context manager."""
        return any(self.method(cls, name) is not None for name in ("__aenter__", "__enter__"))

    def inside_generator(
        self, manager: Invocation, node: flow.With, index: int, target: Expr | None, path: Path
    ) -> None:
        """Run a generator of the project up to its ``yield``, then the body, then the rest."""
        if not isinstance(manager.function, FunctionValue):
            self.enter_entries(node, index + 1, path)
            return
        code = (manager.function.file, manager.function.index)
        if self.phase is Phase.SERVING and self.inert.get(code, 0) >= ENOUGH_RUNS:
            if target is not None:
                self.assign(target, self.inert_results[code][0], path)
            self.enter_entries(node, index + 1, path)
            return
        outer_frames, outer_stack = list(self.frames), list(self.stack)
        bodies: list[Path] = []
        handed: list[Value] = []
        env = path.env

        def body(inner: Path, value: Value) -> Value:
            generator_frames, generator_stack = self.frames, self.stack
            self.frames, self.stack = outer_frames, outer_stack
            once = Path(dict(env), inner.store, inner.facts)
            returns = len(self.frame.returns)
            handed.append(value)
            if target is not None:
                self.assign(target, value, once)
            self.enter_entries(node, index + 1, once)
            left = self.frame.returns[returns:]
            self.frames, self.stack = generator_frames, generator_stack
            bodies.append(once)
            ended: Path | None = None if once.dead else once
            for each, _ in left:
                ended = merge(ended, each)
            if ended is None:
                inner.dead = True
            else:
                inner.store, inner.facts = ended.store, ended.facts
            return UNKNOWN

        outside = Path(dict(env), path.store, path.facts)
        self.run(manager.function, manager.args, manager.keywords, outside, _NOWHERE, body)
        if not bodies and not outside.dead:
            path.store, path.facts = outside.store, outside.facts
            self.enter_entries(node, index + 1, path)
            return
        if not self.generator_touches:
            self.note_inert(manager.function, False, join_all(handed), True)
        joined: Path | None = None
        for each in bodies:
            joined = merge(joined, each)
        if joined is not None and not outside.dead:
            joined.store, joined.facts = outside.store, outside.facts
        path.become(joined)

    def inside_suppress(self, manager: Suppress, node: flow.With, index: int, path: Path) -> None:
        before = path.fork()
        self.raising.append(path.store)
        self.catching.append(frozenset(name.rpartition(".")[2] for name in manager.names))
        self.enter_entries(node, index + 1, path)
        self.catching.pop()
        raised = self.raising.pop()
        path.become(merge(path, self.failed_path(before, path, raised)))

    def inside_object(
        self, manager: Object, cls: ClassValue, node: flow.With, index: int, target: Expr | None, path: Path
    ) -> None:
        entered: Value = manager
        for name in ("__aenter__", "__enter__"):
            method = self.method(cls, name)
            if method is not None:
                bound = FunctionValue(method.file, method.index, method.scope, manager)
                entered = self.run(bound, (), (), path, _NOWHERE)
                break
        if target is not None:
            self.assign(target, entered, path)
        before, phase = path.fork(), self.phase
        self.raising.append(path.store)
        self.enter_entries(node, index + 1, path)
        raised = self.raising.pop()
        self.pass_on(raised if raised is not None else before.store)
        for name in ("__aexit__", "__exit__"):
            method = self.method(cls, name)
            if method is not None:
                bound = FunctionValue(method.file, method.index, method.scope, manager)
                if not path.dead:
                    self.run(bound, (UNKNOWN, UNKNOWN, UNKNOWN), (), path, _NOWHERE)
                break
        del phase

    # ------------------------------------------------------------ await, yield

    def awaited(self, expr: flow.Await, path: Path) -> Value:
        value = self.evaluate(expr.value, path)
        self.settle(path)
        if path.dead:
            return UNKNOWN
        return (
            self.finish(value, path, expr.at) if any(isinstance(each, Invocation) for each in options(value)) else value
        )

    def yielded(self, expr: flow.Yield, path: Path) -> Value:
        value = self.evaluate(expr.value, path) if expr.value is not None else NONE_VALUE
        self.settle(path)
        hook = self.frame.hook
        if hook is None or path.dead:
            return UNKNOWN
        return hook(path, value)

    def delegated(self, expr: flow.YieldFrom, path: Path) -> Value:
        value = single(plain(self.evaluate(expr.value, path)))
        if isinstance(value, Invocation) and isinstance(value.function, FunctionValue):
            self.run(value.function, value.args, value.keywords, path, expr.at, self.frame.hook)
        return UNKNOWN

    def settle(self, path: Path) -> None:
        """Let tasks that were created run from here on: their creator waits."""
        raise NotImplementedError


def _cannot_raise(statement: flow.Stmt) -> bool:
    """Tell whether a statement only stores a constant or an empty display."""
    if not isinstance(statement, flow.Bind):
        return False
    match statement.value:
        case flow.Const() | flow.Sequence(items=()) | flow.Mapping(items=()):
            return True
    return False


_PLAIN = (flow.Do, flow.Bind, flow.Augment)
_NOWHERE: At = (0, 0, 0, 0)
_WRAPPERS = frozenset({
    "functools", "contextlib", "typing", "dataclasses", "abc", "staticmethod", "classmethod", "property", "pydantic",
    "tenacity", "backoff", "typing_extensions", "enum", "attr", "attrs", "deprecated", "cachetools", "async_lru",
    "warnings", "overload", "sqlalchemy", "strawberry", "beartype",
})  # fmt: skip
_S = Statements
_RUNNERS: dict[type, Callable[[Statements, Any, Path], None]] = {
    flow.Do: _S.do, flow.Bind: _S.bind_statement, flow.Augment: _S.augment, flow.Return: _S.returned,
    flow.Raise: _S.raised, flow.If: _S.choose, flow.For: _S.loop, flow.While: _S.while_loop, flow.Try: _S.attempt,
    flow.With: _S.within, flow.Match: _S.match, flow.Define: _S.define, flow.DefineClass: _S.define_class,
    flow.Import: _S.import_statement, flow.ImportFrom: _S.import_from, flow.Delete: _S.deleted,
    flow.Outer: _S.nothing, flow.Assert: _S.asserted, flow.Break: _S.leave_loop, flow.Continue: _S.next_round,
}  # fmt: skip

__all__ = ["Statements", "condition_of"]
