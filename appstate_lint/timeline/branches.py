"""Tests on abstract values: the path on which one is true, and the one on which it is false."""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Expr
from appstate_lint.model import Phase
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.items import Items
from appstate_lint.timeline.paths import Path, merge
from appstate_lint.timeline.presence import LOCAL, Fact, Facts, is_about
from appstate_lint.timeline.truth import (
    IS_NONE,
    as_test,
    condition_of,
    equality,
    equals,
    named_test,
    none_test,
    ordering,
    truth_of,
)
from appstate_lint.timeline.values import NONE as NONE_VALUE
from appstate_lint.timeline.values import (
    UNKNOWN,
    Holder,
    Literal,
    Loaded,
    Narrow,
    Object,
    StateDict,
    Test,
    Unknown,
    Value,
    join,
    join_all,
    literal_names,
    options,
    plain,
)


class Branches(Items):
    """Evaluates tests, and splits paths by them."""

    def branch(self, expr: Expr, path: Path) -> tuple[Path | None, Path | None]:
        """Evaluate a test; return the path on which it is true and the one on which it is false."""
        match expr:
            case flow.Not(value=value):
                yes, no = self.branch(value, path)
                return no, yes
            case flow.Bool(op=op, values=values):
                return self.branch_all(op, values, path)
            case flow.Walrus(target=target, value=value):
                result = self.evaluate(value, path)
                self.assign(target, result, path)
                return self.split(result, path)
        tested = self.evaluate(expr, path)
        before = path.facts
        yes, no = self.split(tested, path)
        condition = self.of_variable(expr)
        if condition and yes is not None and no is not None and yes.facts == no.facts == before:
            return self.hold(yes, condition, True), self.hold(no, condition, False)
        return yes, no

    def of_variable(self, expr: Expr) -> str:
        """Return the condition that a variable's value is true, or is ``None``; empty for other expressions.

        Not while serving: elsewhere readers often stand under the condition of the write in one function.
        """
        if not self.outside_serving():
            return ""
        match expr:
            case flow.Name(id=name):
                return self.value_name(name)
            case flow.Compare(op="is", left=flow.Name(id=name), right=flow.Const(value=None)):
                return f"{self.value_name(name)}{IS_NONE}"
        return ""

    def value_name(self, name: str) -> str:
        """Return a name for the value that a variable of the running function has got last."""
        frame = self.frame
        return f"{LOCAL}{frame.file}:{frame.index}:{name}#{frame.bindings.get(name, 0)}"

    def outside_serving(self) -> bool:
        """Tell whether a function runs before the service serves, or after it has."""
        return self.frame.function is not None and self.phase is not Phase.SERVING

    def branch_all(self, op: str, values: tuple[Expr, ...], path: Path) -> tuple[Path | None, Path | None]:
        going: Path | None = path
        left: Path | None = None
        known = path.facts
        stable = True
        for value in values:
            if going is None or going.dead:
                break
            before = going.facts
            yes, no = self.branch(value, going)
            going, leaving = (yes, no) if op == "and" else (no, yes)
            left = merge(left, leaving)
            stable = stable and going is not None and any(not is_about(name) for name, _ in going.facts - before)
        if stable:
            self.name_whole(known, going, left)
        return (going, left) if op == "and" else (left, going)

    def name_whole(self, known: Facts, going: Path | None, left: Path | None) -> None:
        """Give the whole of an ``and`` (or of a negated ``or``) a name: its opposite holds where it ended early."""
        new = self.basic(going.facts, going.facts - known) if going is not None else ()
        parts = sorted(each for each in new if not is_about(each[0]))
        if len(parts) < 2 or going is None:
            return
        name = self.whole_of(parts)
        self.hold(going, name, True)
        if left is not None:
            self.hold(left, name, False)

    def whole_of(self, parts: list[Fact]) -> str:
        """Return the name of the condition that all of some conditions hold, and know it from now on."""
        name = " and ".join(condition if truth else f"not {condition}" for condition, truth in parts)
        if name not in self.parts_of_whole:
            self.parts_of_whole[name] = frozenset(parts)
            for condition, _ in parts:
                self.wholes.setdefault(condition, []).append(name)
        return name

    def basic(self, known: Facts, new: Facts) -> Iterator[Fact]:
        """Yield the ``new`` facts that do not follow from others: wholes of wholes would grow without end."""
        for name, truth in new:
            parts = self.parts_of_whole.get(name)
            if parts is None or not (
                parts <= known if truth else any((each, not held) in known for each, held in parts)
            ):
                yield name, truth

    def split(self, value: Value, path: Path) -> tuple[Path | None, Path | None]:
        """Return ``path`` where ``value`` is true, and where it is false."""
        if path.dead:
            return None, None
        other = path.fork()
        return self.suppose(path, value, True), self.suppose(other, value, False)

    # ------------------------------------------------------------ tests for their value

    def boolean(self, expr: flow.Bool, path: Path) -> Value:
        """Evaluate ``and``/``or`` for its value."""
        going: Path | None = path.fork()
        left: Path | None = None
        result: Value | None = None
        tests: list[Value] = []
        for index, part in enumerate(expr.values):
            if going is None or going.dead:
                break
            value = self.evaluate(part, going)
            tests.append(value)
            if index == len(expr.values) - 1:
                left = merge(left, going)
                result = value if result is None else join(result, value)
                break
            yes, no = self.split(value, going)
            going, leaving = (yes, no) if expr.op == "and" else (no, yes)
            if leaving is not None:
                kept = _when_leaving(value, expr.op)
                if kept is not None:
                    result = kept if result is None else join(result, kept)
            left = merge(left, leaving)
        path.become(left)
        combined = self.stable_whole(expr.op, tests) or _combine(expr.op, tests)
        return combined if combined is not None else (result if result is not None else UNKNOWN)

    def stable_whole(self, op: str, values: list[Value]) -> Test | None:
        """Return what an ``and``/``or`` of nothing but stable conditions says, ``None`` for others."""
        tests = [as_test(value) for value in values if isinstance(value, (Test, Unknown))]
        sides = [test.when_true if op == "and" else test.when_false for test in tests if test is not None]
        facts = {(side[0].component, side[0].truth) for side in sides if len(side) == 1 and side[0].owner is None}
        if len(sides) < len(values) or len(facts) < len(values):
            return None
        parts = sorted(facts)
        name = self.whole_of(parts)
        all_hold = tuple(Narrow(None, condition, 0, truth) for condition, truth in (*parts, (name, True)))
        ends_early = (Narrow(None, name, 0, False),)
        return Test(all_hold, ends_early) if op == "and" else Test(ends_early, all_hold)

    def negation(self, expr: flow.Not, path: Path) -> Value:
        value = self.evaluate(expr.value, path)
        test = as_test(value)
        if test is not None:
            return Test(test.when_false, test.when_true)
        known = truth_of(value)
        return Literal(not known) if known is not None else UNKNOWN

    def compare(self, expr: flow.Compare, path: Path) -> Value:
        left, right = self.evaluate(expr.left, path), self.evaluate(expr.right, path)
        if path.dead:
            return UNKNOWN
        self.use(left)
        op = expr.op
        if op in ("in", "not in"):
            self.use(right)
            if self.is_first_start(left, expr):
                return Literal(op == "not in")
            return self.contains(left, right, op == "in", path, expr.at)
        if op in ("is", "is not", "==", "!="):
            positive = op in ("is", "==")
            test: Value | None
            if right == NONE_VALUE or left == NONE_VALUE:
                test = none_test(left if right == NONE_VALUE else right)
            elif isinstance(plain(right), Literal) and isinstance(plain(left), Literal):
                same = plain(left) == plain(right)
                return Literal(same if positive else not same)
            elif isinstance(right, Literal) and isinstance(right.value, bool):
                test = as_test(left) if right.value else _flip(as_test(left))
            else:
                test = equality(left, right)
            if isinstance(test, Literal):
                return test if positive else Literal(not test.value)
            if isinstance(test, Test):
                return test if positive else Test(test.when_false, test.when_true)
        if op in ("<", ">", "<=", ">="):
            return ordering(left, op, right)
        return UNKNOWN

    def is_first_start(self, left: Value, expr: flow.Compare) -> bool:
        """Tell whether start-up asks for its application in a collection into which it puts it further down.

        Where it finds it, an earlier start has left everything as this one does.
        """
        function = self.frame.function
        if function is None or self.phase is not Phase.STARTUP or not isinstance(expr.right, flow.Name):
            return False
        application = single(plain(left))
        if not isinstance(application, Object) or self.kind(application) != "application":
            return False
        return any(
            isinstance(call, flow.Call)
            and isinstance(call.func, flow.Attr)
            and call.func.name in ("add", "append")
            and flow.last_name(call.func.value) == expr.right.id
            and [flow.last_name(arg) for arg in call.args] == [flow.last_name(expr.left)]
            for call in flow.nodes(function.body)
        )

    def contains(self, left: Value, right: Value, positive: bool, path: Path, at: At) -> Value:
        """Evaluate ``left in right``; in a holder, that asks for a component."""
        name = plain(left)
        key = str(name.value) if isinstance(name, Literal) else ""
        tests = [self.contains_one(name, self.as_holder(each, key), path, at) for each in options(single(plain(right)))]
        asked = [each for each in tests if isinstance(each, Test)]
        if not asked or len(asked) < len(tests):
            return UNKNOWN
        found = tuple(fact for each in asked for fact in each.when_true)
        missing = tuple(fact for each in asked for fact in each.when_false)
        return Test(found, missing) if positive else Test(missing, found)

    def contains_one(self, name: Value, holder: Value, path: Path, at: At) -> Value:
        if not isinstance(holder, (Holder, StateDict)):
            return self.membership(name, holder)
        names = literal_names(name)
        if names is None or len(names) != 1:
            self.dynamic(holder.owner, at, writes=False)
            return UNKNOWN
        return self.ask(holder.owner, names[0], at, path)

    def membership(self, element: Value, container: Value) -> Value:
        """Return what ``element in container`` says, if one is stable and the other constant."""
        stable = condition_of(container)
        if stable and isinstance(element, Literal):
            return named_test(f"{element.value!r} in {stable}")
        stable, members = condition_of(element), self.members(container) or ()
        values = [each for each in members if isinstance(each, Literal)]
        if not stable or not values or len(values) < len(members):
            return UNKNOWN
        equal = sorted({equals(stable, each) for each in values})
        if len(equal) == 1:
            return named_test(equal[0])
        none_of = tuple(Narrow(None, each, 0, False) for each in equal)
        no_other = (Narrow(None, each, 0, False) for each in self.choices.get(stable, ()) if each not in equal)
        return Test((Narrow(None, self.whole_of([(each, False) for each in equal]), 0, False), *no_other), none_of)

    def choice(self, expr: flow.IfElse, path: Path) -> Value:
        yes, no = self.branch(expr.test, path.fork())
        first = self.evaluate(expr.body, yes) if yes is not None and not yes.dead else None
        second = self.evaluate(expr.orelse, no) if no is not None and not no.dead else None
        path.become(merge(yes, no))
        if first is None or second is None:
            return first or second or UNKNOWN
        return join(first, second)


def _flip(test: Test | None) -> Value:
    return Test(test.when_false, test.when_true) if test is not None else UNKNOWN


def _combine(op: str, values: list[Value]) -> Value | None:
    """Return what an ``and``/``or`` of tests says; ``None`` if its value is wanted as such."""
    if not any(isinstance(value, Test) for value in values):
        return None
    tests = [as_test(value) for value in values]
    if op == "and":
        return Test(tuple(each for test in tests if test for each in test.when_true), ())
    return Test((), tuple(each for test in tests if test for each in test.when_false))


def _when_leaving(value: Value, op: str) -> Value | None:
    """Return what ``value`` can be where ``and`` (or ``or``) ends with it."""
    truth = op == "or"
    if isinstance(value, Loaded) and truth:
        return Loaded(value.owner, value.component, value.value)
    kept = [option for option in options(value) if truth_of(option) is not (not truth)]
    return join_all(kept) if kept else None
