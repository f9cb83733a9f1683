"""Abstract values: what an expression can be, as far as it matters to application state.

All values are frozen and hashable, so that results of calls can be remembered by their arguments. Lists, dicts and
attributes live in the interpreter's heap; values point into it by number or by site.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import msgspec

MOST_OPTIONS = 8
BUILTINS = frozenset(dir(__builtins__) if not isinstance(__builtins__, dict) else __builtins__)


class Value(msgspec.Struct, frozen=True, gc=False):
    """The base of all values."""


class Unknown(Value, frozen=True):
    """Anything. ``hint`` is the name it was seen under; ``origin`` names it where two reads give the same value.

    ``package`` is what gave it, if the tables describe that.
    """

    hint: str = ""
    origin: str = ""
    package: str = ""


class Literal(Value, frozen=True):
    """A constant."""

    value: str | int | float | bool | None


class FunctionValue(Value, frozen=True):
    """A function of the project; ``scope`` numbers the variables it closes over, ``bound`` is its ``self``."""

    file: str
    index: int
    scope: int = 0
    bound: Value | None = None


class ClassValue(Value, frozen=True):
    """A class of the project."""

    file: str
    index: int
    scope: int = 0


class ModuleValue(Value, frozen=True):
    """A module of the project."""

    file: str


class External(Value, frozen=True):
    """Something that is not in the project, by dotted name."""

    name: str


class Object(Value, frozen=True):
    """An instance: of a class of the project, of an external class (the nearest the tables know), or both."""

    site: str
    cls: ClassValue | None = None
    external: str = ""


class Holder(Value, frozen=True):
    """The state of the application ``owner``."""

    owner: Object


class StateDict(Value, frozen=True):
    """The dictionary behind the state of the application ``owner``."""

    owner: Object


class Chain(Value, frozen=True):
    """The components of an application and of those that it is mounted in, nearest first."""

    owners: tuple[Object, ...]


class Scope(Value, frozen=True):
    """The ASGI scope of a request: an item of it is the application."""


class Member(Value, frozen=True):
    """An attribute of something unseen, usually about to be called."""

    owner: Value
    name: str


class Loaded(Value, frozen=True):
    """What was read from a component; ``default`` is the value where it is missing."""

    owner: Object
    component: str
    value: Value
    default: Value | None = None


class Narrow(Value, frozen=True):
    """If it holds: ``component`` is one of ``bits``, or (no owner) the stable condition ``component`` is ``truth``."""

    owner: Object | None
    component: str
    bits: int
    truth: bool = True


class Test(Value, frozen=True):
    """A boolean that says something of components; ``when_true`` and ``when_false`` hold accordingly."""

    when_true: tuple[Narrow, ...] = ()
    when_false: tuple[Narrow, ...] = ()


class TupleValue(Value, frozen=True):
    items: tuple[Value, ...]


class ListValue(Value, frozen=True):
    number: int


class DictValue(Value, frozen=True):
    number: int


class Invocation(Value, frozen=True):
    """A call that has not run yet: a coroutine, a generator, or a ``partial``."""

    kind: str
    function: Value
    args: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...]


APPLICATION = "application"
"""The hint of an unknown application."""
GIVEN = "any given "
"""The beginning of the site of an object that a launcher is given."""
EACH = "each "
"""The beginning of the hint of an unknown element that a loop or an unpacking gives a name."""
MISSING_NAME = "missing:"
"""The beginning of the origin of what an import asks a module for that does not define it."""
OR_NONE = "?"
"""How the origin ends of a value that ``None`` may stand for, as its class or a default says."""
SCOPE = "scope"
"""The origin of a method of something unknown that is called like the scope of a request."""
GAP = "\0"
"""Stands in a path for what is not known of it."""


class Route(NamedTuple):
    """Where code is served: its path, and its verbs, none if these are not known."""

    path: str
    verbs: tuple[str, ...] = ()


ANYWHERE = Route("")
"""A route that adds nothing to the prefixes around it."""


class Registrar(Value, frozen=True):
    """A decorator that registers what it decorates on ``owner``; ``dropped`` says what the framework has no more."""

    owner: Value
    role: str
    dependencies: tuple[Value, ...] = ()
    route: Route = ANYWHERE
    dropped: str = ""


class Dependency(Value, frozen=True):
    """``Depends(f)``: the framework calls ``function`` and passes what it returns."""

    function: Value | None


class Suppress(Value, frozen=True):
    """``suppress(...)``: the names of the exceptions it swallows."""

    names: tuple[str, ...]


class AnyOf(Value, frozen=True):
    """One of several values."""

    options: tuple[Value, ...]


NONE = Literal(None)
UNKNOWN = Unknown()
FAILURE = Invocation("failure", UNKNOWN, (), ())
"""An exception that leaves a ``with``, as its context manager sees it."""


def options(value: Value) -> tuple[Value, ...]:
    """Return the values that ``value`` can be."""
    return value.options if type(value) is AnyOf else (value,)


def join(left: Value, right: Value) -> Value:
    """Return a value that covers both."""
    if left is right or left == right:
        return left
    merged = dict.fromkeys((*options(left), *options(right)))
    if len(merged) > MOST_OPTIONS:
        return UNKNOWN
    return AnyOf(tuple(merged)) if len(merged) > 1 else next(iter(merged))


def join_all(values: list[Value] | tuple[Value, ...]) -> Value:
    """Join several values; nothing at all is unknown."""
    result: Value | None = None
    for value in values:
        result = value if result is None else join(result, value)
    return result if result is not None else UNKNOWN


def plain(value: Value) -> Value:
    """Return ``value`` without the mark that it was read from a component."""
    kind = type(value)
    if kind is Loaded:
        assert isinstance(value, Loaded)
        inner = plain(value.value)
        return inner if value.default is None else join(inner, value.default)
    if kind is AnyOf:
        assert isinstance(value, AnyOf)
        if any(type(option) is Loaded for option in value.options):
            result: Value | None = None
            for option in value.options:
                result = plain(option) if result is None else join(result, plain(option))
            return result or UNKNOWN
    return value


def literal_names(value: Value) -> tuple[str, ...] | None:
    """Return the strings that a value can be, ``None`` if that is not known."""
    names = [option.value for option in options(value) if isinstance(option, Literal) and isinstance(option.value, str)]
    return tuple(names) if names and len(names) == len(options(value)) else None


Keywords: TypeAlias = tuple[tuple[str, Value], ...]


def is_of_annotation(site: str) -> bool:
    """Tell whether an object is only known as what an annotation says: its class may be one that extends that."""
    return site.startswith("any ")
