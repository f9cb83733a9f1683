"""Ingredients: which components the value of an expression was made from, as far as names and calls show it.

A component is an ingredient of what a statement stores if that statement reads it, in itself or in what it calls, or
mentions a variable, parameter or attribute of ``self`` whose own value has it. This is followed before serving only,
and only where contracts ask for it.
"""

from __future__ import annotations

from typing import NamedTuple

from appstate_lint.facts import flow
from appstate_lint.facts.flow import Expr
from appstate_lint.model import Phase
from appstate_lint.timeline.frames import Frame
from appstate_lint.timeline.heap import Heap
from appstate_lint.timeline.presence import PRESENT
from appstate_lint.timeline.values import Object

Names = frozenset[str]
NO_NAMES: Names = frozenset()


class Outer(NamedTuple):
    """What a frame knew before a statement began."""

    frame: Frame
    read: set[str]
    mentioned: Names


class Ingredients(Heap):
    """Follows the names of components through statements and calls."""

    def begin(self, *exprs: Expr | None) -> Outer | None:
        """Note that a statement begins, whose value ``exprs`` make; return what :meth:`end` needs."""
        if not self.tracing or self.phase.rank >= Phase.SERVING.rank or not self.frames:
            return None
        outer = Outer(self.frame, self.frame.read, self.frame.mentioned)
        self.frame.read, self.frame.mentioned = set(), self.mentioned(*exprs)
        return outer

    def note_read(self, component: str, bits: int) -> None:
        """Note that a component was read; before serving, what surely is not there is no ingredient."""
        if bits & PRESENT or self.phase.rank >= Phase.SERVING.rank:
            self.frame.read.add(component)

    def end(self, outer: Outer | None) -> None:
        """Note that a statement ends."""
        if outer is not None:
            outer.frame.read |= outer.read
            outer.frame.mentioned = outer.mentioned

    def made_from(self) -> Names:
        """Return the ingredients of the value that the running statement makes, so far."""
        if not self.tracing or self.phase.rank >= Phase.SERVING.rank or not self.frames:
            return NO_NAMES
        return self.frame.mentioned.union(self.frame.read)

    def mentioned(self, *exprs: Expr | None) -> Names:
        """Return the ingredients of the variables and attributes that expressions mention."""
        frame, found = self.frame, set[str]()
        for node in flow.nodes(exprs):
            match node:
                case flow.Name(id=name):
                    found |= frame.ingredients.get(name) or self.around(frame, name)
                case flow.Attr(value=flow.Name(id="self"), name=name) if isinstance(frame.self_value, Object):
                    found |= self.kept_ingredients.get((frame.self_value.site, name), NO_NAMES)
        return frozenset(found)

    def around(self, frame: Frame, name: str) -> Names:
        """Return the ingredients of a variable of the functions that a frame's function is defined in."""
        holding = (scoped for scoped in self.enclosing(frame) if name in scoped.variables)
        found = next(holding, None)
        return found.ingredients.get(name, NO_NAMES) if found is not None else NO_NAMES

    def note_target(self, target: Expr | None, names: Names) -> None:
        """Note the ingredients of what a target now holds."""
        frame = self.frame
        match target:
            case flow.Name(id=name):
                frame.ingredients[name] = names
            case flow.Attr(value=flow.Name(id="self"), name=name) if isinstance(frame.self_value, Object):
                if names and not self.muted:
                    key = (frame.self_value.site, name)
                    self.kept_ingredients[key] = self.kept_ingredients.get(key, NO_NAMES) | names
            case flow.Sequence(items=items):
                for each in items:
                    self.note_target(each, names)

    def note_use(self, expr: Expr) -> None:
        """Note that a method was called for its effect: what it was given is in its object from here on."""
        call = expr.value if isinstance(expr, flow.Await) else expr
        if isinstance(call, flow.Call) and isinstance(call.func, flow.Attr) and isinstance(call.func.value, flow.Name):
            name = call.func.value.id
            if name != "self" and name in self.frame.ingredients:
                self.frame.ingredients[name] |= self.made_from()
