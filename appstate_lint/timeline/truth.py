"""What the truth of values says of components and conditions."""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.timeline.presence import ABSENT, NONE, VALUE, Fact
from appstate_lint.timeline.values import (
    MISSING_NAME,
    UNKNOWN,
    AnyOf,
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
    Narrow,
    Object,
    Test,
    TupleValue,
    Unknown,
    Value,
    options,
    plain,
)
from appstate_lint.timeline.values import NONE as NONE_VALUE

IS_NONE = " is None"
"""How the condition ends that something stable is None."""


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
        return named_test(f"{condition}{IS_NONE}")
    return UNKNOWN


def named_test(condition: str) -> Test:
    """Return a test that says nothing but that a stable condition holds."""
    return Test((Narrow(None, condition, 0, True),), (Narrow(None, condition, 0, False),))


def as_test(value: Value) -> Test | None:
    """Return what the truth of a value says, if it says anything."""
    if isinstance(value, Test):
        return value
    if isinstance(value, Loaded) and (value.default is None or truth_of(value.default) is False):
        return Test((Narrow(value.owner, value.component, VALUE),), ())
    condition = condition_of(plain(value))
    return named_test(condition) if condition else None


def truth_of(value: Value) -> bool | None:
    """Return whether a value is true or false, ``None`` if either is possible."""
    match value:
        case Literal(value=constant):
            return bool(constant)
        case TupleValue(items=items):
            return bool(items)
        case Object(cls=cls):
            return True if cls is not None else None
        case FunctionValue() | Holder() | Invocation():
            return True
        case AnyOf(options=several):
            truths = {truth_of(option) for option in several}
            return truths.pop() if len(truths) == 1 else None
        case DictValue() | ListValue() | Unknown() | External():
            return None
    return None


def constant_truth(value: Value) -> bool | None:
    """Return the truth of a constant; ``None`` if the value, ``None`` left out, is not one."""
    truths = {bool(each.value) if isinstance(each, Literal) else None for each in options(value) if each != NONE_VALUE}
    return truths.pop() if len(truths) == 1 else None


def condition_of(value: Value) -> str:
    """Return the name of the stable condition that the truth of ``value`` is, empty if it is not stable."""
    if isinstance(value, Unknown):
        return "" if value.origin.startswith(MISSING_NAME) else value.origin
    if isinstance(value, External) and "." in value.name:
        return value.name
    return ""


def equals(condition: str, value: Value) -> str:
    """Return the condition that something stable equals a constant, or something else that is stable."""
    return f"{condition} == {repr(value.value) if isinstance(value, Literal) else condition_of(value)}"


def stable_part(condition: str) -> str:
    """Return what is compared in a condition that something equals a constant."""
    return condition.partition(" == ")[0]


def implications(condition: str) -> Iterator[Fact]:
    """Yield what else holds where a stable condition does: what is true, or like a text, is not None."""
    value, is_compared, constant = condition.partition(" == ")
    if is_compared and constant[:1] in "\"'" and len(constant) > 2:
        yield value, True
    if condition.endswith(IS_NONE):
        yield condition.removesuffix(IS_NONE), False
    else:
        yield f"{value}{IS_NONE}", False


def one_component(value: AnyOf) -> Loaded | None:
    """Return what was read, if all of ``value`` that is not ``None`` was read from one component."""
    found: Loaded | None = None
    for option in value.options:
        if isinstance(option, Literal) and not option.value:
            continue
        if not isinstance(option, Loaded):
            return None
        if found is not None and (found.owner, found.component) != (option.owner, option.component):
            return None
        found = option
    if found is not None and found.default is not None and truth_of(found.default) is not False:
        return None
    return found
