"""Whether what is stored can be of the declared type: only where both are certain."""

from __future__ import annotations

from appstate_lint.contracts.declared import Contract
from appstate_lint.facts import flow
from appstate_lint.project import Project, Symbol
from appstate_lint.timeline.records import Made, Occurrence

_BUILTIN: dict[str, type] = {
    each.__name__: each for each in (str, int, float, bool, bytes, dict, list, tuple)
}  # fmt: skip
_PLAIN_DECORATORS = frozenset({"dataclass", "define", "frozen", "mutable", "s", "attrs", "final", "total_ordering"})
_OPEN_BASES = ("Protocol", "Any", "?")


def mismatch(project: Project, contract: Contract, write: Occurrence) -> str | None:
    """Return the name of the class of what is stored, if it is surely not of the contract's type.

    Of several possible values each must be of a wrong one; None is no type's matter.
    """
    if contract.declared.type is None:
        return None
    names = [_wrong(project, contract, each) for each in sorted(write.made)]
    return names[0] if names and all(names) else None


def checkable(project: Project, contract: Contract, write: Occurrence) -> bool:
    """Tell whether the class of what is stored and the type of the contract are both known."""
    known = contract.cls is not None and not _is_open(project, contract.cls)
    known = known or _builtin(contract) is not None
    return known and bool(write.made) and Made() not in write.made


def class_of(write: Occurrence) -> Symbol | None:
    """Return the class of the project of which all that is stored is an instance."""
    if len(write.made) != 1:
        return None
    (made,) = write.made
    return Symbol("class", made.file, made.index) if made.file else None


def _wrong(project: Project, contract: Contract, made: Made) -> str:
    """Return the name of an object's class if it is surely none of the contract's type, else nothing."""
    cls = contract.cls
    if made.file:
        known = cls is not None and not _is_open(project, cls)
        return _unrelated(project, made, cls) if cls is not None and known else ""
    if not made.builtin:
        return ""
    if cls is not None:
        return "" if _is_open(project, cls) or made.builtin in ("dict", "tuple") else made.builtin
    wanted, found = _builtin(contract), _BUILTIN.get(made.builtin)
    if wanted is None or found is None or wanted is float or issubclass(found, wanted):
        return ""
    return made.builtin


def _unrelated(project: Project, made: Made, cls: Symbol) -> str:
    """Return the name of a class that surely neither is another one nor extends it."""
    mro = project.mro(made.file, made.index)
    own = [each for each in mro if each.kind == "class"]
    if any(each.name == "?" for each in mro) or any(_is_odd(project, each) for each in own):
        return ""
    if any((each.kind, each.file, each.index) == ("class", cls.file, cls.index) for each in mro):
        return ""
    return project.dotted(Symbol("class", made.file, made.index))


def _is_odd(project: Project, cls: Symbol) -> bool:
    """Tell whether calling a class may give something else than an instance of it."""
    own = project.cls(cls.file, cls.index)
    plain = all(
        flow.last_name(each.func if isinstance(each, flow.Call) else each) in _PLAIN_DECORATORS
        for each in own.decorators
    )
    made = project.methods(cls.file, cls.index).get("__new__") is not None
    return made or not plain or any(name == "metaclass" for name, _ in own.keywords)


def _builtin(contract: Contract) -> type | None:
    name = (contract.declared.type or "").replace(":", ".").removeprefix("builtins.")
    return _BUILTIN.get(name)


def _is_open(project: Project, cls: Symbol) -> bool:
    """Tell whether classes may be of this one's type without extending it: a protocol, or one with registered kin."""
    if any(each.name.rpartition(".")[2] in _OPEN_BASES for each in project.mro(cls.file, cls.index)):
        return True
    own = project.cls(cls.file, cls.index)
    return bool(own.keywords) or project.methods(cls.file, cls.index).get("__subclasshook__") is not None
