"""Expressions on abstract values: names, attributes, items, tables, tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Expr
from appstate_lint.frameworks import FrameworkClass
from appstate_lint.model import Phase
from appstate_lint.project import Symbol
from appstate_lint.timeline.components import MEMBERS, condition_of, one_component, truth_of
from appstate_lint.timeline.heap import Env, Path, elsewhere, merge, single
from appstate_lint.timeline.parts import Parts
from appstate_lint.timeline.presence import ABSENT, LOCAL, NONE, VALUE, Fact, Facts, is_about
from appstate_lint.timeline.values import (
    APPLICATION,
    EACH,
    MISSING_NAME,
    SCOPE,
    UNKNOWN,
    AnyOf,
    Chain,
    ClassValue,
    DictValue,
    External,
    FunctionValue,
    Holder,
    Invocation,
    ListValue,
    Literal,
    Loaded,
    Member,
    ModuleValue,
    Narrow,
    Object,
    Scope,
    StateDict,
    Test,
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

MOST_ITEMS = 200
MAPPING_METHODS = frozenset(dir(dict))
_DATA_CLASSES = frozenset({"dataclass", "define", "frozen", "mutable"})
"""Decorators that make a class one whose fields are its attributes."""


class Expressions(Parts):
    """Evaluates expressions; what they read and write is written down on the way."""

    _evaluators: ClassVar[dict[type, Callable[[Any, Any, Path], Value]]]

    def __init_subclass__(cls) -> None:
        """Look the methods that evaluate up once for each class: some are those of a class further down."""
        cls._evaluators = {kind: getattr(cls, name) for kind, name in _EVALUATORS.items() if hasattr(cls, name)}

    def evaluate(self, expr: Expr, path: Path) -> Value:
        """Return the value of an expression on ``path``, which goes on as the expression leaves it."""
        return self._evaluators[type(expr)](self, expr, path)

    def constant(self, expr: flow.Const, path: Path) -> Value:
        return Literal(expr.value)

    def opaque(self, expr: flow.Opaque, path: Path) -> Value:
        for part in expr.parts:
            self.evaluate(part, path)
        return UNKNOWN

    def variable(self, expr: flow.Name, path: Path) -> Value:
        return self.find(expr.id, path)

    # ------------------------------------------------------------ attributes

    def attribute_of(self, expr: flow.Attr, path: Path) -> Value:
        owner = self.evaluate(expr.value, path)
        return self.attribute(owner, expr.name, path, expr.at)

    def attribute(self, owner: Value, name: str, path: Path, at: At) -> Value:
        """Return the attribute ``name`` of a value; of a holder, that reads a component."""
        found: Value | None = None
        self.use(owner)
        if isinstance(owner, Loaded) and plain(owner) == NONE_VALUE:
            return Unknown(name)
        several = options(plain(owner))
        for option in several:
            if option == NONE_VALUE and len(several) > 1:
                continue
            value = self.one_attribute(option, name, path, at)
            found = value if found is None else join(found, value)
        return found if found is not None else UNKNOWN

    def one_attribute(self, owner: Value, name: str, path: Path, at: At) -> Value:
        match owner:
            case Holder(owner=application):
                if name in self.tables.state_dicts:
                    return StateDict(application)
                if name.startswith("__") or (name in MAPPING_METHODS and self.is_mapping(application)):
                    return Member(owner, name)
                return self.read(application, name, at, path)
            case Object():
                return self.object_attribute(owner, name, path, at)
            case ModuleValue(file=file):
                return self.module_attribute(file, name)
            case External(name=dotted):
                return External(f"{dotted}.{name}")
            case ClassValue():
                return self.class_attribute(owner, name, path, at)
            case Literal(value=None):
                path.dead = True
                return UNKNOWN
            case Literal() if name == "value":
                return owner
            case Member(owner=Member(owner=Object() as application), name=of) if (
                of == EACH and name in self.tables.leads
            ):
                return join_all(list(self.mounted(application)) or [UNKNOWN])
            case Member(name=lead) if lead in self.tables.leads and name in self.tables.holders:
                return self.unknown_attribute(owner, APPLICATION, "", name, path, at)
            case Unknown(hint=hint, origin=origin):
                return self.unknown_attribute(owner, hint, origin, name, path, at)
            case Invocation(kind="super", function=instance, args=(ClassValue() as cls,)):
                return self.parent_attribute(instance, cls, name, path, at)
            case (
                StateDict()
                | Scope()
                | Chain()
                | Invocation()
                | FunctionValue()
                | Literal()
                | Member()
                | ListValue()
                | DictValue()
                | TupleValue()
            ):
                return Member(owner, name)
        return Unknown(name)

    def unknown_attribute(self, owner: Value, hint: str, origin: str, name: str, path: Path, at: At) -> Value:
        """Return an attribute of something unknown: the holder of what is called like an application is its state."""
        if name in self.tables.holders and self.is_called_application(hint):
            if origin.startswith(MISSING_NAME):
                self.note_missing(origin, at)
            application = self.the_application()
            spec = self.spec(application)
            if spec is None or spec.holder == name:
                return Holder(application) if isinstance(application, Object) else Holder(_NOWHERE)
        if name in self.tables.leads:
            if hint in self.tables.requests and self.is_item_holder(self.the_application()):
                return self.the_application()
            return Unknown(f"self.{name}" if hint == "self" else APPLICATION)
        if name in self.tables.chains:
            return self.chain()
        if self.living is None and name in self.tables.stores and self.is_called_application(hint):
            return StateDict(_NOWHERE)
        if self.is_called_application(hint) and not hint.startswith(EACH):
            application = self.the_application()
            spec = self.spec(application)
            held = spec is not None and (spec.items or spec.members or name in spec.stores)
            if isinstance(application, Object) and held:
                return self.one_attribute(application, name, path, at)
        if hint in self.tables.scopes and name == "get":
            return Unknown(name, SCOPE)
        return Unknown(name, f"{origin}.{name}" if origin and not origin.startswith(MISSING_NAME) else "")

    def as_holder(self, value: Value, key: str = "") -> Value:
        """Return the state that a value is: an application whose items are components is a holder itself.

        So is something unknown that is called like one, where the running application is of that kind: the nearest
        of those that live together which ever has the component ``key``. That goes for a chain, too.
        """
        if isinstance(value, Chain):
            return self.nearest(value.owners, key, value.owners[-1])
        if self.is_request(value) and self.living is not None and self.is_item_holder(self.living):
            return self.yielded_state()
        called = isinstance(value, Unknown) and not value.hint.startswith(EACH)
        if isinstance(value, Unknown) and called and self.is_called_application(value.hint):
            value = self.the_application()
            if self.living is None and not isinstance(value, Object) and self.mentions.shapes.items:
                return Holder(_NOWHERE)
            if isinstance(value, Object) and self.is_item_holder(value):
                return self.nearest(tuple(self.living_together(value)), key, value)
            return value
        return Holder(value) if isinstance(value, Object) and self.is_item_holder(value) else value

    def is_request(self, value: Value) -> bool:
        """Tell whether a value is a request, or something unknown that is called as they customarily are."""
        if isinstance(value, Unknown):
            return value.hint in self.tables.requests and not value.origin
        return self.kind(value) == "request"

    def is_item_holder(self, value: Value) -> bool:
        """Tell whether the items of a value are components."""
        spec = self.spec(value)
        return spec is not None and spec.items

    def nearest(self, owners: tuple[Object, ...], key: str, default: Object) -> Holder:
        """Return the first of several applications that ever has the component ``key``."""
        known = (each for each in map(self.canonical, owners) if self.component_known((each.site, key)))
        return Holder(next(known, self.canonical(default)))

    def living_together(self, application: Object) -> Iterator[Object]:
        """Yield an application, the one whose life it is, and those that this one mounts."""
        yield application
        if self.living is not None:
            yield self.living
            yield from self.mounted(self.living)

    def is_called_application(self, name: str) -> bool:
        """Tell whether something unknown is called as applications customarily are."""
        return name == APPLICATION or name.removeprefix(EACH) in self.tables.variables

    def chain(self) -> Value:
        """Return the components of the running application and of the one whose life it is."""
        owners = (self.application, self.living)
        known = tuple(dict.fromkeys(each for each in owners if each is not None))
        return Chain(known) if known else Unknown(APPLICATION)

    def note_missing(self, origin: str, at: At) -> None:
        """Note that an application was imported under a name that its module does not define."""
        _, file, name = origin.split(":", 2)
        if not self.muted and not self.project.has_unseen_names(file):
            self.records.unresolved[self.place(at)] = (file, name, self.frame.file)

    def module_attribute(self, file: str, name: str) -> Value:
        if self.project.lookup(file, name) is None:
            inner = self.project.submodule(file, name)
            if inner is not None:
                return ModuleValue(inner)
        return self.symbol_value(self.project.attribute(_module(file), name), name)

    def is_mapping(self, owner: Object) -> bool:
        """Tell whether the state of an application has the methods of a mapping."""
        spec = self.spec(owner) or self.spec(self.the_application())
        return spec is not None and spec.mapping

    def object_attribute(self, owner: Object, name: str, path: Path, at: At) -> Value:
        spec = self.spec(owner)
        if spec is not None:
            if spec.holder == name:
                return Holder(self.canonical(owner))
            if name in spec.itself:
                return owner
            code = self.registered(owner, spec.assigned[name]) if name in spec.assigned else ()
            if code:
                return join_all(code)
            if name in spec.lists or spec.method(name) is not None:
                return Member(owner, name)
            if name in spec.application:
                return self.the_application()
            if name in spec.parts:
                return Object(owner.site, None, spec.parts[name])
            if name in spec.chain:
                return self.chain()
            if name in spec.stores:
                return StateDict(self.part(owner, name))
            if name in spec.scope:
                return Scope()
            if name == spec.yielded:
                return self.yielded_state()
            if name in spec.attributes:
                return Object(f"any {name}", None, self.named_kind(spec.attributes[name]))
        if spec is not None and self.is_member(owner, spec, name):
            return self.read(self.part(owner, MEMBERS), name, at, path)
        if name == "__dict__":
            return self.attributes_by_name(owner, path, at)
        known = self.get_attribute(owner, name)
        if owner.cls is not None:
            method = self.method(owner.cls, name)
            if method is not None:
                return self.bound(method, owner, path, at)
            if known is None:
                return self.inherited(owner, owner.cls, name, path, at)
        if known is not None:
            if owner.cls is not None and isinstance(known, Literal) and self.is_switched(owner.cls, name, known):
                return Unknown(name, self.class_origin(owner.cls, name))
            return elsewhere(known, name)
        if spec is not None and spec.kind == "request":
            return Unknown(f"request.{name}")
        if owner.external:
            return Member(owner, name)
        return self.unknown_attribute(owner, "", "", name, path, at)

    def attributes_by_name(self, owner: Object, path: Path, at: At) -> Value:
        """Return the attributes of an object as a dict: only those of a data class are known."""
        if owner.cls is None or not self.is_data_class(owner.cls):
            return Member(owner, "__dict__")
        number = self.number(("attributes", owner.site))
        for name in self.fields(owner.cls):
            self.put_item(number, Literal(name), self.object_attribute(owner, name, path, at))
        return DictValue(number)

    def is_data_class(self, cls: ClassValue) -> bool:
        """Tell whether the attributes of an object are the fields that its class declares, and no others."""
        decorators = (each for base in self.bases(cls) for each in self.project.cls(base.file, base.index).decorators)
        return not (self.unseen_bases(cls) or _DATA_CLASSES.isdisjoint(map(_last, decorators)))

    def is_switched(self, cls: ClassValue, name: str, value: Literal) -> bool:
        """Tell whether some code sets an attribute to another constant than the class, or an unseen base, gives it."""
        default = next((env[name] for base in self.bases(cls) if name in (env := self.class_env(base))), None)
        if default is not None and self.unseen_bases(cls) and self.is_field(default):
            return True
        return isinstance(default, Literal) and default not in (value, NONE_VALUE)

    def part(self, owner: Object, name: str) -> Object:
        """Return what owns the components of a part of an application."""
        return Object(f"{self.canonical(owner).site}/{name}")

    def is_member(self, owner: Object, spec: FrameworkClass, name: str) -> bool:
        """Tell whether an attribute of an application is a component if some code sets it."""
        if not spec.members or name in spec.own or name.startswith("_") or spec.method(name) is not None:
            return False
        return owner.cls is None or (self.method(owner.cls, name) is None and not self.has_field(owner.cls, name))

    def has_field(self, cls: ClassValue, name: str) -> bool:
        """Tell whether the body of a class, or of a base, binds a name."""
        return any(name in self.class_env(base) for base in self.bases(cls))

    def parent_attribute(self, owner: Value, after: ClassValue, name: str, path: Path, at: At) -> Value:
        """Return ``super().name``."""
        cls = owner.cls if isinstance(owner, Object) else owner
        if isinstance(cls, ClassValue):
            method = self.method(cls, name, after)
            if method is not None:
                return self.bound(method, owner, path, at)
        return Member(owner, name)

    def named_kind(self, kind: str) -> str:
        """Return a class that the tables know under the word ``kind``."""
        return next((name for name, spec in self.tables.classes.items() if spec.kind == kind), "")

    def inherited(self, owner: Object, cls: ClassValue, name: str, path: Path, at: At) -> Value:
        """Return an attribute that only the class body (or what it annotates) tells of."""
        for base in self.bases(cls):
            env = self.class_env(base)
            if name in env:
                if self.unseen_bases(cls) and self.is_field(env[name]):
                    return Unknown(name, self.class_origin(cls, name))
                return elsewhere(env[name], name)
        if self.external_base(cls):
            return Member(owner, name) if name not in self.tables.leads else Unknown(APPLICATION)
        return self.unknown_attribute(owner, name, self.class_origin(cls, "")[:-1], name, path, at)

    def is_field(self, default: Value) -> bool:
        """Tell whether a value in a class body may stand for another: a default, or what an unseen base makes of it."""
        if isinstance(default, Object):
            return default.cls is None and not self.kind(default)
        return isinstance(default, Literal)

    def class_origin(self, cls: ClassValue, name: str) -> str:
        """Return the name of a condition on an attribute of a class's instances."""
        return f"{self.project.cls(cls.file, cls.index).qualname}.{name}"

    def bound(self, method: FunctionValue, owner: Value, path: Path, at: At) -> Value:
        """Return a method bound to its object; a property is called."""
        function = self.project.function(method.file, method.index)
        marks = {_last(decorator) for decorator in function.decorators}
        if "staticmethod" in marks:
            return method
        target = owner
        if "classmethod" in marks and isinstance(owner, Object) and owner.cls is not None:
            target = owner.cls
        value = FunctionValue(method.file, method.index, method.scope, target)
        if marks & _PROPERTIES:
            return self.invoke(value, (), (), path, at)
        return value

    def class_attribute(self, cls: ClassValue, name: str, path: Path, at: At) -> Value:
        method = self.method(cls, name)
        if method is not None:
            marks = {_last(decorator) for decorator in self.project.function(method.file, method.index).decorators}
            return self.bound(method, cls, path, at) if "classmethod" in marks else method
        if name == "__new__":
            return Member(cls, name)
        spec = self.tables.classes.get(self.external_base(cls))
        if spec is not None and name in spec.views:
            return Invocation("constant", cls, (), ())
        for base in self.bases(cls):
            env = self.class_env(base)
            if name in env:
                set_later = self.kept(self.class_attributes, (base.file, base.index, name))
                return elsewhere(env[name] if set_later is None else join(env[name], set_later), name)
        wide = self.kept(self.class_attributes, (cls.file, cls.index, name))
        return wide if wide is not None else Unknown(name, self.class_origin(cls, name))

    # ------------------------------------------------------------ items

    def item_of(self, expr: flow.Item, path: Path) -> Value:
        owner = self.evaluate(expr.value, path)
        index = self.evaluate(expr.index, path)
        self.use(owner)
        return self.item(owner, index, path, expr.at)

    def item(self, owner: Value, index: Value, path: Path, at: At) -> Value:
        """Return ``owner[index]``; of a holder, that reads a component, of one of several in each."""
        several, name = options(single(plain(owner))), plain(index)
        if len(several) == 1:
            return self.one_item(several[0], name, path, at)
        key = str(name.value) if isinstance(name, Literal) else ""
        holders = [each for each in several if isinstance(self.as_holder(each, key), (Holder, StateDict))]
        found = [self.one_item(each, name, path, at) for each in holders]
        return join_all(found if len(holders) == len(several) else [*found, UNKNOWN])

    def one_item(self, owner: Value, name: Value, path: Path, at: At) -> Value:
        constant = name.value if isinstance(name, Literal) else None
        owner = self.as_holder(owner, str(constant))
        match owner:
            case Holder(owner=application) | StateDict(owner=application):
                if isinstance(owner, StateDict) and constant in self.tables.state_dicts:
                    return owner
                names = literal_names(name)
                if names is None:
                    self.dynamic(application, at, writes=False)
                    return UNKNOWN
                return self.each_name(names, lambda each: self.read_item(application, each, at, path))
            case Scope():
                return self.scope_item(constant)
            case TupleValue(items=items):
                if isinstance(constant, int) and -len(items) <= constant < len(items):
                    return items[constant]
                return join_all(items)
            case ListValue(number=number):
                return join_all(self.list_cell(number).items)
            case DictValue(number=number):
                return self.dict_item(number, name)
            case Unknown(hint=hint, origin=origin):
                if hint in self.tables.scopes and self.tables.scope_items.get(str(constant)) == "application":
                    return self.the_application()
                return Unknown(str(constant), f"{origin}[{constant}]" if origin and constant is not None else "")
            case External(name=dotted):
                return owner if constant is None else Unknown(str(constant), f"{dotted}[{constant}]")
            case ClassValue():
                return owner
            case Literal(value=None):
                path.dead = True
        return UNKNOWN

    def scope_item(self, name: object) -> Value:
        """Return an item of the scope of a request."""
        match self.tables.scope_items.get(str(name)):
            case "application":
                return self.the_application()
            case "yielded":
                return self.yielded_state()
        return Unknown(str(name))

    def dict_item(self, number: int, name: Value) -> Value:
        cell = self.dict_cell(number)
        if isinstance(name, Literal):
            if name.value in cell.items:
                return cell.items[name.value]
            return cell.rest if cell.rest is not None else Unknown(str(name.value))
        return join_all([*cell.items.values(), *([cell.rest] if cell.rest is not None else [])])

    def each_name(self, names: tuple[str, ...], act: Callable[[str], Value]) -> Value:
        """Join what ``act`` gives for each name."""
        return join_all([act(name) for name in names])

    # ------------------------------------------------------------ displays

    def sequence(self, expr: flow.Sequence, path: Path) -> Value:
        items = self.spread(expr.items, path)
        if expr.kind == "tuple":
            return TupleValue(items) if items is not None else UNKNOWN
        number = self.number(("list", self.site(expr.at)))
        cell = self.list_cell(number)
        cell.display = True
        if items is None:
            cell.open = True
        else:
            for item in items:
                if item not in cell.items:
                    cell.items.append(item)
        return ListValue(number)

    def spread(self, exprs: tuple[Expr, ...], path: Path) -> tuple[Value, ...] | None:
        """Return the values of a display or argument list, starred ones unpacked; ``None`` if one is not known."""
        values: list[Value] = []
        known = True
        for expr in exprs:
            if isinstance(expr, flow.Star):
                inner = self.members(self.evaluate(expr.value, path))
                if inner is None:
                    known = False
                else:
                    values.extend(inner)
            else:
                values.append(self.evaluate(expr, path))
        return tuple(values) if known else None

    def members(self, value: Value) -> tuple[Value, ...] | None:
        """Return what iterating over a value gives, in order; ``None`` if that is not known."""
        value = single(plain(value))
        match value:
            case TupleValue(items=items):
                return items
            case ListValue(number=number):
                cell = self.list_cell(number)
                return None if cell.open else tuple(cell.items)
            case DictValue(number=number):
                table = self.dict_cell(number)
                return None if table.open or table.rest else tuple(Literal(key) for key in table.items)
            case AnyOf(options=several):
                found: dict[Value, None] = {}
                for option in several:
                    inner = self.members(option)
                    if inner is None:
                        return None
                    found.update(dict.fromkeys(inner))
                return tuple(found)
            case Object(cls=cls) if cls is not None and self.is_named_tuple(cls):
                return tuple(self.get_attribute(value, name) or UNKNOWN for name in self.fields(cls))
            case ClassValue():
                env = self.class_env(value)
                return (
                    tuple(each for name, each in env.items() if not name.startswith("_") and isinstance(each, Literal))
                    or None
                )
        return None

    def is_named_tuple(self, cls: ClassValue) -> bool:
        """Tell whether the instances of a class can be unpacked into their fields."""
        return any(symbol.name.endswith("NamedTuple") for symbol in self.project.mro(cls.file, cls.index))

    def fields(self, cls: ClassValue) -> list[str]:
        """Return the annotated fields of a class and its bases, in the order of a data class's constructor."""
        found: list[str] = []
        for base in reversed(list(self.bases(cls))):
            for statement in self.project.cls(base.file, base.index).body:
                if isinstance(statement, flow.Bind) and statement.annotation is not None:
                    found.extend(target.id for target in statement.targets if isinstance(target, flow.Name))
        return found

    def mapping(self, expr: flow.Mapping, path: Path) -> Value:
        number = self.number(("dict", self.site(expr.at)))
        cell = self.dict_cell(number)
        cell.display = True
        for key, value_expr in expr.items:
            if key is None:
                whole = self.evaluate(value_expr, path)
                self.use(whole)
                self.update_dict(number, whole)
                continue
            name, value = plain(self.evaluate(key, path)), self.evaluate(value_expr, path)
            self.put_item(cell_number=number, name=name, value=value)
        return DictValue(number)

    def put_item(self, cell_number: int, name: Value, value: Value) -> None:
        """Join ``value`` into an entry of a dict."""
        cell = self.dict_cell(cell_number)
        for option in options(name):
            if isinstance(option, Literal):
                known = cell.items.get(option.value)
                cell.items[option.value] = value if known is None else join(known, value)
            else:
                cell.rest = value if cell.rest is None else join(cell.rest, value)

    def update_dict(self, number: int, source: Value) -> None:
        """Merge a dict into another."""
        source = single(plain(source))
        cell = self.dict_cell(number)
        for option in options(source):
            if isinstance(option, DictValue):
                other = self.dict_cell(option.number)
                for key, value in list(other.items.items()):
                    self.put_item(number, Literal(key), value)
                if other.rest is not None:
                    cell.rest = other.rest if cell.rest is None else join(cell.rest, other.rest)
                cell.open = cell.open or other.open
            else:
                cell.open = True

    def comprehension(self, expr: flow.Comprehension, path: Path) -> Value:
        inner = path.fork()
        is_dict = expr.kind == "dict"
        number = self.number(("dict" if is_dict else "list", self.site(expr.at), "comprehension"))
        self.conditional += 1
        self.clause(expr, 0, inner, number)
        self.conditional -= 1
        path.store, path.dead = inner.store, path.dead
        return DictValue(number) if is_dict else ListValue(number)

    def clause(self, expr: flow.Comprehension, depth: int, path: Path, number: int) -> None:
        """Run one ``for`` of a comprehension and what is inside it."""
        if depth == len(expr.clauses):
            value = self.evaluate(expr.value, path)
            if expr.key is not None:
                self.put_item(number, plain(self.evaluate(expr.key, path)), value)
            elif value not in self.list_cell(number).items and len(self.list_cell(number).items) < MOST_ITEMS:
                self.list_cell(number).items.append(value)
            return
        target, iterable, tests = expr.clauses[depth]
        source = self.evaluate(iterable, path)
        self.use(source)
        items = self.members(source)
        known = items is not None
        if items is None:
            if expr.key is None:
                self.list_cell(number).open = True
            else:
                self.dict_cell(number).open = True
            items = (self.element(source),)
        for each in items[:MOST_ITEMS]:
            once = path.fork()
            self.bind_local(target, each, once)
            alive: Path | None = once
            skipped: Path | None = None if known else path
            for test in tests:
                if alive is not None:
                    alive, no = self.branch(test, alive)
                    skipped = merge(skipped, no)
            if alive is not None and not alive.dead:
                self.clause(expr, depth + 1, alive, number)
            path.become(merge(alive, skipped))

    def bind_local(self, target: Expr, value: Value, path: Path) -> None:
        """Bind the variables of a comprehension, which are its own."""
        match target:
            case flow.Name(id=name):
                path.bind(name, value)
            case flow.Sequence(items=items):
                members = self.members(value)
                known = members is not None and len(members) == len(items)
                for index, item in enumerate(items):
                    self.bind_local(item, members[index] if known and members is not None else UNKNOWN, path)
            case flow.Star(value=inner):
                self.bind_local(inner, UNKNOWN, path)

    def element(self, source: Value) -> Value:
        """Return one element of something whose elements are not all known."""
        source = plain(source)
        match source:
            case ListValue(number=number):
                return join_all(self.list_cell(number).items)
            case DictValue(number=number):
                return UNKNOWN
            case Member(owner=DictValue(number=number)):
                return UNKNOWN
            case Member(owner=Object() as owner, name=name) if self.lists_routes(owner, name):
                return Member(source, EACH)
        return UNKNOWN

    def lists_routes(self, owner: Object, name: str) -> bool:
        """Tell whether an attribute of an application lists its routes: what is mounted is the ``app`` of one."""
        spec = self.spec(owner)
        return spec is not None and spec.kind == "application" and spec.lists.get(name) == "route"

    # ------------------------------------------------------------ text

    def text(self, expr: flow.Text, path: Path) -> Value:
        parts: list[str] = []
        for part in expr.parts:
            value = plain(self.evaluate(part, path))
            if not isinstance(value, Literal) or not isinstance(value.value, (str, int)):
                parts = []
                return self.rest_of_text(expr, part, path)
            parts.append(str(value.value))
        return Literal("".join(parts))

    def rest_of_text(self, expr: flow.Text, after: Expr, path: Path) -> Value:
        """Evaluate what follows a part that is not constant, for what it reads."""
        for part in expr.parts[expr.parts.index(after) + 1 :]:
            self.evaluate(part, path)
        return UNKNOWN

    def binary(self, expr: flow.Binary, path: Path) -> Value:
        operands = self.evaluate(expr.left, path), self.evaluate(expr.right, path)
        for each in operands:
            self.use(each)
        left, right = map(plain, operands)
        match left, right:
            case Literal(value=str(first)), Literal(value=str(second)) if expr.op == "+":
                return Literal(first + second)
            case Literal(value=str(first)), Literal(value=second) if expr.op == "%" and first.count("%") == 1:
                return Literal(first.replace("%s", str(second)))
            case TupleValue(items=first), TupleValue(items=second) if expr.op == "+":
                return TupleValue(first + second)
            case ((ListValue() | TupleValue()), (ListValue() | TupleValue())) if expr.op == "+":
                return self.joined_list(left, right)
            case DictValue(), DictValue() if expr.op == "|":
                number = self.number(("union", left.number, right.number))
                self.update_dict(number, left)
                self.update_dict(number, right)
                return DictValue(number)
        return UNKNOWN

    def joined_list(self, left: Value, right: Value) -> Value:
        number = self.number(("sum", left, right))
        cell = self.list_cell(number)
        for side in (left, right):
            members = self.members(side)
            if members is None:
                cell.open = True
            for member in members or ():
                if member not in cell.items:
                    cell.items.append(member)
        return ListValue(number)

    def lambda_(self, expr: flow.Lambda, path: Path) -> Value:
        return FunctionValue(self.frame.file, expr.function, self.closure(path))

    def closure(self, path: Path) -> int:
        """Return the number of the variables that functions made here close over."""
        return self.frame.scope if self.frame.function is not None else 0

    # ------------------------------------------------------------ tests

    def branch(self, expr: Expr, path: Path) -> tuple[Path | None, Path | None]:
        """Evaluate a test; return the path on which it is true and the one on which it is false."""
        match expr:
            case flow.Not(value=value):
                yes, no = self.branch(value, path)
                return no, yes
            case flow.Bool(op=op, values=values):
                return self.branch_all(op, values, path)
            case flow.Walrus(target=target, value=value):
                result = self.evaluate(value, path)
                self.assign(target, result, path)
                return self.split(result, path)
        tested = self.evaluate(expr, path)
        before = path.facts
        yes, no = self.split(tested, path)
        condition = self.of_variable(expr)
        if condition and yes is not None and no is not None and yes.facts == no.facts == before:
            return self.hold(yes, condition, True), self.hold(no, condition, False)
        return yes, no

    def of_variable(self, expr: Expr) -> str:
        """Return the condition that a variable's value is true, or is ``None``; empty for other expressions.

        Not while serving: elsewhere readers often stand under the condition of the write in one function.
        """
        if not self.outside_serving():
            return ""
        match expr:
            case flow.Name(id=name):
                return self.value_name(name)
            case flow.Compare(op="is", left=flow.Name(id=name), right=flow.Const(value=None)):
                return f"{self.value_name(name)} is None"
        return ""

    def value_name(self, name: str) -> str:
        """Return a name for the value that a variable of the running function has got last."""
        frame = self.frame
        return f"{LOCAL}{frame.file}:{frame.index}:{name}#{frame.bindings.get(name, 0)}"

    def outside_serving(self) -> bool:
        """Tell whether a function runs before the service serves, or after it has."""
        return self.frame.function is not None and self.phase is not Phase.SERVING

    def branch_all(self, op: str, values: tuple[Expr, ...], path: Path) -> tuple[Path | None, Path | None]:
        going: Path | None = path
        left: Path | None = None
        known = path.facts
        stable = True
        for value in values:
            if going is None or going.dead:
                break
            before = going.facts
            yes, no = self.branch(value, going)
            going, leaving = (yes, no) if op == "and" else (no, yes)
            left = merge(left, leaving)
            stable = stable and going is not None and any(not is_about(name) for name, _ in going.facts - before)
        if stable:
            self.name_whole(known, going, left)
        return (going, left) if op == "and" else (left, going)

    def name_whole(self, known: Facts, going: Path | None, left: Path | None) -> None:
        """Give the whole of an ``and`` (or of a negated ``or``) a name: its opposite holds where it ended early."""
        new = self.basic(going.facts, going.facts - known) if going is not None else ()
        parts = sorted(each for each in new if not is_about(each[0]))
        if len(parts) < 2 or going is None:
            return
        name = " and ".join(condition if truth else f"not {condition}" for condition, truth in parts)
        if name not in self.parts_of_whole:
            self.parts_of_whole[name] = frozenset(parts)
            for condition, _ in parts:
                self.wholes.setdefault(condition, []).append(name)
        self.hold(going, name, True)
        if left is not None:
            self.hold(left, name, False)

    def basic(self, known: Facts, new: Facts) -> Iterator[Fact]:
        """Yield the ``new`` facts that do not follow from others: wholes of wholes would grow without end."""
        for name, truth in new:
            parts = self.parts_of_whole.get(name)
            if parts is None or not (
                parts <= known if truth else any((each, not held) in known for each, held in parts)
            ):
                yield name, truth

    def split(self, value: Value, path: Path) -> tuple[Path | None, Path | None]:
        """Return ``path`` where ``value`` is true, and where it is false."""
        if path.dead:
            return None, None
        other = path.fork()
        return self.suppose(path, value, True), self.suppose(other, value, False)

    def boolean(self, expr: flow.Bool, path: Path) -> Value:
        """Evaluate ``and``/``or`` for its value."""
        going: Path | None = path.fork()
        left: Path | None = None
        result: Value | None = None
        tests: list[Value] = []
        for index, part in enumerate(expr.values):
            if going is None or going.dead:
                break
            value = self.evaluate(part, going)
            tests.append(value)
            if index == len(expr.values) - 1:
                left = merge(left, going)
                result = value if result is None else join(result, value)
                break
            yes, no = self.split(value, going)
            going, leaving = (yes, no) if expr.op == "and" else (no, yes)
            if leaving is not None:
                kept = _when_leaving(value, expr.op)
                if kept is not None:
                    result = kept if result is None else join(result, kept)
            left = merge(left, leaving)
        path.become(left)
        combined = _combine(expr.op, tests)
        return combined if combined is not None else (result if result is not None else UNKNOWN)

    def negation(self, expr: flow.Not, path: Path) -> Value:
        value = self.evaluate(expr.value, path)
        test = as_test(value)
        if test is not None:
            return Test(test.when_false, test.when_true)
        known = truth_of(value)
        return Literal(not known) if known is not None else UNKNOWN

    def compare(self, expr: flow.Compare, path: Path) -> Value:
        left, right = self.evaluate(expr.left, path), self.evaluate(expr.right, path)
        if path.dead:
            return UNKNOWN
        self.use(left)
        op = expr.op
        if op in ("in", "not in"):
            self.use(right)
            if self.is_first_start(left, expr):
                return Literal(op == "not in")
            return self.contains(left, right, op == "in", path, expr.at)
        if op in ("is", "is not", "==", "!="):
            positive = op in ("is", "==")
            test: Value | None
            if right == NONE_VALUE or left == NONE_VALUE:
                test = none_test(left if right == NONE_VALUE else right)
            elif isinstance(plain(right), Literal) and isinstance(plain(left), Literal):
                same = plain(left) == plain(right)
                return Literal(same if positive else not same)
            elif isinstance(right, Literal) and isinstance(right.value, bool):
                test = as_test(left) if right.value else _flip(as_test(left))
            else:
                test = equality(left, right)
            if isinstance(test, Literal):
                return test if positive else Literal(not test.value)
            if isinstance(test, Test):
                return test if positive else Test(test.when_false, test.when_true)
        return UNKNOWN

    def is_first_start(self, left: Value, expr: flow.Compare) -> bool:
        """Tell whether start-up asks for its application in a collection into which it puts it further down.

        Where it finds it, an earlier start has left everything as this one does.
        """
        function = self.frame.function
        if function is None or self.phase is not Phase.STARTUP or not isinstance(expr.right, flow.Name):
            return False
        application = single(plain(left))
        if not isinstance(application, Object) or self.kind(application) != "application":
            return False
        return any(
            isinstance(call, flow.Call)
            and isinstance(call.func, flow.Attr)
            and call.func.name in ("add", "append")
            and flow.last_name(call.func.value) == expr.right.id
            and [flow.last_name(arg) for arg in call.args] == [flow.last_name(expr.left)]
            for call in flow.nodes(function.body)
        )

    def contains(self, left: Value, right: Value, positive: bool, path: Path, at: At) -> Value:
        """Evaluate ``left in right``; in a holder, that asks for a component."""
        name = plain(left)
        key = str(name.value) if isinstance(name, Literal) else ""
        tests = [self.contains_one(name, self.as_holder(each, key), path, at) for each in options(single(plain(right)))]
        asked = [each for each in tests if isinstance(each, Test)]
        if not asked or len(asked) < len(tests):
            return UNKNOWN
        found = tuple(fact for each in asked for fact in each.when_true)
        missing = tuple(fact for each in asked for fact in each.when_false)
        return Test(found, missing) if positive else Test(missing, found)

    def contains_one(self, name: Value, holder: Value, path: Path, at: At) -> Value:
        if not isinstance(holder, (Holder, StateDict)):
            return UNKNOWN
        names = literal_names(name)
        if names is None or len(names) != 1:
            self.dynamic(holder.owner, at, writes=False)
            return UNKNOWN
        return self.ask(holder.owner, names[0], at, path)

    def choice(self, expr: flow.IfElse, path: Path) -> Value:
        yes, no = self.branch(expr.test, path.fork())
        first = self.evaluate(expr.body, yes) if yes is not None and not yes.dead else None
        second = self.evaluate(expr.orelse, no) if no is not None and not no.dead else None
        path.become(merge(yes, no))
        if first is None or second is None:
            return first or second or UNKNOWN
        return join(first, second)

    def walrus(self, expr: flow.Walrus, path: Path) -> Value:
        value = self.evaluate(expr.value, path)
        self.assign(expr.target, value, path)
        return value

    def starred(self, expr: flow.Star, path: Path) -> Value:
        value = self.evaluate(expr.value, path)
        self.use(value)
        return value


_NOWHERE = Object("")
_PROPERTIES = frozenset({"property", "cached_property"})


def _module(file: str) -> Symbol:
    return Symbol("module", file)


def _last(decorator: Expr) -> str:
    """Return the last name of a decorator."""
    if isinstance(decorator, flow.Call):
        decorator = decorator.func
    if isinstance(decorator, flow.Attr):
        return decorator.name
    return decorator.id if isinstance(decorator, flow.Name) else ""


def join_all(values: list[Value] | tuple[Value, ...]) -> Value:
    """Join several values; nothing at all is unknown."""
    result: Value | None = None
    for value in values:
        result = value if result is None else join(result, value)
    return result if result is not None else UNKNOWN


def literal_names(value: Value) -> tuple[str, ...] | None:
    """Return the strings that a value can be, ``None`` if that is not known."""
    names = [option.value for option in options(value) if isinstance(option, Literal) and isinstance(option.value, str)]
    return tuple(names) if names and len(names) == len(options(value)) else None


def none_test(value: Value) -> Value:
    """Return what ``value is None`` says."""
    if isinstance(value, Loaded):
        empty, full = NONE, VALUE
        if value.default is not None:
            if value.default == NONE_VALUE:
                empty |= ABSENT
            else:
                full |= ABSENT
        return Test((Narrow(value.owner, value.component, empty),), (Narrow(value.owner, value.component, full),))
    if isinstance(value, AnyOf):
        loaded = one_component(value)
        if loaded is not None and NONE_VALUE in value.options:
            return Test((), (Narrow(loaded.owner, loaded.component, VALUE),))
        if not any(option == NONE_VALUE or isinstance(option, (Unknown, Loaded, Member)) for option in value.options):
            return Literal(False)
        return UNKNOWN
    if value == NONE_VALUE:
        return Literal(True)
    if isinstance(value, (Holder, FunctionValue, ClassValue, Invocation, ListValue, DictValue, TupleValue, Literal)):
        return Literal(False)
    if isinstance(value, Object) and (value.cls is not None or value.external.rpartition(".")[2][:1].isupper()):
        return Literal(False)
    condition = condition_of(value)
    if condition:
        return Test((Narrow(None, f"{condition} is None", 0, True),), (Narrow(None, f"{condition} is None", 0, False),))
    return UNKNOWN


def equality(left: Value, right: Value) -> Value:
    """Return what ``left == right`` says, if one is stable and the other constant."""
    left, right = plain(left), plain(right)
    if isinstance(left, Literal):
        left, right = right, left
    name, constant = condition_of(left), right
    if name and (isinstance(constant, Literal) or condition_of(constant)):
        other = repr(constant.value) if isinstance(constant, Literal) else condition_of(constant)
        key = f"{name} == {other}"
        return Test((Narrow(None, key, 0, True),), (Narrow(None, key, 0, False),))
    return UNKNOWN


def as_test(value: Value) -> Test | None:
    """Return what the truth of a value says, if it says anything."""
    if isinstance(value, Test):
        return value
    if isinstance(value, Loaded) and (value.default is None or truth_of(value.default) is False):
        return Test((Narrow(value.owner, value.component, VALUE),), ())
    condition = condition_of(plain(value))
    if condition:
        return Test((Narrow(None, condition, 0, True),), (Narrow(None, condition, 0, False),))
    return None


def _flip(test: Test | None) -> Value:
    return Test(test.when_false, test.when_true) if test is not None else UNKNOWN


def _combine(op: str, values: list[Value]) -> Value | None:
    """Return what an ``and``/``or`` of tests says; ``None`` if its value is wanted as such."""
    if not any(isinstance(value, Test) for value in values):
        return None
    tests = [as_test(value) for value in values]
    if op == "and":
        return Test(tuple(each for test in tests if test for each in test.when_true), ())
    return Test((), tuple(each for test in tests if test for each in test.when_false))


def _when_leaving(value: Value, op: str) -> Value | None:
    """Return what ``value`` can be where ``and`` (or ``or``) ends with it."""
    truth = op == "or"
    if isinstance(value, Loaded) and truth:
        return Loaded(value.owner, value.component, value.value)
    kept = [option for option in options(value) if truth_of(option) is not (not truth)]
    return join_all(kept) if kept else None


_EVALUATORS: dict[type, str] = {
    flow.Const: "constant", flow.Opaque: "opaque", flow.Name: "variable", flow.Attr: "attribute_of",
    flow.Item: "item_of", flow.Call: "call", flow.Star: "starred", flow.Sequence: "sequence",
    flow.Mapping: "mapping", flow.Bool: "boolean", flow.Not: "negation", flow.Compare: "compare",
    flow.IfElse: "choice", flow.Lambda: "lambda_", flow.Text: "text", flow.Binary: "binary",
    flow.Comprehension: "comprehension", flow.Walrus: "walrus", flow.Await: "awaited", flow.Yield: "yielded",
    flow.YieldFrom: "delegated",
}  # fmt: skip
"""The names of the methods that evaluate each kind of expression."""

__all__ = ["Env", "Expressions", "join_all", "literal_names"]
