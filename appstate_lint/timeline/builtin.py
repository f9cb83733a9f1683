"""Builtin functions on abstract values: ``getattr`` and its kin first of all."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable

from appstate_lint.facts.flow import At
from appstate_lint.timeline.components import MEMBERS
from appstate_lint.timeline.displays import MOST_ITEMS
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.known import Known
from appstate_lint.timeline.paths import Path, merge
from appstate_lint.timeline.truth import as_test, condition_of
from appstate_lint.timeline.values import (
    BUILTINS,
    OR_NONE,
    UNKNOWN,
    ClassValue,
    DictValue,
    External,
    FunctionValue,
    Holder,
    Invocation,
    Keywords,
    ListValue,
    Literal,
    Loaded,
    Narrow,
    Object,
    StateDict,
    Test,
    TupleValue,
    Unknown,
    Value,
    is_of_annotation,
    join,
    join_all,
    literal_names,
    options,
    plain,
)
from appstate_lint.timeline.values import (
    NONE as NONE_VALUE,
)

_TAKE_NONE = frozenset({"abc", "collections", "types", "typing", "typing_extensions"})
"""The modules some of whose classes have None as an instance."""


class Builtins(Known):
    """Calls builtins."""

    def builtin(self, name: str) -> Callable[[tuple[Value, ...], Keywords, Path, At], Value] | None:
        """Return the builtin of that name."""
        function = _BUILTIN_CALLS.get(name)
        return functools.partial(function, self) if function is not None else None

    def get(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``getattr``."""
        if len(args) < 2:
            return UNKNOWN
        owner, name = single(plain(args[0])), plain(args[1])
        default = args[2] if len(args) > 2 else None
        names = literal_names(name)
        owner = self.of_members(owner, names)
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
        if default is not None and _one_of(owner, Holder):
            quiet = _one_of(owner, Object)
            self.muted += quiet
            found = join_all([self.get((each, *args[1:]), keywords, path, at) for each in options(owner)])
            self.muted -= quiet
            return found
        if args[0] == NONE_VALUE:
            if default is None:
                path.dead = True
            return default if default is not None else UNKNOWN
        possessed = self.possesses(owner, names[0]) if default is not None else None
        if default is not None and possessed is False:
            return default
        value = self.attribute(owner, names[0], path, at)
        certain = possessed or isinstance(value, (Holder, Literal)) or self.kind(value) == "application"
        return value if default is None or certain else _or_default(value, default)

    def has(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``hasattr``."""
        if len(args) < 2:
            return UNKNOWN
        names = literal_names(plain(args[1]))
        owner = self.of_members(single(plain(args[0])), names)
        if args[0] == NONE_VALUE:
            return Literal(False)
        if _one_of(owner, Holder):
            quiet = _one_of(owner, Object)
            self.muted += quiet
            asked = [self.has((each, *args[1:]), keywords, path, at) for each in options(owner)]
            self.muted -= quiet
            return Test(tuple(fact for each in asked if isinstance(each, Test) for fact in each.when_true), ())
        if not isinstance(owner, Holder):
            if names is None or len(names) != 1:
                return UNKNOWN
            possessed = self.possesses(owner, names[0])
            if possessed is not None:
                return Literal(possessed)
            value = self.attribute(owner, names[0], path, at)
            return Literal(True) if isinstance(value, Holder) else UNKNOWN
        if names is None or len(names) != 1:
            self.dynamic(owner.owner, at, writes=False)
            return UNKNOWN
        return self.ask(owner.owner, names[0], at, path)

    def of_members(self, owner: Value, names: tuple[str, ...] | None) -> Value:
        """Return the holder of an application's attributes, if these names are components of it."""
        spec = self.spec(owner)
        if (
            isinstance(owner, Object)
            and spec is not None
            and names
            and all(self.is_member(owner, spec, name) for name in names)
        ):
            return Holder(self.part(owner, MEMBERS))
        return owner

    def set(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``setattr``."""
        if len(args) < 3:
            return UNKNOWN
        for owner in options(single(plain(args[0]))):
            self.set_one(owner, literal_names(plain(args[1])), args[2], path, at)
        return NONE_VALUE

    def set_one(self, owner: Value, names: tuple[str, ...] | None, value: Value, path: Path, at: At) -> None:
        if isinstance(owner, Holder):
            if names is None:
                self.dynamic(owner.owner, at, writes=True)
            self.plain_none = self.call_site is not None and 2 in self.call_site.positions
            for name in names or ():
                self.write(owner.owner, name, value, at, path, weak=len(names or ()) > 1)
            self.plain_none = False
        elif isinstance(owner, Object) and names is not None:
            for name in names:
                self.set_attribute(owner, name, value, at, path)

    def remove(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``delattr``."""
        names = literal_names(plain(args[1])) if len(args) > 1 else None
        holders = [each for each in options(single(plain(args[0]))) if isinstance(each, Holder)] if args else []
        for owner in holders:
            for name in names or ():
                self.delete(owner.owner, name, at, path)
        return NONE_VALUE

    def is_instance(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``isinstance``: of a component, true only where it has a value."""
        if args and isinstance(args[0], Loaded):
            return Test((Narrow(args[0].owner, args[0].component, 4),), ())
        if len(args) < 2:
            return UNKNOWN
        kinds = None if isinstance(plain(args[1]), ClassValue) else self.members(args[1])  # an enumeration has members
        verdicts = {self.is_of(plain(args[0]), plain(kind)) for kind in (kinds if kinds is not None else (args[1],))}
        if True in verdicts:
            return Literal(True)
        return Literal(False) if verdicts == {False} else UNKNOWN

    def is_of(self, value: Value, kind: Value) -> bool | None:
        """Tell whether a value is an instance of a class, ``None`` if that is not known."""
        spec = self.tables.classes.get(kind.name) if isinstance(kind, External) else None
        structural = isinstance(kind, ClassValue) and self.is_structural(kind)
        match value:
            case Literal(value=constant) if isinstance(kind, External):
                known = getattr(builtins, kind.name, None)
                if isinstance(known, type):
                    return isinstance(constant, known)
                return False if constant is None and kind.name.partition(".")[0] not in _TAKE_NONE else None
            case Literal() | Holder() if structural:
                return None
            case Literal(value=constant):
                return None if constant is not None and self.is_enumeration(kind) else False
            case Holder():
                return (spec is not None and spec.kind == "state") or None if spec is not None else False
            case Object(cls=cls, site=site):
                own = self.spec(value)
                if isinstance(kind, ClassValue):
                    bases = {(base.file, base.index) for base in self.bases(cls)} if cls is not None else set()
                    if (kind.file, kind.index) in bases:
                        return True
                    return None if structural or (is_of_annotation(site) and own is None) else False
                if spec is not None and own is not None:
                    return own.kind == spec.kind
                return False if own is not None and isinstance(kind, External) and kind.name in BUILTINS else None
        return None

    def is_structural(self, cls: ClassValue) -> bool:
        """Tell whether a class need not be a base of what it takes for its instances: a protocol, or by a metaclass."""
        return "Protocol" in self.outer_bases(cls) or any(
            self.project.cls(base.file, base.index).keywords for base in self.bases(cls)
        )

    def parent(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``super()``."""
        frame = self.frame
        owner = frame.self_value
        if owner is None or frame.owner is None:
            return UNKNOWN
        return Invocation("super", owner, (frame.owner,), ())

    def variables_of(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``vars``, and ``asdict`` of an object."""
        owner = single(plain(args[0])) if args else UNKNOWN
        if isinstance(owner, Object):
            return self.attributes_by_name(owner, path, at)
        return StateDict(owner.owner) if isinstance(owner, Holder) else UNKNOWN

    def fields_of(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``fields`` of a data class or of an instance: what is known of each is its name."""
        owner = single(plain(args[0])) if args else UNKNOWN
        cls = owner.cls if isinstance(owner, Object) else owner
        if not isinstance(cls, ClassValue) or not self.is_data_class(cls):
            return UNKNOWN
        found: list[Value] = []
        for name in self.fields(cls):
            field = Object(f"field {cls.file}:{cls.index}:{name}", None, "dataclasses.Field")
            self.put_attribute(field, "name", Literal(name))
            found.append(field)
        return TupleValue(tuple(found))

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

    def mapped(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``map``: the function is called with each member."""
        members = self.members(args[1]) if len(args) == 2 else None
        if members is None or len(members) > MOST_ITEMS:
            self.hand_container(args[0] if args else UNKNOWN)
            return self.first(args, keywords, path, at)
        return TupleValue(tuple(self.invoke(args[0], (each,), (), path, at) for each in members))

    def numbers(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``range``."""
        limits = [value.value for value in args if isinstance(value, Literal) and type(value.value) is int]
        if len(limits) != len(args) or not 1 <= len(limits) <= 3 or (len(limits) == 3 and limits[2] == 0):
            return UNKNOWN
        counted = range(*limits)
        return TupleValue(tuple(Literal(number) for number in counted)) if len(counted) <= MOST_ITEMS else UNKNOWN

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

    def length(self, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``len``."""
        return self.stable("len", args)

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
            return as_test(args[0]) or UNKNOWN
        return self.stable("bool", args)


def _or_default(value: Value, default: Value) -> Value:
    """Return what an attribute of something stable, or a default, is: as stable, and the same where that is false."""
    condition = condition_of(value)
    if not condition or not isinstance(value, Unknown) or not isinstance(default, Literal):
        return join(value, default)
    name = condition.rpartition(".")[2]
    if default == NONE_VALUE:
        return join(default, Unknown(name, f"{condition}{OR_NONE}"))
    return Unknown(name, f"{condition} or {default.value!r}" if default.value else condition)


def _one_of(value: Value, kind: type[Value]) -> bool:
    """Tell whether a value can be one of this kind, and can be something else."""
    several = options(value)
    return len(several) > 1 and any(isinstance(each, kind) for each in several)


_B = Builtins
_Builtin = Callable[[Builtins, "tuple[Value, ...]", Keywords, Path, At], Value]
_BUILTIN_CALLS: dict[str, _Builtin] = {
    "getattr": _B.get,
    "hasattr": _B.has,
    "setattr": _B.set,
    "delattr": _B.remove,
    "isinstance": _B.is_instance,
    "super": _B.parent,
    "vars": _B.variables_of,
    "dataclasses.asdict": _B.variables_of,
    "attrs.asdict": _B.variables_of,
    "attr.asdict": _B.variables_of,
    "dataclasses.fields": _B.fields_of,
    "attrs.fields": _B.fields_of,
    "attr.fields": _B.fields_of,
    "list": _B.first,
    "tuple": _B.first,
    "sorted": _B.first,
    "set": _B.first,
    "reversed": _B.first,
    "dict": _B.new_dict,
    "range": _B.numbers,
    "len": _B.length,
    "print": _B.same,
    "id": _B.same,
    "str": _B.same,
    "repr": _B.same,
    "int": _B.same,
    "callable": _B.same,
    "type": _B.same,
    "bool": _B.truth,
    "object.__setattr__": _B.set,
    "object.__new__": _B.make_blank,
    "map": _B.mapped,
    "filter": _B.first,
    "min": _B.first,
    "max": _B.first,
    "enumerate": _B.enumerated,
    "iter": _B.first,
    "issubclass": _B.same,
}
