"""Displays and comprehensions on abstract values."""

from __future__ import annotations

from appstate_lint.facts import flow
from appstate_lint.facts.flow import Expr
from appstate_lint.timeline.branches import Branches
from appstate_lint.timeline.paths import Path, merge
from appstate_lint.timeline.values import UNKNOWN, DictValue, ListValue, TupleValue, Value, join, plain

MOST_ITEMS = 200


class Displays(Branches):
    """Evaluates what makes tuples, lists and dicts."""

    def sequence(self, expr: flow.Sequence, path: Path) -> Value:
        items = self.spread(expr.items, path)
        if expr.kind == "tuple":
            return TupleValue(items) if items is not None else UNKNOWN
        number = self.number(("list", self.site(expr.at)))
        cell = self.list_cell(number)
        cell.display = True
        if items is None:
            cell.open = True
        else:
            for item in items:
                if item not in cell.items:
                    cell.items.append(item)
        return ListValue(number)

    def spread(self, exprs: tuple[Expr, ...], path: Path) -> tuple[Value, ...] | None:
        """Return the values of a display or argument list, starred ones unpacked; ``None`` if one is not known."""
        values: list[Value] = []
        known = True
        for expr in exprs:
            if isinstance(expr, flow.Star):
                source = self.evaluate(expr.value, path)
                inner = self.members(source)
                if inner is None and (some := self.some_members(source)):
                    inner = (*(join(each, UNKNOWN) for each in some), UNKNOWN)
                if inner is None:
                    known = False
                else:
                    values.extend(inner)
            else:
                values.append(self.evaluate(expr, path))
        return tuple(values) if known else None

    def mapping(self, expr: flow.Mapping, path: Path) -> Value:
        number = self.number(("dict", self.site(expr.at)))
        cell = self.dict_cell(number)
        cell.display = True
        for key, value_expr in expr.items:
            if key is None:
                whole = self.evaluate(value_expr, path)
                self.use(whole)
                self.update_dict(number, whole)
                continue
            name, value = plain(self.evaluate(key, path)), self.evaluate(value_expr, path)
            self.put_item(cell_number=number, name=name, value=value)
        return DictValue(number)

    def comprehension(self, expr: flow.Comprehension, path: Path) -> Value:
        inner = path.fork()
        is_dict = expr.kind == "dict"
        number = self.number(("dict" if is_dict else "list", self.site(expr.at), "comprehension"))
        self.conditional += 1
        self.clause(expr, 0, inner, number)
        self.conditional -= 1
        path.store, path.dead = inner.store, path.dead
        return DictValue(number) if is_dict else ListValue(number)

    def clause(self, expr: flow.Comprehension, depth: int, path: Path, number: int) -> None:
        """Run one ``for`` of a comprehension and what is inside it."""
        if depth == len(expr.clauses):
            value = self.evaluate(expr.value, path)
            if expr.key is not None:
                self.put_item(number, plain(self.evaluate(expr.key, path)), value)
            elif value not in self.list_cell(number).items and len(self.list_cell(number).items) < MOST_ITEMS:
                self.list_cell(number).items.append(value)
            return
        target, iterable, tests = expr.clauses[depth]
        source = self.evaluate(iterable, path)
        self.use(source)
        items = self.members(source)
        known = items is not None
        if items is None:
            if expr.key is None:
                self.list_cell(number).open = True
            else:
                self.dict_cell(number).open = True
            items = (self.element(source),)
        for each in items[:MOST_ITEMS]:
            once = path.fork()
            self.bind_local(target, each, once)
            alive: Path | None = once
            skipped: Path | None = None if known else path
            for test in tests:
                if alive is not None:
                    alive, no = self.branch(test, alive)
                    skipped = merge(skipped, no)
            if alive is not None and not alive.dead:
                self.clause(expr, depth + 1, alive, number)
            path.become(merge(alive, skipped))

    def bind_local(self, target: Expr, value: Value, path: Path) -> None:
        """Bind the variables of a comprehension, which are its own."""
        match target:
            case flow.Name(id=name):
                path.bind(name, value)
            case flow.Sequence(items=items):
                parts = self.unpacked(value, len(items)) or (UNKNOWN,) * len(items)
                for item, part in zip(items, parts, strict=True):
                    self.bind_local(item, part, path)
            case flow.Star(value=inner):
                self.bind_local(inner, UNKNOWN, path)
