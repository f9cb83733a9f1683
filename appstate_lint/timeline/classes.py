"""Classes of the project: what their bodies say of the attributes of their instances."""

from __future__ import annotations

from appstate_lint.facts import enums, flow
from appstate_lint.facts.flow import At, Expr
from appstate_lint.timeline.heap import elsewhere
from appstate_lint.timeline.parts import Parts
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.truth import equals
from appstate_lint.timeline.values import NONE as NONE_VALUE
from appstate_lint.timeline.values import (
    ClassValue,
    FunctionValue,
    Invocation,
    Literal,
    Member,
    Object,
    Unknown,
    Value,
    is_of_annotation,
    join,
)

_DATA_CLASSES = frozenset({"dataclass", "define", "frozen", "mutable"})
"""Decorators that make a class one whose fields are its attributes."""
_PROPERTIES = frozenset({"property", "cached_property"})
_PLAIN_BASES = frozenset({"object", "ABC", "Generic", "Protocol"})
"""Bases outside the project that give objects no attributes."""


class Classes(Parts):
    """Answers what the classes of the project tell."""

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
                if set_later is None:
                    return elsewhere(env[name], name, self.class_origin(cls, name))
                return elsewhere(join(env[name], set_later), name)
        wide = self.kept(self.class_attributes, (cls.file, cls.index, name))
        return wide if wide is not None else Unknown(name, self.class_origin(cls, name))

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

    def class_origin(self, cls: ClassValue, name: str) -> str:
        """Return the name of a condition on an attribute of a class's instances; note which values that can have."""
        origin = f"{self.project.cls(cls.file, cls.index).qualname}.{name}"
        if origin not in self.choices:
            self.close(origin, self.field_values(cls, name))
        return origin

    def close(self, stable: str, values: list[Literal]) -> None:
        """Note that something stable has one of these values and no other, unless there are none."""
        self.choices[stable] = [equals(stable, value) for value in values]

    def field_values(self, cls: ClassValue, name: str) -> list[Literal]:
        """Return the values that a field of a class can have by its annotation; none if that leaves it open."""
        for base in self.bases(cls):
            for statement in self.project.cls(base.file, base.index).body:
                if isinstance(statement, flow.Bind) and name in map(flow.last_name, statement.targets):
                    return self.values_of_type(statement.annotation, base.file)
        return []

    def values_of_type(self, annotation: Expr | None, file: str) -> list[Literal]:
        """Return the values of a type, if an annotation lists them or names an enumeration."""
        if isinstance(annotation, flow.Item):
            parts = annotation.index.items if isinstance(annotation.index, flow.Sequence) else (annotation.index,)
            outer = flow.last_name(annotation.value)
            if outer == "Literal" and all(isinstance(each, flow.Const) for each in parts):
                return [Literal(each.value) for each in parts if isinstance(each, flow.Const)]
            return self.values_of_type(parts[0], file) if outer in ("Annotated", "Final") else []
        symbol = self.project.resolve(file, annotation) if isinstance(annotation, (flow.Name, flow.Attr)) else None
        if symbol is None or symbol.kind != "class":
            return []
        return self.members_of(ClassValue(symbol.file, symbol.index))

    def members_of(self, cls: ClassValue) -> list[Literal]:
        """Return the members of an enumeration; none of another class, or of one whose values may be combined."""
        env = self.class_env(cls) if any(map(enums.is_closed, self.outer_bases(cls))) else {}
        members = {name: value for name, value in env.items() if name[:1] != "_" and type(value) is not FunctionValue}
        found = [value for value in members.values() if isinstance(value, Literal)]
        return [*dict.fromkeys(found)] if len(found) == len(members) else []

    def is_enumeration(self, kind: Value | None) -> bool:
        """Tell whether a class of the project has its constants as instances."""
        return isinstance(kind, ClassValue) and any(map(enums.is_enumeration, self.outer_bases(kind)))

    def has_field(self, cls: ClassValue, name: str) -> bool:
        """Tell whether the body of a class, or of a base, binds a name."""
        return any(name in self.class_env(base) for base in self.bases(cls))

    def possesses(self, owner: Value, name: str) -> bool | None:
        """Tell whether an object has an attribute; ``None`` where that is not known.

        It has what its class defines. It lacks what nothing seen gives it, if all of its class is seen and it was made
        of just this class, not of one that extends it.
        """
        if not isinstance(owner, Object) or owner.cls is None or owner.external or name.startswith("__"):
            return None
        method = self.method(owner.cls, name)
        if method is not None:
            marks = map(_last, self.project.function(method.file, method.index).decorators)
            return True if _PROPERTIES.isdisjoint(marks) else None
        if self.has_field(owner.cls, name):
            return True
        if is_of_annotation(owner.site) or not self.is_plain(owner.cls) or name in self.fields(owner.cls):
            return None
        return False if self.get_attribute(owner, name) is None else None

    def is_plain(self, cls: ClassValue) -> bool:
        """Tell whether the attributes of a class's objects are those that its code, and that of its bases, shows."""
        known = self.plain.get((cls.file, cls.index))
        if known is None:
            known = self.plain[cls.file, cls.index] = self._is_plain(cls)
        return known

    def _is_plain(self, cls: ClassValue) -> bool:
        if any(base not in _PLAIN_BASES for base in self.outer_bases(cls)) or self.method(cls, "__getattr__"):
            return False
        bodies = [self.project.cls(base.file, base.index) for base in self.bases(cls)]
        marks = {_last(decorator) for body in bodies for decorator in body.decorators}
        if not marks <= _DATA_CLASSES or any(body.keywords for body in bodies):
            return False
        return not any(self.mentions.gives_by_name(base.file) for base in self.bases(cls))

    def fields(self, cls: ClassValue) -> list[str]:
        """Return the annotated fields of a class and its bases, in the order of a data class's constructor."""
        found: list[str] = []
        for base in reversed(list(self.bases(cls))):
            for statement in self.project.cls(base.file, base.index).body:
                if isinstance(statement, flow.Bind) and statement.annotation is not None:
                    found.extend(target.id for target in statement.targets if isinstance(target, flow.Name))
        return found

    def is_field(self, default: Value) -> bool:
        """Tell whether a value in a class body may stand for another: a default, or what an unseen base makes of it."""
        if isinstance(default, Object):
            return default.cls is None and not self.kind(default)
        return isinstance(default, Literal)

    def is_data_class(self, cls: ClassValue) -> bool:
        """Tell whether the attributes of an object are the fields that its class declares, and no others."""
        decorators = (each for base in self.bases(cls) for each in self.project.cls(base.file, base.index).decorators)
        return not (self.unseen_bases(cls) or _DATA_CLASSES.isdisjoint(map(_last, decorators)))

    def is_named_tuple(self, cls: ClassValue) -> bool:
        """Tell whether the instances of a class can be unpacked into their fields."""
        return any(symbol.name.endswith("NamedTuple") for symbol in self.project.mro(cls.file, cls.index))

    def is_switched(self, cls: ClassValue, name: str, value: Literal) -> bool:
        """Tell whether some code sets an attribute to another constant than the class, or an unseen base, gives it."""
        default = next((env[name] for base in self.bases(cls) if name in (env := self.class_env(base))), None)
        if default is not None and self.unseen_bases(cls) and self.is_field(default):
            return True
        return isinstance(default, Literal) and default not in (value, NONE_VALUE)


def _last(decorator: Expr) -> str:
    """Return the last name of a decorator."""
    if isinstance(decorator, flow.Call):
        decorator = decorator.func
    if isinstance(decorator, flow.Attr):
        return decorator.name
    return decorator.id if isinstance(decorator, flow.Name) else ""
