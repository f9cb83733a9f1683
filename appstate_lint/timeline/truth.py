"""What the truth of values says of components and conditions."""

from __future__ import annotations

from appstate_lint.timeline.components import IS_NONE, condition_of, one_component, truth_of
from appstate_lint.timeline.presence import ABSENT, NONE, VALUE
from appstate_lint.timeline.values import NONE as NONE_VALUE
from appstate_lint.timeline.values import (
    UNKNOWN,
    AnyOf,
    ClassValue,
    DictValue,
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
    plain,
)


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
