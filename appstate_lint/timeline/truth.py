"""What the truth of values says of components and conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from appstate_lint.timeline.presence import ABSENT, NONE, VALUE, Fact
from appstate_lint.timeline.values import (
    BUILTINS,
    GIVEN,
    MISSING_NAME,
    OR_NONE,
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

_MADE_IN_FUNCTION = re.compile("#|^any (?!given )")
"""What the site of an object shows that is not one and the same for all code."""
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_OPPOSITE = {"<=": ">", ">=": "<"}


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
        return named_test(f"{condition_of(value)}{IS_NONE}") if condition_of(value) else UNKNOWN
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


def equality(left: Value, right: Value) -> Value:
    """Return what ``left == right`` says, if one is stable and the other constant, or both are stable."""
    left, right = plain(left), plain(right)
    if isinstance(left, Literal):
        left, right = right, left
    stable = condition_of(left)
    is_known = isinstance(right, Literal) or condition_of(right)
    return named_test(equals(stable, right)) if stable and is_known else UNKNOWN


def ordering(left: Value, op: str, right: Value) -> Value:
    """Return what ``left < right`` (or with another such sign) says, if one is stable and the other constant."""
    left, right = plain(left), plain(right)
    if isinstance(left, Literal):
        left, op, right = right, _MIRRORED[op], left
    name = condition_of(left)
    if not name or not isinstance(right, Literal):
        return UNKNOWN
    if op in ("<=", ">="):
        test = named_test(f"{name} {_OPPOSITE[op]} {right.value!r}")
        return Test(test.when_false, test.when_true)
    return named_test(f"{name} {op} {right.value!r}")


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
    match value:
        case Unknown(origin=origin):
            return "" if origin.startswith(MISSING_NAME) else origin.removesuffix(OR_NONE)
        case External(name=name):
            return name if name not in BUILTINS else ""
        case Object(site=site, cls=None, external=external) if external and not _MADE_IN_FUNCTION.search(site):
            return site
        case Member(owner=owner, name=name):
            whole = condition_of(owner)
            return f"{whole}.{name}" if whole else ""
        case AnyOf(options=(first, second)) if NONE_VALUE in value.options:
            return _unless_none(second if first == NONE_VALUE else first)
    return ""


def _unless_none(value: Value) -> str:
    """Return the condition that a value which ``None`` may stand for is there: an import that may fail, a default."""
    match value:
        case External(name=name):
            return name
        case Member():
            return condition_of(value)
        case Unknown(origin=origin) if origin.endswith(OR_NONE):
            return condition_of(value)
        case Object(site=site) if site.startswith(GIVEN):
            return site
    return ""


def equals(condition: str, value: Value) -> str:
    """Return the condition that something stable equals a constant, or something else that is stable."""
    return f"{condition} == {repr(value.value) if isinstance(value, Literal) else condition_of(value)}"


def called(stable: str, args: tuple[Value, ...]) -> str:
    """Return the name of what a call of something stable gives: the same for the same constants; empty for others."""
    constants = [repr(each.value) for each in args if isinstance(each, Literal)]
    return f"{stable}({', '.join(constants)})" if stable and len(constants) == len(args) else ""


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
