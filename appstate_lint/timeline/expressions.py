"""Expressions on abstract values: which method evaluates which, and those that are of no other part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from appstate_lint.facts import flow
from appstate_lint.facts.flow import Expr
from appstate_lint.timeline.displays import Displays
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.values import (
    UNKNOWN,
    DictValue,
    FunctionValue,
    ListValue,
    Literal,
    TupleValue,
    Value,
    plain,
)


class Expressions(Displays):
    """Evaluates expressions; what they read and write is written down on the way."""

    _evaluators: ClassVar[dict[type, Callable[[Any, Any, Path], Value]]]

    def __init_subclass__(cls) -> None:
        """Look the methods that evaluate up once for each class: some are those of a class further down."""
        cls._evaluators = {kind: getattr(cls, name) for kind, name in _EVALUATORS.items() if hasattr(cls, name)}

    def evaluate(self, expr: Expr, path: Path) -> Value:
        """Return the value of an expression on ``path``, which goes on as the expression leaves it."""
        return self._evaluators[type(expr)](self, expr, path)

    def constant(self, expr: flow.Const, path: Path) -> Value:
        return Literal(expr.value)

    def opaque(self, expr: flow.Opaque, path: Path) -> Value:
        for part in expr.parts:
            self.evaluate(part, path)
        return UNKNOWN

    def variable(self, expr: flow.Name, path: Path) -> Value:
        return self.find(expr.id, path)

    def walrus(self, expr: flow.Walrus, path: Path) -> Value:
        value = self.evaluate(expr.value, path)
        self.assign(expr.target, value, path)
        return value

    def starred(self, expr: flow.Star, path: Path) -> Value:
        value = self.evaluate(expr.value, path)
        self.use(value)
        return value

    def lambda_(self, expr: flow.Lambda, path: Path) -> Value:
        return FunctionValue(self.frame.file, expr.function, self.closure(path))

    def closure(self, path: Path) -> int:
        """Return the number of the variables that functions made here close over."""
        return self.frame.scope if self.frame.function is not None else self.frame.outer

    # ------------------------------------------------------------ text and sums

    def text(self, expr: flow.Text, path: Path) -> Value:
        parts: list[str] = []
        for part in expr.parts:
            value = plain(self.evaluate(part, path))
            if not isinstance(value, Literal) or not isinstance(value.value, (str, int)):
                parts = []
                return self.rest_of_text(expr, part, path)
            parts.append(str(value.value))
        return Literal("".join(parts))

    def rest_of_text(self, expr: flow.Text, after: Expr, path: Path) -> Value:
        """Evaluate what follows a part that is not constant, for what it reads."""
        for part in expr.parts[expr.parts.index(after) + 1 :]:
            self.evaluate(part, path)
        return UNKNOWN

    def binary(self, expr: flow.Binary, path: Path) -> Value:
        operands = self.evaluate(expr.left, path), self.evaluate(expr.right, path)
        for each in operands:
            self.use(each)
        left, right = map(plain, operands)
        match left, right:
            case Literal(value=str(first)), Literal(value=str(second)) if expr.op == "+":
                return Literal(first + second)
            case Literal(value=str(first)), Literal(value=second) if expr.op == "%" and first.count("%") == 1:
                return Literal(first.replace("%s", str(second)))
            case TupleValue(items=first), TupleValue(items=second) if expr.op == "+":
                return TupleValue(first + second)
            case ((ListValue() | TupleValue()), (ListValue() | TupleValue())) if expr.op == "+":
                return self.joined_list(left, right)
            case DictValue(), DictValue() if expr.op == "|":
                number = self.number(("union", left.number, right.number))
                self.update_dict(number, left)
                self.update_dict(number, right)
                return DictValue(number)
        return UNKNOWN


_EVALUATORS: dict[type, str] = {
    flow.Const: "constant", flow.Opaque: "opaque", flow.Name: "variable", flow.Attr: "attribute_of",
    flow.Item: "item_of", flow.Call: "call", flow.Star: "starred", flow.Sequence: "sequence",
    flow.Mapping: "mapping", flow.Bool: "boolean", flow.Not: "negation", flow.Compare: "compare",
    flow.IfElse: "choice", flow.Lambda: "lambda_", flow.Text: "text", flow.Binary: "binary",
    flow.Comprehension: "comprehension", flow.Walrus: "walrus", flow.Await: "awaited", flow.Yield: "yielded",
    flow.YieldFrom: "delegated",
}  # fmt: skip
"""The names of the methods that evaluate each kind of expression."""
