"""Statements of ``ast`` → those of :mod:`appstate_lint.facts.flow`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from appstate_lint.facts import flow
from appstate_lint.facts.exports import exported_strings, exports
from appstate_lint.facts.expressions import NOTHING, OPERATORS, Expressions, Scope, encodable
from appstate_lint.facts.flow import Block, FileFacts


class Statements(Expressions):
    """One pass over a tree whose columns count characters."""

    def file(self, tree: ast.Module) -> FileFacts:
        body = self.block(tree.body)
        functions = tuple(function for function in self.functions if function)
        classes = tuple(cls for cls in self.classes if cls)
        listed = tuple(flow.Quote(encodable(str(node.value)), self.at(node)) for node in exported_strings(tree.body))
        return FileFacts(functions, classes, body, exports(tree.body), "", tuple(self.quotes), listed)

    def block(self, statements: Iterable[ast.stmt]) -> Block:
        lowered: list[flow.Stmt] = []
        for statement in statements:
            method = _STATEMENTS.get(type(statement))
            if method is not None:
                lowered.extend(method(self, statement))
        return tuple(lowered)

    def do(self, node: ast.Expr) -> Block:
        if isinstance(node.value, ast.Constant):
            return ()
        value = self.expr(node.value)
        if isinstance(value, flow.Const) or value == NOTHING:
            return ()
        return (flow.Do(value),)

    def assign(self, node: ast.Assign) -> Block:
        targets = tuple([self.target(target) for target in node.targets])
        return (flow.Bind(targets, self.expr(node.value), None, node.lineno),)

    def annotated(self, node: ast.AnnAssign) -> Block:
        value = self.expr(node.value) if node.value is not None else None
        return (flow.Bind((self.target(node.target),), value, self.annotation(node.annotation), node.lineno),)

    def augmented(self, node: ast.AugAssign) -> Block:
        operator = OPERATORS.get(type(node.op), "?")
        return (flow.Augment(self.target(node.target), operator, self.expr(node.value), node.lineno),)

    def returned(self, node: ast.Return) -> Block:
        return (flow.Return(self.expr(node.value) if node.value else None, node.lineno),)

    def raised(self, node: ast.Raise) -> Block:
        return (flow.Raise(self.expr(node.exc) if node.exc else None, node.lineno),)

    def branch(self, node: ast.If) -> Block:
        chain = [node]
        while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            node = node.orelse[0]
            chain.append(node)
        tests = [(self.expr(part.test), self.block(part.body), part.lineno) for part in chain]
        rest = self.block(node.orelse)
        for test, body, line in reversed(tests):
            rest = (flow.If(test, body, rest, line),)
        return rest

    def loop(self, node: ast.For | ast.AsyncFor) -> Block:
        iterable = self.expr(node.iter)
        target = self.target(node.target)
        is_async = isinstance(node, ast.AsyncFor)
        return (flow.For(target, iterable, self.block(node.body), self.block(node.orelse), is_async, node.lineno),)

    def repeat(self, node: ast.While) -> Block:
        return (flow.While(self.expr(node.test), self.block(node.body), self.block(node.orelse), node.lineno),)

    def attempt(self, node: ast.Try) -> Block:
        body = self.block(node.body)
        handlers = tuple(self.handler(handler) for handler in node.handlers)
        return (flow.Try(body, handlers, self.block(node.orelse), self.block(node.finalbody), node.lineno),)

    def handler(self, node: ast.ExceptHandler) -> flow.Handler:
        kinds: list[ast.expr] = []
        if isinstance(node.type, ast.Tuple):
            kinds = node.type.elts
        elif node.type is not None:
            kinds = [node.type]
        if node.name:
            self.scopes[-1].locals.add(node.name)
        types = tuple(self.expr(kind) for kind in kinds)
        head = self.at(node)
        end = self.at(node.type)[2:] if node.type is not None else (head[0], head[1] + len("except"))
        return flow.Handler(types, node.name or "", self.block(node.body), (*head[:2], *end))

    def within(self, node: ast.With | ast.AsyncWith) -> Block:
        entries = tuple(
            (self.expr(part.context_expr), self.target(part.optional_vars) if part.optional_vars else None)
            for part in node.items
        )
        return (flow.With(entries, self.block(node.body), isinstance(node, ast.AsyncWith), node.lineno),)

    def match(self, node: ast.Match) -> Block:
        subject = self.expr(node.subject)
        return (flow.Match(subject, tuple(self.case(case) for case in node.cases), node.lineno),)

    def case(self, node: ast.match_case) -> flow.Case:
        names = tuple(
            str(name)
            for part in ast.walk(node.pattern)
            for name in (getattr(part, "name", None), getattr(part, "rest", None))
            if name
        )
        self.scopes[-1].locals.update(names)
        pattern = node.pattern
        value = self.expr(pattern.value) if isinstance(pattern, ast.MatchValue) else None
        if isinstance(pattern, ast.MatchSingleton) and pattern.value is None:
            value = flow.Const(None)
        always = isinstance(pattern, ast.MatchAs) and pattern.pattern is None
        guard = self.expr(node.guard) if node.guard else None
        return flow.Case(value, names, always, guard, self.block(node.body))

    def define(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Block:
        self.scopes[-1].locals.add(node.name)
        return (flow.Define(self.function(node, node.name, node.body, node.decorator_list, node.returns)),)

    def define_class(self, node: ast.ClassDef) -> Block:
        self.scopes[-1].locals.add(node.name)
        outer = self.scopes[-1]
        index = len(self.classes)
        self.classes.append(None)
        bases = tuple(self.expr(base) for base in node.bases)
        keywords = tuple((word.arg or "", self.expr(word.value)) for word in node.keywords)
        decorators = tuple(self.expr(decorator) for decorator in node.decorator_list)
        qualname = outer.prefix + node.name
        self.scopes.append(Scope(qualname + ".", outer.function, index))
        body = self.block(node.body)
        outer.nested |= self.scopes.pop().nested  # methods close over the variables around their class
        self.classes[index] = flow.Class(
            node.name, qualname, bases, keywords, decorators, body, outer.function, self.at(node)
        )
        return (flow.DefineClass(index),)

    def imports(self, node: ast.Import) -> Block:
        for alias in node.names:
            self.scopes[-1].locals.add(alias.asname or alias.name.partition(".")[0])
        return tuple(flow.Import(alias.name, alias.asname or "", node.lineno) for alias in node.names)

    def imports_from(self, node: ast.ImportFrom) -> Block:
        self.scopes[-1].locals.update(alias.asname or alias.name for alias in node.names)
        return tuple(
            flow.ImportFrom(node.module or "", node.level, alias.name, alias.asname or "", self.at(alias))
            for alias in node.names
        )

    def delete(self, node: ast.Delete) -> Block:
        return (flow.Delete(tuple(self.target(target) for target in node.targets)),)

    def outer(self, node: ast.Global | ast.Nonlocal) -> Block:
        kind = "global" if isinstance(node, ast.Global) else "nonlocal"
        self.scopes[-1].outer.update(node.names)
        return (flow.Outer(kind, tuple(node.names)),)

    def asserted(self, node: ast.Assert) -> Block:
        return (flow.Assert(self.expr(node.test), node.lineno),)

    def alias(self, node: ast.AST) -> Block:
        """Lower ``type X = ...`` (Python 3.12)."""
        name, value = getattr(node, "name", None), getattr(node, "value", None)
        if not isinstance(name, ast.Name) or not isinstance(value, ast.expr):
            return ()
        return (flow.Bind((self.target(name),), self.expr(value), None, name.lineno),)

    def leave(self, node: ast.Break | ast.Continue) -> Block:
        return (flow.Break(),) if isinstance(node, ast.Break) else (flow.Continue(),)


_S = Statements
_STATEMENTS: dict[type[ast.AST], Callable[[Statements, Any], Block]] = {
    ast.Expr: _S.do, ast.Assign: _S.assign, ast.AnnAssign: _S.annotated, ast.AugAssign: _S.augmented,
    ast.Return: _S.returned, ast.Raise: _S.raised, ast.If: _S.branch, ast.For: _S.loop, ast.AsyncFor: _S.loop,
    ast.While: _S.repeat, ast.Try: _S.attempt, ast.With: _S.within, ast.AsyncWith: _S.within, ast.Match: _S.match,
    ast.FunctionDef: _S.define, ast.AsyncFunctionDef: _S.define, ast.ClassDef: _S.define_class,
    ast.Import: _S.imports, ast.ImportFrom: _S.imports_from, ast.Delete: _S.delete, ast.Global: _S.outer,
    ast.Nonlocal: _S.outer, ast.Assert: _S.asserted, ast.Break: _S.leave, ast.Continue: _S.leave,
}  # fmt: skip
for _newer, _method in (("TryStar", _S.attempt), ("TypeAlias", _S.alias)):
    if hasattr(ast, _newer):
        _STATEMENTS[getattr(ast, _newer)] = _method
