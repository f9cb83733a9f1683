"""What a name was meant to be that is read and never written, and what speaks against taking it for that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

import msgspec

from appstate_lint.config import is_misspelling
from appstate_lint.contracts.types import class_of
from appstate_lint.facts import flow
from appstate_lint.migration.survey import Survey
from appstate_lint.model import Kind, Place
from appstate_lint.project import Symbol
from appstate_lint.project.symbols import statements
from appstate_lint.timeline.told import Component

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_WORDS = frozenset({"sync", "async", "http", "https", "ws", "wss", "min", "max", "get", "set", "in", "on"})
"""Words of which another one is a letter or two away, and means something else."""

_MAKES_ATTRIBUTES = frozenset({"__getattr__", "__getattribute__", "setattr", "__dict__", "__slots__"})
"""Names by which a class gives its instances attributes that it does not name."""


class Meant(msgspec.Struct, frozen=True):
    """A name that nobody writes, and the one that was probably meant.

    ``never`` says why it cannot be replaced, ``doubt`` why it may be meant otherwise; ``classes`` are those of all that
    is stored under the new name, empty unless each is known.
    """

    old: str
    new: str
    never: str
    doubt: str
    classes: tuple[Symbol, ...]

    def misfit(self, survey: Survey, place: Place) -> str:
        """Return why the type of what is stored is not what the reader at ``place`` wants, empty if it may be."""
        for cls in self.classes:
            for wanted in _annotations(survey, place):
                if not _is_a(survey, cls, wanted):
                    return f"the reader wants {survey.project.dotted(wanted)}, '{self.new}' is none"
            for attribute in _attributes(survey, place):
                if not _may_have(survey, cls, attribute):
                    return f"the reader uses .{attribute}, which '{self.new}' does not have"
        return ""


class Spelling:
    """Answers what the names of one project were meant to be."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.timeline = survey.timeline

    def meant(self, component: Component) -> Meant | None:
        """Return what a component that nobody writes was meant to be, ``None`` if nothing is like it.

        It is the one written component of which the name is a misspelling, else the one with the closest name.
        """
        near = self.timeline.near_name(component)
        if near is None:
            return None
        written = {each.name: each for each in self._written(component)}
        spelt = [name for name in sorted(written) if is_misspelling(component.name, name)]
        new = spelt[0] if len(spelt) == 1 else near
        classes = tuple(_classes(written[new])) if new in written else ()
        never = "" if new in written else f"'{new}' is not surely set in the same application"
        if any(each.kind is Kind.DELETE for each in component.occurrences):
            never = "some code deletes it, too"
        return Meant(component.name, new, never, never or self._doubt(component, written[new], spelt), classes)

    def _written(self, component: Component) -> Iterator[Component]:
        """Yield the components of the same application that are surely written, and not only as None."""
        for each in self._beside(component):
            if any(write.value_written for write in each.certain_writes):
                yield each

    def _beside(self, component: Component) -> Iterator[Component]:
        """Yield the components of the same application, or mounted one."""
        owner = component.occurrences[0].owner
        for (other, _), each in self.timeline.components(component.life).items():
            if other == owner:
                yield each

    def _doubt(self, component: Component, new: Component, spelt: list[str]) -> str:
        """Return why a name may be meant otherwise than as that of ``new``, empty if hardly."""
        old = component.name
        if len(spelt) > 1:
            return f"it may be meant for any of {', '.join(spelt)}"
        if not spelt and (gap := self._gap(component, new)):
            return gap
        if test := self.timeline.test_write(old):
            return f"a test sets it ({test.file}:{test.line})"
        if spelt and (word := min((_parts(old) - _parts(new.name)) & self._words, default="")):
            return f"'{word}' is a word of this project"
        return ""

    def _gap(self, component: Component, new: Component) -> str:
        """Return why a name that is no slip is not that of ``new`` with words left out, empty if it is.

        It is if no other name has its words, nothing reads ``new``, and no other reader lacks it.
        """
        old = component.name
        if not _shortens(old, new.name):
            return f"'{new.name}' is more than a slip away"
        longer = sorted(each.name for each in self._beside(component) if each.writes and _shortens(old, each.name))
        if len(longer) > 1:
            return f"it may be meant for any of {', '.join(longer)}"
        if not self.timeline.is_unread(new):
            return f"'{new.name}' is more than a slip away, and may have readers"
        others = {each.name for each in self._beside(component) if each in self.timeline.unwritten} - {old}
        if rival := min((each for each in others if _is_like(each, new.name)), default=""):
            return f"'{rival}' may be meant for '{new.name}', too"
        return ""

    @cached_property
    def _words(self) -> frozenset[str]:
        """The words of which the names in the project are made, those left out that nobody writes."""
        strange = re.compile("|".join(sorted({re.escape(each.name) for each in self.timeline.unwritten})) or "(?!)")
        found = {identifier for text in self.survey.texts.values() for identifier in _IDENTIFIER.findall(text)}
        return frozenset(_WORDS.union(*(_parts(each) for each in found if not strange.search(each))))


def _parts(name: str) -> frozenset[str]:
    return frozenset(_sequence(name))


def _sequence(name: str) -> list[str]:
    """Return the words of a name, in order."""
    return [word for word in name.lower().split("_") if word]


def _shortens(short: str, name: str) -> bool:
    """Tell whether a name is another one with words left out before or after: two words or more that are left."""
    kept, whole = _sequence(short), _sequence(name)
    starts = range(len(whole) - len(kept) + 1)
    return 1 < len(kept) < len(whole) and any(whole[start : start + len(kept)] == kept for start in starts)


def _is_like(short: str, name: str) -> bool:
    return is_misspelling(short, name) or _shortens(short, name)


# ---------------------------------------------------------------- types


def _classes(component: Component) -> Iterator[Symbol]:
    """Yield the classes of what is stored in a component, none if one is not known."""
    found = [class_of(write) for write in component.writes if write.value_written]
    known = [each for each in found if each is not None]
    return iter(known if len(known) == len(found) else ())


def _annotations(survey: Survey, place: Place) -> Iterator[Symbol]:
    """Yield the classes of the project as which the value read at ``place`` is annotated: a variable's, a result's."""
    facts = survey.project.facts[place.file]
    for block, returns in ((facts.body, None), *((each.body, each.returns) for each in facts.functions)):
        for statement in statements(block):
            if isinstance(statement, flow.Bind):
                value, annotation = statement.value, statement.annotation
            elif isinstance(statement, flow.Return):
                value, annotation = statement.value, returns
            else:
                continue
            if annotation is None or value is None or getattr(value, "at", None) != _at(place):
                continue
            symbol = survey.project.resolve(place.file, annotation)
            if symbol is not None and symbol.kind == "class":
                yield symbol


def _attributes(survey: Survey, place: Place) -> Iterator[str]:
    """Yield the names of the attributes that are taken from what is read at ``place``."""
    facts = survey.project.facts[place.file]
    for node in flow.nodes(facts.body, facts.functions, facts.classes):
        if isinstance(node, flow.Attr) and getattr(node.value, "at", None) == _at(place):
            yield node.name


def _at(place: Place) -> flow.At:
    return (place.line, place.column, place.end_line, place.end_column)


def _is_a(survey: Survey, cls: Symbol, wanted: Symbol) -> bool:
    """Tell whether a class is, or may be, another one."""
    mro = survey.project.mro(cls.file, cls.index)
    bases = survey.project.mro(wanted.file, wanted.index)
    is_known = all(each.kind == "class" for each in mro)
    is_open = any(each.name.rpartition(".")[2] in ("Protocol", "?") for each in bases)
    return not is_known or is_open or any((each.file, each.index) == (wanted.file, wanted.index) for each in mro)


def _may_have(survey: Survey, cls: Symbol, attribute: str) -> bool:
    """Tell whether instances of a class may have an attribute: its code mentions it, or that of a base does."""
    mro = survey.project.mro(cls.file, cls.index)
    if any(each.kind != "class" for each in mro):
        return True
    names = {name for each in mro for name in _names(survey, each)}
    return attribute in names or not names.isdisjoint(_MAKES_ATTRIBUTES)


def _names(survey: Survey, cls: Symbol) -> Iterator[str]:
    """Yield all names that the code of a class mentions, and those of its decorators and methods."""
    facts = survey.project.facts[cls.file]
    own = survey.project.cls(cls.file, cls.index)
    inside = [each for each in facts.functions if each.qualname.startswith(f"{own.qualname}.")]
    yield from (each.name for each in inside)
    for node in flow.nodes(own.body, own.decorators, own.keywords, *(each.body for each in inside)):
        if isinstance(node, flow.Attr):
            yield node.name
        elif isinstance(node, flow.Name):
            yield node.id
