"""Whether what is stored can be of the declared type: only where both are certain."""

from __future__ import annotations

from appstate_lint.contracts.declared import Contract
from appstate_lint.project import Project, Symbol
from appstate_lint.timeline.values import NONE as NONE_VALUE
from appstate_lint.timeline.values import (
    AnyOf,
    ClassValue,
    DictValue,
    FunctionValue,
    ListValue,
    Literal,
    Object,
    TupleValue,
    Value,
    options,
)

_BUILTIN = {"str": str, "int": int, "float": float, "bool": bool, "dict": dict, "tuple": tuple, "bytes": bytes}
_OPEN_BASES = ("Protocol", "Any", "?")


def mismatch(project: Project, contract: Contract, value: Value | None) -> str | None:
    """Return the name of the class of what is stored, if it is surely not of the contract's type.

    Of several possible values each must be of a wrong one; ``None`` is no type's matter.
    """
    if value is None or contract.declared.type is None:
        return None
    several = [each for each in options(value) if each != NONE_VALUE]
    names = [_wrong(project, contract, each) for each in several]
    return names[0] if names and all(names) else None


def checkable(project: Project, contract: Contract, value: Value | None) -> bool:
    """Tell whether the class of what is stored and the type of the contract are both known."""
    several = [each for each in options(value) if each != NONE_VALUE] if value is not None else []
    known = contract.cls is not None and not _is_open(project, contract.cls)
    known = known or _builtin(contract) is not None
    return known and bool(several) and all(class_name(project, each) for each in several)


def class_name(project: Project, value: Value) -> str:
    """Return the dotted name of the class that a value surely is an instance of, empty where that is not known."""
    match value:
        case Object(site=site, cls=ClassValue(file=file, index=index)) if not site.startswith("any "):
            return project.dotted(Symbol("class", file, index))
        case Literal(value=constant) if constant is not None:
            return type(constant).__name__
        case ListValue():
            return "list"
        case DictValue():
            return "dict"
        case TupleValue():
            return "tuple"
    return ""


def _wrong(project: Project, contract: Contract, value: Value) -> str:
    """Return the name of a value's class if it is surely none of the contract's type, else nothing."""
    name = class_name(project, value)
    if not name or isinstance(value, (AnyOf, FunctionValue)):
        return ""
    cls = contract.cls
    if isinstance(value, Object):
        assert value.cls is not None
        if cls is None or _is_open(project, cls):
            return ""
        if project.methods(value.cls.file, value.cls.index).get("__new__") is not None:
            return ""
        mro = project.mro(value.cls.file, value.cls.index)
        if any((each.kind, each.file, each.index) == ("class", cls.file, cls.index) for each in mro):
            return ""
        return "" if any(each.name == "?" for each in mro) else name
    if cls is not None:
        return "" if _is_open(project, cls) or isinstance(value, (DictValue, TupleValue)) else name
    wanted, found = _builtin(contract), {"list": list, **_BUILTIN}.get(name)
    if wanted is None or found is None or wanted is float:
        return ""
    return "" if issubclass(found, wanted) else name


def _builtin(contract: Contract) -> type | None:
    name = (contract.declared.type or "").replace(":", ".").removeprefix("builtins.")
    return {"list": list, **_BUILTIN}.get(name)


def _is_open(project: Project, cls: Symbol) -> bool:
    """Tell whether classes may be of this one's type without extending it: a protocol, or one with registered kin."""
    if any(each.name.rpartition(".")[2] in _OPEN_BASES for each in project.mro(cls.file, cls.index)):
        return True
    own = project.cls(cls.file, cls.index)
    return bool(own.keywords) or project.methods(cls.file, cls.index).get("__subclasshook__") is not None
