"""The arrow text → facts: parse with ``ast`` and lower the tree to :mod:`appstate_lint.facts.flow`.

Parsing never fails: a text that cannot be parsed gives facts that say why. Deeply nested code is parsed in a thread
with a large stack.
"""

from __future__ import annotations

import ast
import gc
import re
import sys
import threading
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Block, Expr, FileFacts

STACK_BYTES = 512 * 1024 * 1024
DEEP_RECURSION_LIMIT = 1_000_000
_INTEGER_LIMIT = 2**63
_DOTTED = re.compile(r"[^\W\d]\w{0,99}(?:[.:][^\W\d]\w{0,99}){1,20}")
_MODULE = re.compile(r"\.{0,9}[^\W\d]\w{0,99}(?:\.[^\W\d]\w{0,99}){0,20}")
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Is: "is", ast.IsNot: "is not", ast.Eq: "==", ast.NotEq: "!=", ast.In: "in", ast.NotIn: "not in",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
    ast.Add: "+", ast.BitOr: "|", ast.Mod: "%",
}  # fmt: skip
_KINDS: dict[type[ast.AST], str] = {
    ast.List: "list", ast.Tuple: "tuple", ast.Set: "set",
    ast.ListComp: "list", ast.SetComp: "set", ast.GeneratorExp: "generator", ast.DictComp: "dict",
}  # fmt: skip


def extract(text: str) -> FileFacts:
    """Return the facts of a file's decoded ``text``; a text that cannot be parsed gives facts with ``error`` set."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _extract(text)
    except (RecursionError, MemoryError):
        return with_large_stack(lambda: _contained(text))
    finally:
        if collecting:
            gc.enable()


def with_large_stack(work: Callable[[], FileFacts]) -> FileFacts:
    """Run ``work`` in a thread whose stack is large enough for deeply nested code."""
    results: list[FileFacts] = []
    limit, size = sys.getrecursionlimit(), threading.stack_size(STACK_BYTES)
    sys.setrecursionlimit(DEEP_RECURSION_LIMIT)
    try:
        thread = threading.Thread(target=lambda: results.append(work()))
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    return results[0] if results else failed("too deeply nested")


def failed(reason: str) -> FileFacts:
    """Return the facts of a file that cannot be read: nothing but the reason."""
    return FileFacts((), (), (), None, reason)


def _contained(text: str) -> FileFacts:
    try:
        return _extract(text)
    except (RecursionError, MemoryError):
        return failed("too deeply nested")


def _extract(text: str) -> FileFacts:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        reason = getattr(error, "msg", None) or str(error)
        return failed(f"line {line}: {reason}" if line else reason)
    if not text.isascii():
        _count_characters(tree, text)
    return _Lowering().file(tree)


def _count_characters(tree: ast.Module, text: str) -> None:
    """Let the columns of ``tree`` count characters: those of ``ast`` count the bytes of UTF-8."""
    lines = enumerate(text.split("\n"), 1)
    wide = {number: line.encode("utf-8", "surrogatepass") for number, line in lines if not line.isascii()}
    numbers = [*wide]
    waiting: list[ast.AST] = [tree]
    while waiting:
        node: Any = waiting.pop()
        if hasattr(node, "lineno"):
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
            if bisect_left(numbers, first) == bisect_right(numbers, node.end_lineno):
                continue
            node.col_offset = _characters(wide.get(node.lineno), node.col_offset)
            node.end_col_offset = _characters(wide.get(node.end_lineno), node.end_col_offset)
        waiting.extend(ast.iter_child_nodes(node))


def _characters(line: bytes | None, column: int) -> int:
    """Return how many characters ``column`` bytes of a line are; it is None if they are as many."""
    return column if line is None else len(line[:column].decode("utf-8", "replace"))


class _Lowering:
    """One pass over a tree whose columns count characters; holds the tables that the records point into."""

    def __init__(self) -> None:
        self.functions: list[flow.Function | None] = []
        self.classes: list[flow.Class | None] = []
        self.scopes: list[_Scope] = [_Scope("", -1, -1)]
        self.quotes: list[flow.Quote] = []

    def file(self, tree: ast.Module) -> FileFacts:
        body = self.block(tree.body)
        functions = tuple(function for function in self.functions if function)
        classes = tuple(cls for cls in self.classes if cls)
        listed = tuple(flow.Quote(_encodable(str(node.value)), self.at(node)) for node in _listed(tree.body))
        return FileFacts(functions, classes, body, _exports(tree.body), "", tuple(self.quotes), listed)

    # ------------------------------------------------------------ places

    def at(self, node: Any) -> At:
        """Return the place of a node that has one; ``Any`` because types do not know that the parser sets its end."""
        return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)

    # ------------------------------------------------------------ statements

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
        if isinstance(value, flow.Const) or value == _NOTHING:
            return ()
        return (flow.Do(value),)

    def assign(self, node: ast.Assign) -> Block:
        targets = tuple([self.target(target) for target in node.targets])
        return (flow.Bind(targets, self.expr(node.value), None, node.lineno),)

    def annotated(self, node: ast.AnnAssign) -> Block:
        value = self.expr(node.value) if node.value is not None else None
        return (flow.Bind((self.target(node.target),), value, self.annotation(node.annotation), node.lineno),)

    def augmented(self, node: ast.AugAssign) -> Block:
        operator = _OPERATORS.get(type(node.op), "?")
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
        self.scopes.append(_Scope(qualname + ".", outer.function, index))
        body = self.block(node.body)
        self.scopes.pop()
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

    # ------------------------------------------------------------ functions

    def function(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        name: str,
        body: list[ast.stmt],
        decorators: list[ast.expr],
        returns: ast.expr | None,
    ) -> int:
        outer = self.scopes[-1]
        outer.nested = True
        index = len(self.functions)
        self.functions.append(None)
        lowered_decorators = tuple(self.expr(decorator) for decorator in decorators)
        params = self.params(node.args)
        lowered_returns = self.annotation(returns) if returns is not None else None
        qualname = outer.prefix + name
        scope = _Scope(qualname + ".<locals>.", index, -1)
        scope.locals.update(param.name for param in params)
        self.scopes.append(scope)
        if isinstance(node, ast.Lambda):
            lowered: Block = (flow.Return(self.expr(node.body), node.lineno),)
        else:
            lowered = self.block(body)
        self.scopes.pop()
        self.functions[index] = flow.Function(
            name,
            qualname,
            params,
            lowered_decorators,
            lowered_returns,
            lowered,
            isinstance(node, ast.AsyncFunctionDef),
            scope.generator,
            outer.owner,
            outer.function,
            scope.nested,
            tuple(sorted(scope.locals - scope.outer)),
            self.at(node),
        )
        return index

    def params(self, arguments: ast.arguments) -> tuple[flow.Param, ...]:
        result: list[flow.Param] = []
        plain = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
        defaults.extend(arguments.defaults)
        for position, (argument, default) in enumerate(zip(plain, defaults, strict=True)):
            kind = "positional" if position < len(arguments.posonlyargs) else "any"
            result.append(self.param(argument, kind, default))
        if arguments.vararg:
            result.append(self.param(arguments.vararg, "args", None))
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            result.append(self.param(argument, "keyword", default))
        if arguments.kwarg:
            result.append(self.param(arguments.kwarg, "kwargs", None))
        return tuple(result)

    def param(self, argument: ast.arg, kind: str, default: ast.expr | None) -> flow.Param:
        annotation = self.annotation(argument.annotation) if argument.annotation is not None else None
        return flow.Param(argument.arg, kind, annotation, self.expr(default) if default is not None else None)

    def annotation(self, node: ast.expr) -> Expr:
        """Lower an annotation; one in quotes is parsed."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                inner = ast.parse(node.value.strip(), mode="eval").body
            except (SyntaxError, ValueError):
                return _NOTHING
            for part in ast.walk(inner):
                ast.copy_location(part, node)
            return self.expr(inner)
        return self.expr(node)

    # ------------------------------------------------------------ expressions

    def target(self, node: ast.expr) -> Expr:
        if isinstance(node, ast.Name):
            self.scopes[-1].locals.add(node.id)
            return self.name(node)
        if isinstance(node, (ast.Tuple, ast.List)):
            items = tuple([self.target(item) for item in node.elts])
            return flow.Sequence(*self.at(node), "tuple", items)
        if isinstance(node, ast.Starred):
            return flow.Star(self.target(node.value))
        return self.expr(node)

    def expr(self, node: ast.expr) -> Expr:
        method = _EXPRESSIONS.get(type(node))
        return method(self, node) if method is not None else self.opaque(node)

    def opaque(self, node: ast.AST) -> Expr:
        parts: list[Expr] = []
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                part = self.expr(child)
                if isinstance(part, flow.Opaque):
                    parts.extend(part.parts)
                elif not isinstance(part, flow.Const):
                    parts.append(part)
        return flow.Opaque(tuple(parts)) if parts else _NOTHING

    def constant(self, node: ast.Constant) -> Expr:
        value = node.value
        if isinstance(value, str):
            if ("." in value or ":" in value) and _DOTTED.fullmatch(value):
                self.quotes.append(flow.Quote(value, self.at(node)))
            return flow.Const(_encodable(value))
        if value is None or isinstance(value, (bool, float)):
            return flow.Const(value)
        if isinstance(value, int) and -_INTEGER_LIMIT <= value < _INTEGER_LIMIT:
            return flow.Const(value)
        return _NOTHING

    def name(self, node: Any) -> Expr:
        """Lower a name; most nodes are names, attributes and calls, which take their places without a tuple."""
        return flow.Name(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, node.id)

    def attribute(self, node: Any) -> Expr:
        value = self.expr(node.value)
        return flow.Attr(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, value, node.attr)

    def subscript(self, node: ast.Subscript) -> Expr:
        return flow.Item(*self.at(node), self.expr(node.value), self.expr(node.slice))

    def call(self, node: Any) -> Expr:
        func = self.expr(node.func)
        args = tuple([self.expr(arg) for arg in node.args])
        keywords = tuple([(word.arg or "", self.expr(word.value)) for word in node.keywords])
        return flow.Call(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, func, args, keywords)

    def starred(self, node: ast.Starred) -> Expr:
        return flow.Star(self.expr(node.value))

    def sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Expr:
        self.quote_pair(node.elts)
        return flow.Sequence(*self.at(node), _KINDS[type(node)], tuple([self.expr(item) for item in node.elts]))

    def quote_pair(self, pair: Sequence[ast.expr | None]) -> None:
        """Note two strings that name a module and something in it."""
        match pair:
            case [ast.Constant(value=str(module)), ast.Constant(value=str(name)) as node]:
                if _MODULE.fullmatch(module) and name.isidentifier():
                    self.quotes.append(flow.Quote(f"{module}:{name}", self.at(node)))

    def mapping(self, node: ast.Dict) -> Expr:
        for key, value in zip(node.keys, node.values, strict=True):
            self.quote_pair((value, key))
        items = tuple(
            [
                (self.expr(key) if key is not None else None, self.expr(value))
                for key, value in zip(node.keys, node.values, strict=True)
            ]
        )
        return flow.Mapping(*self.at(node), items)

    def boolean(self, node: ast.BoolOp) -> Expr:
        operator = "and" if isinstance(node.op, ast.And) else "or"
        return flow.Bool(operator, tuple(self.expr(value) for value in node.values))

    def unary(self, node: ast.UnaryOp) -> Expr:
        if isinstance(node.op, ast.Not):
            return flow.Not(self.expr(node.operand))
        return self.opaque(node)

    def compare(self, node: ast.Compare) -> Expr:
        if len(node.ops) > 1:
            return self.opaque(node)
        operator = _OPERATORS[type(node.ops[0])]
        return flow.Compare(*self.at(node), self.expr(node.left), operator, self.expr(node.comparators[0]))

    def choice(self, node: ast.IfExp) -> Expr:
        return flow.IfElse(self.expr(node.test), self.expr(node.body), self.expr(node.orelse))

    def lambda_(self, node: ast.Lambda) -> Expr:
        return flow.Lambda(self.function(node, "<lambda>", [], [], None))

    def text(self, node: ast.JoinedStr) -> Expr:
        return flow.Text(tuple(self.expr(part) for part in node.values))

    def formatted(self, node: ast.FormattedValue) -> Expr:
        if node.format_spec is None and node.conversion in (-1, 115):
            return self.expr(node.value)
        return self.opaque(node)

    def binary(self, node: ast.BinOp) -> Expr:
        operator = _OPERATORS.get(type(node.op))
        if operator is None:
            return self.opaque(node)
        chain: list[tuple[str, ast.expr]] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and type(left.op) in _OPERATORS:
            chain.append((_OPERATORS[type(left.op)], left.right))
            left = left.left
        result = self.expr(left)
        for operator, right in reversed(chain):
            result = flow.Binary(operator, result, self.expr(right))
        return result

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Expr:
        clauses = tuple(
            (self.expr(part.target), self.expr(part.iter), tuple(self.expr(test) for test in part.ifs))
            for part in node.generators
        )
        if isinstance(node, ast.DictComp):
            return flow.Comprehension(*self.at(node), "dict", self.expr(node.key), self.expr(node.value), clauses)
        return flow.Comprehension(*self.at(node), _KINDS[type(node)], None, self.expr(node.elt), clauses)

    def walrus(self, node: ast.NamedExpr) -> Expr:
        return flow.Walrus(self.target(node.target), self.expr(node.value))

    def awaited(self, node: ast.Await) -> Expr:
        return flow.Await(*self.at(node), self.expr(node.value))

    def yielded(self, node: ast.Yield) -> Expr:
        self.scopes[-1].generator = True
        return flow.Yield(*self.at(node), self.expr(node.value) if node.value else None)

    def delegated(self, node: ast.YieldFrom) -> Expr:
        self.scopes[-1].generator = True
        return flow.YieldFrom(*self.at(node), self.expr(node.value))


class _Scope:
    """A function or class body being lowered."""

    __slots__ = ("function", "generator", "locals", "nested", "outer", "owner", "prefix")

    def __init__(self, prefix: str, function: int, owner: int) -> None:
        self.prefix = prefix
        self.function = function
        self.owner = owner
        self.generator = False
        self.nested = False
        self.locals: set[str] = set()
        self.outer: set[str] = set()


_NOTHING = flow.Opaque()


def _encodable(text: str) -> str:
    """Return ``text`` with lone surrogates replaced, which no cache could hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _exports(body: Iterable[ast.stmt]) -> tuple[str, ...] | None:
    """Return the literal ``__all__`` of a module, ``None`` where there is none or it is computed."""
    for statement in body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in statement.targets
        ):
            if not isinstance(statement.value, (ast.List, ast.Tuple)):
                return None
            items = statement.value.elts
            return tuple(item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str))
    return None


def _listed(body: Iterable[ast.stmt]) -> Iterator[ast.Constant]:
    """Yield the strings that statements of a module put into ``__all__``, as they stand there."""
    for statement in body:
        targets: list[ast.expr] = []
        values: list[ast.expr | None] = []
        match statement:
            case ast.Assign():
                targets, values = statement.targets, [statement.value]
            case ast.AugAssign() | ast.AnnAssign():
                targets, values = [statement.target], [statement.value]
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=target, attr="append" | "extend"), args=args)):
                targets, values = [target], list(args)
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            for node in (each for value in values if value is not None for each in ast.walk(value)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node


_L = _Lowering
_STATEMENTS: dict[type[ast.AST], Callable[[_Lowering, Any], Block]] = {
    ast.Expr: _L.do, ast.Assign: _L.assign, ast.AnnAssign: _L.annotated, ast.AugAssign: _L.augmented,
    ast.Return: _L.returned, ast.Raise: _L.raised, ast.If: _L.branch, ast.For: _L.loop, ast.AsyncFor: _L.loop,
    ast.While: _L.repeat, ast.Try: _L.attempt, ast.With: _L.within, ast.AsyncWith: _L.within, ast.Match: _L.match,
    ast.FunctionDef: _L.define, ast.AsyncFunctionDef: _L.define, ast.ClassDef: _L.define_class,
    ast.Import: _L.imports, ast.ImportFrom: _L.imports_from, ast.Delete: _L.delete, ast.Global: _L.outer,
    ast.Nonlocal: _L.outer, ast.Assert: _L.asserted, ast.Break: _L.leave, ast.Continue: _L.leave,
}  # fmt: skip
for _newer, _method in (("TryStar", _L.attempt), ("TypeAlias", _L.alias)):
    if hasattr(ast, _newer):
        _STATEMENTS[getattr(ast, _newer)] = _method
_EXPRESSIONS: dict[type[ast.AST], Callable[[_Lowering, Any], Expr]] = {
    ast.Constant: _L.constant, ast.Name: _L.name, ast.Attribute: _L.attribute, ast.Subscript: _L.subscript,
    ast.Call: _L.call, ast.Starred: _L.starred, ast.List: _L.sequence, ast.Tuple: _L.sequence, ast.Set: _L.sequence,
    ast.Dict: _L.mapping, ast.BoolOp: _L.boolean, ast.UnaryOp: _L.unary, ast.Compare: _L.compare,
    ast.IfExp: _L.choice, ast.Lambda: _L.lambda_, ast.JoinedStr: _L.text, ast.FormattedValue: _L.formatted,
    ast.BinOp: _L.binary, ast.ListComp: _L.comprehension, ast.SetComp: _L.comprehension,
    ast.GeneratorExp: _L.comprehension, ast.DictComp: _L.comprehension, ast.NamedExpr: _L.walrus,
    ast.Await: _L.awaited, ast.Yield: _L.yielded, ast.YieldFrom: _L.delegated,
}  # fmt: skip
