"""Assignments on abstract values: to names, attributes and items; those of a holder set components."""

from __future__ import annotations

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Expr
from appstate_lint.model import Phase
from appstate_lint.timeline.calls import Calls
from appstate_lint.timeline.components import MEMBERS
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.presence import Cell, replaced
from appstate_lint.timeline.truth import named_test
from appstate_lint.timeline.values import (
    EACH,
    UNKNOWN,
    ClassValue,
    DictValue,
    FunctionValue,
    Holder,
    ListValue,
    Literal,
    Loaded,
    ModuleValue,
    Object,
    StateDict,
    Test,
    TupleValue,
    Unknown,
    Value,
    join,
    literal_names,
    options,
    plain,
)
from appstate_lint.timeline.values import NONE as NONE_VALUE


class Assignments(Calls):
    """Binds and deletes targets."""

    def bind_statement(self, node: flow.Bind, path: Path) -> None:
        if node.value is None:
            self.declare(node, path)
            return
        outer, self.read_here = self.read_here, set()
        before = self.begin(node.value)
        since, self.made_since = self.made_since, self.begin_making()
        value = self.evaluate(node.value, path)
        if isinstance(value, Unknown) and node.annotation is not None:
            typed = self.typed(node.annotation, self.frame.file, self.frame.function, value.hint)
            if not isinstance(typed, Unknown):
                value = typed
        value = self.named(value, node)
        self.plain_none = self.says_none(node.value, value)
        self.augmenting = _adds_to(node.targets[0], node.value)
        for target in node.targets:
            self.assign(target, value, path)
            if before is not None:
                self.note_target(target, self.made_from())
        self.end(before)
        self.plain_none = self.augmenting = False
        self.read_here |= outer
        self.made_since = since

    def says_none(self, expr: Expr, value: Value) -> bool:
        """Tell whether an expression is ``None`` as it is written, here or where this function is called."""
        if type(expr) is flow.Const:
            return expr.value is None
        return type(expr) is flow.Name and expr.id in self.frame.none_given and value == NONE_VALUE

    def named(self, value: Value, node: flow.Bind) -> Value:
        """Give a constant or variable of unknown value a name, so that tests of it can be compared."""
        frame = self.frame
        if type(value) is Unknown and not value.origin and (frame.function is None or self.outside_serving()):
            for target in node.targets:
                if isinstance(target, flow.Name):
                    if frame.function is None:
                        return Unknown(value.hint, f"{frame.file}:{target.id}", value.package)
                    frame.bindings[target.id] = frame.bindings.get(target.id, 0) + 1
                    return Unknown(value.hint, self.value_name(target.id), value.package)
        if type(value) is Test and not (value.when_true and value.when_false) and frame.function is None:
            names = [target.id for target in node.targets if isinstance(target, flow.Name)]
            whole = named_test(f"{frame.file}:{names[0]}") if names else Test()
            return Test(value.when_true + whole.when_true, value.when_false + whole.when_false)
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

        if isinstance(old, ListValue) and node.op == "+":
            self.list_method(old.number, "extend", (value,))
            return
        if isinstance(old, DictValue) and node.op == "|":
            self.update_dict(old.number, value)
            return
        self.augmenting = True
        self.assign(node.target, UNKNOWN, path)
        self.augmenting = False

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
        parts = self.unpacked(value, len(targets))
        if parts is not None:
            for target, part in zip(targets, parts, strict=True):
                self.assign(target, part, path)
            return
        for target in targets:
            hint = f"{EACH}{target.id}" if isinstance(target, flow.Name) else ""
            self.assign(target, Unknown(hint), path)

    def set_name(self, name: str, value: Value, path: Path) -> None:
        frame = self.frame
        function = frame.function
        if function is not None and name not in function.locals:
            self.set_outer(name, value, path)
            return
        frame.bindings[name] = frame.bindings.get(name, 0) + 1
        path.bind(name, value)
        self.unsettled = self.unsettled or bool(self.raising and name in self.raising[-1].flags)
        if function is not None and function.nested:
            variables = self.scopes[frame.scope].variables
            known = variables.get(name)
            variables[name] = value if known is None or known == value else join(known, value)

    def set_outer(self, name: str, value: Value, path: Path) -> None:
        """Bind a ``global`` or ``nonlocal`` name."""
        for scoped in self.enclosing(self.frame):
            if name in scoped.variables:
                scoped.variables[name] = join(scoped.variables[name], value)
                scoped.rebound.add(name)
                return
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
                if spec is not None and spec.yielded == name:
                    return
                if spec is not None and name in spec.assigned:
                    self.replace_code(owner, spec.assigned[name], value, at, path)
                    return
                if spec is not None and self.is_member(owner, spec, name):
                    self.write(self.part(owner, MEMBERS), name, value, at, path)
                self.put_attribute(owner, name, value)
                self.switch(owner, name, value, path)
            case ModuleValue(file=file):
                self.global_writes[(file, name)] = value
            case ClassValue(file=file, index=index):
                self.keep(self.class_attributes, (file, index, name), value)
            case Literal(value=None):
                path.dead = True
            case _:
                self.hand_container(value)

    def switch(self, owner: Object, name: str, value: Value, path: Path) -> None:
        """Note that a setting is on or off from here on: what was only there if it was so is no longer."""
        if owner.cls is None or not isinstance(value, Literal) or not isinstance(value.value, bool):
            return
        fact = (self.class_origin(owner.cls, name), value.value)
        if self.phase is Phase.SERVING or fact in path.facts or not self.is_switched(owner.cls, name, value):
            return
        doubtful = [(key, cell) for key, cell in path.store.items() if _hangs_on(cell, fact[0])]
        self.frame.consulted.add(fact[0])
        self.frame.touched.update(key for key, _ in doubtful)
        path.put_all((key, cell._replace(clauses=frozenset())) for key, cell in doubtful)
        path.facts = replaced(path.facts, frozenset({fact}))

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
        several = [self.as_holder(each) for each in options(single(plain(owner)))]
        for each in several:
            if len(several) == 1 or isinstance(each, (Holder, StateDict)):
                self.set_one_item(each, plain(index), value, at, path)

    def set_one_item(self, owner: Value, name: Value, value: Value, at: At, path: Path) -> None:
        match owner:
            case Holder(owner=application) | StateDict(owner=application):
                names = literal_names(name)
                if names is None:
                    self.dynamic(application, at, writes=True)
                for each in names or ():
                    self.write(application, each, value, at, path, weak=len(names or ()) > 1)
            case Literal(value=None):
                path.dead = True
            case DictValue(number=number):
                self.note_kept((value,))
                self.put_item(number, name, value)
            case ListValue():
                self.hand_container(owner)
            case Object(cls=cls) if cls is not None:
                method = self.method(cls, "__setitem__")
                if method is not None:
                    bound = FunctionValue(method.file, method.index, method.scope, owner)
                    self.invoke(bound, (name, value), (), path, at)

    def deleted(self, node: flow.Delete, path: Path) -> None:
        for target in node.targets:
            match target:
                case flow.Attr(value=owner_expr, name=name, at=at):
                    for owner in options(single(plain(self.evaluate(owner_expr, path)))):
                        if isinstance(owner, Holder):
                            self.delete(owner.owner, name, at, path)
                case flow.Item(value=owner_expr, index=index, at=at):
                    owners = [self.as_holder(each) for each in options(single(plain(self.evaluate(owner_expr, path))))]
                    key = plain(self.evaluate(index, path))
                    for owner in owners:
                        if (
                            isinstance(owner, (Holder, StateDict))
                            and isinstance(key, Literal)
                            and isinstance(key.value, str)
                        ):
                            self.delete(owner.owner, key.value, at, path)
                case flow.Name(id=name):
                    path.variables().pop(name, None)


def _hangs_on(cell: Cell, condition: str) -> bool:
    """Tell whether a component is there if a condition holds, or does not."""
    return any(name == condition for clause in cell.clauses for name, _ in clause)


def _adds_to(target: Expr, value: Expr) -> bool:
    """Tell whether a value is what the target holds, and something more: ``s.n = s.n + 1``."""
    if not isinstance(value, flow.Binary):
        return False
    while isinstance(value, flow.Binary):
        value = value.left
    return _is_same(target, value)


def _is_same(first: Expr, second: Expr) -> bool:
    """Tell whether two expressions are one name, or the same attributes and items of one."""
    match first, second:
        case flow.Name(id=name), flow.Name(id=other):
            return name == other
        case flow.Attr(value=owner, name=name), flow.Attr(value=of, name=other):
            return name == other and _is_same(owner, of)
        case flow.Item(value=owner, index=index), flow.Item(value=of, index=by):
            return (index == by or _is_same(index, by)) and _is_same(owner, of)
    return False
