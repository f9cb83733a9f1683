"""Attributes on abstract values; of a holder, they are components."""

from __future__ import annotations

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At
from appstate_lint.frameworks import FrameworkClass
from appstate_lint.project import Symbol
from appstate_lint.timeline.components import EVERYTHING, MEMBERS, MISSING_ITEM
from appstate_lint.timeline.heap import elsewhere
from appstate_lint.timeline.holders import NO_OWNER
from appstate_lint.timeline.members import Members
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.records import WithoutApplication
from appstate_lint.timeline.values import (
    APPLICATION,
    EACH,
    MISSING_NAME,
    SCOPE,
    UNKNOWN,
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
    Object,
    Scope,
    StateDict,
    TupleValue,
    Unknown,
    Value,
    join,
    join_all,
    options,
    plain,
)
from appstate_lint.timeline.values import NONE as NONE_VALUE

MAPPING_METHODS = frozenset(dir(dict))


class Attributes(Members):
    """Evaluates attributes."""

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
            case Object() | Unknown() if name in MAPPING_METHODS and self.has_items(owner):
                return Member(owner, name)
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
                return Holder(application) if isinstance(application, Object) else Holder(NO_OWNER)
        if name in self.tables.leads:
            if hint in self.tables.requests and self.is_item_holder(self.the_application()):
                return self.the_application()
            return Unknown(f"self.{name}" if hint == "self" else APPLICATION)
        if name in self.tables.chains:
            return self.chain()
        if self.living is None and name in self.tables.stores and self.is_called_application(hint):
            return StateDict(NO_OWNER)
        if self.is_request(owner) and (spec := self.spec(self.the_application())) and spec.yielded == name:
            return self.yielded_state()
        if self.is_called_application(hint) and not hint.startswith(EACH):
            application = self.the_application()
            spec = self.spec(application)
            held = spec is not None and (spec.items or spec.members or name in spec.stores)
            if isinstance(application, Object) and held:
                return self.one_attribute(application, name, path, at)
        if hint in self.tables.scopes and name == "get":
            return Unknown(name, SCOPE)
        if isinstance(owner, Unknown) and owner.package:
            return Member(owner, name)
        return Unknown(name, f"{origin}.{name}" if origin and not origin.startswith(MISSING_NAME) else "")

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
                self.note_without_application(owner, spec, at)
                return self.the_application()
            if name in spec.parts:
                return Object(owner.site, None, spec.parts[name])
            if name in spec.chain:
                return self.chain()
            if name in spec.stores:
                return StateDict(self.part(owner, name))
            if name in spec.scope:
                self.scopes_of.pop(owner.site, None)
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

    def note_without_application(self, request: Object, spec: FrameworkClass, at: At) -> None:
        """Note that a request is asked for its application, if its scope surely has none."""
        number, place, maker = self.scopes_of.get(request.site, (0, None, ""))
        if place is None or self.muted or any(names & (MISSING_ITEM | EVERYTHING) for names in self.catching):
            return
        scope = self.dict_cell(number)
        known = {key for key, item in spec.scope_items.items() if item == "application"}
        if scope.rest is None and not scope.open and known.isdisjoint(map(str, scope.items)):
            found = WithoutApplication(
                place, request.external.rpartition(".")[2], maker, self.phase, self.trail(), self.place(at)
            )
            self.records.without_application.setdefault(place, found)

    def attributes_by_name(self, owner: Object, path: Path, at: At) -> Value:
        """Return the attributes of an object as a dict: only those of a data class are known."""
        if owner.cls is None or not self.is_data_class(owner.cls):
            return Member(owner, "__dict__")
        number = self.number(("attributes", owner.site))
        for name in self.fields(owner.cls):
            self.put_item(number, Literal(name), self.object_attribute(owner, name, path, at))
        return DictValue(number)

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
                default = env[name]
                is_some_member = isinstance(default, Object) and self.is_enumeration(default.cls)
                if is_some_member or (self.unseen_bases(cls) and self.is_field(default)):
                    return Unknown(name, self.class_origin(cls, name))
                return elsewhere(default, name, self.class_origin(cls, name))
        if self.external_base(cls):
            return Member(owner, name) if name not in self.tables.leads else Unknown(APPLICATION)
        return self.unknown_attribute(
            owner, name, self.class_origin(cls, name).removesuffix(f".{name}"), name, path, at
        )


def _module(file: str) -> Symbol:
    return Symbol("module", file)
