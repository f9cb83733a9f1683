"""One file's text and the edits planned for it → its new text, in which nothing but the planned nodes differs.

LibCST keeps comments and layout. What comes out is parsed by ``ast`` and compared with what the edits make of the old
tree: a file that differs in anything else is not written.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from appstate_lint import source
from appstate_lint.facts.flow import At

if TYPE_CHECKING:
    import libcst as cst

_Node = TypeVar("_Node", bound="cst.CSTNode")


class Call(msgspec.Struct, frozen=True, order=True):
    """A call that an expression replaces, with the ``await`` before it if ``awaited``.

    If it is a ``fallback``, the expression replaces the whole ``or`` of which the call is the second half. Lines are
    1-based, columns 0-based characters, the end exclusive.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    expression: str
    awaited: bool = False
    fallback: bool = False

    @property
    def at(self) -> At:
        """Where the call stands."""
        return (self.line, self.column, self.end_line, self.end_column)


class Import(msgspec.Struct, frozen=True, order=True):
    """An imported name that is to go: where it stands in its ``from module import``."""

    line: int
    column: int
    name: str


class Name(msgspec.Struct, frozen=True, order=True):
    """A read that names a component, and the name it is to get: an attribute, or a string that stands there itself.

    Lines are 1-based, columns 0-based characters, the end exclusive; they are those of the whole read.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    old: str
    new: str

    @property
    def at(self) -> At:
        """Where the read stands."""
        return (self.line, self.column, self.end_line, self.end_column)


class Rewrite(msgspec.Struct, frozen=True):
    """What is planned for one file."""

    file: str
    calls: tuple[Call, ...] = ()
    imports: tuple[Import, ...] = ()
    names: tuple[Name, ...] = ()


class CannotRewrite(Exception):
    """A file is left as it is; the text says why."""


class Missed(CannotRewrite):
    """Some of what is planned cannot be done: the places of these imports (line and column), calls and names."""

    def __init__(self, places: frozenset[tuple[int, ...]]) -> None:
        """Keep the places."""
        self.places = places
        lines = ", ".join(f"line {place[0]}" for place in sorted(places))
        super().__init__(f"what is planned at {lines} was not found there")


def rewritten(content: bytes, rewrite: Rewrite) -> bytes:
    """Return the bytes of a file with its edits made; coding, BOM and line ends stay. Raises CannotRewrite."""
    import libcst as cst
    from libcst.metadata import MetadataWrapper

    try:
        module = cst.parse_module(content)
    except (cst.ParserSyntaxError, UnicodeError, SyntaxError, RecursionError, LookupError) as error:
        raise CannotRewrite(f"it cannot be parsed: {str(error).splitlines()[0]}") from error
    wrapper = MetadataWrapper(module)
    transformer = _transformer(rewrite)
    changed = wrapper.visit(transformer)
    if transformer.missed:
        raise Missed(frozenset(transformer.missed))
    result = changed.bytes
    _compare(content, result, rewrite)
    return result


def _compare(old: bytes, new: bytes, rewrite: Rewrite) -> None:
    """Make sure that the new text is the old one with the planned nodes replaced, and nothing else."""
    try:
        expected = _Expected(rewrite, old).visit(ast.parse(old))
        found = ast.parse(new)
    except (SyntaxError, ValueError, RecursionError, source.Unreadable) as error:
        raise CannotRewrite(f"it could not be parsed again: {error}") from error
    if ast.dump(expected) != ast.dump(found):
        raise CannotRewrite("more than the planned places would change")


class _Expected(ast.NodeTransformer):
    """Makes of the old tree what the edits mean."""

    def __init__(self, rewrite: Rewrite, text: bytes) -> None:
        self.calls = {each.at: each for each in rewrite.calls}
        self.imports = {(each.line, each.column) for each in rewrite.imports}
        self.names = {each.at: each for each in rewrite.names}
        whole = source.decode(text).encode("utf-8").removeprefix(b"\xef\xbb\xbf")
        self.lines = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")

    def characters(self, line: int, column: int) -> int:
        return len(self.lines[line - 1][:column].decode("utf-8", "replace"))

    def place(self, node: Any) -> At:
        end = (node.end_lineno, self.characters(node.end_lineno, node.end_col_offset))
        return (node.lineno, self.characters(node.lineno, node.col_offset), *end)

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, (ast.Attribute, ast.Call, ast.Subscript, ast.Compare)):
            edit = self.names.get(self.place(node))
            if edit is not None:
                _name(node, edit.new)
        return super().visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        edit = self.calls.get(self.place(node))
        if edit is not None and not edit.awaited and not edit.fallback:
            return ast.parse(edit.expression, mode="eval").body
        return self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        last = node.values[-1]
        edit = self.calls.get(self.place(last.value if isinstance(last, ast.Await) else last))
        if edit is not None and edit.fallback and len(node.values) == 2:
            return ast.parse(edit.expression, mode="eval").body
        return self.generic_visit(node)

    def visit_Await(self, node: ast.Await) -> ast.AST:
        edit = self.calls.get(self.place(node.value))
        if edit is not None and edit.awaited and not edit.fallback:
            return ast.parse(edit.expression, mode="eval").body
        return self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        node.names = [each for each in node.names if self.place(each)[:2] not in self.imports]
        return node if node.names else None

    def generic_visit(self, node: ast.AST) -> ast.AST:
        visited = super().generic_visit(node)
        if getattr(visited, "body", None) == [] and not isinstance(visited, ast.Module):
            visited.body = [ast.Pass()]  # type: ignore[attr-defined]  # each node with statements has a body
        return visited


def _name(node: ast.Attribute | ast.Call | ast.Subscript | ast.Compare, new: str) -> None:
    """Give a read of the old tree its new name."""
    match node:
        case ast.Attribute():
            node.attr = new
        case ast.Call(func=ast.Name(), args=[_, ast.Constant() as name, *_]):
            name.value = new
        case ast.Call(func=ast.Attribute(), args=[ast.Constant() as name, *_]):
            name.value = new
        case ast.Subscript(slice=ast.Constant() as name) | ast.Compare(left=ast.Constant() as name):
            name.value = new


def _transformer(rewrite: Rewrite) -> Any:
    import libcst as cst
    from libcst.metadata import PositionProvider

    class Rewriting(cst.CSTTransformer):
        """Replaces the planned calls and drops the planned imports."""

        METADATA_DEPENDENCIES = (PositionProvider,)

        def __init__(self) -> None:
            super().__init__()
            self.calls = {each.at: each for each in rewrite.calls}
            self.imports = {(each.line, each.column) for each in rewrite.imports}
            self.names = {each.at: each for each in rewrite.names}
            self.missed: set[tuple[int, ...]] = {*self.calls, *self.imports, *self.names}

        def named(self, original: cst.CSTNode, updated: _Node) -> _Node:
            """Return a node with the name that is planned for it."""
            edit = self.names.get(self.range(original))
            renamed = _renamed(updated, edit) if edit is not None else None
            if edit is None or renamed is None:
                return updated
            self.missed.discard(edit.at)
            return renamed

        def range(self, node: cst.CSTNode) -> At:
            found = self.get_metadata(PositionProvider, node)
            return (found.start.line, found.start.column, found.end.line, found.end.column)

        def place(self, node: cst.CSTNode) -> tuple[int, int]:
            return self.range(node)[:2]

        def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
            edit = self.calls.get(self.range(original_node))
            if edit is None or edit.awaited or edit.fallback or original_node.args:
                return self.named(original_node, updated_node)
            self.missed.discard(edit.at)
            return _with_parentheses(cst.parse_expression(edit.expression), updated_node)

        def leave_Await(self, original_node: cst.Await, updated_node: cst.Await) -> cst.BaseExpression:
            call = original_node.expression
            edit = self.calls.get(self.range(call)) if isinstance(call, cst.Call) else None
            if edit is None or not edit.awaited or edit.fallback or not isinstance(call, cst.Call) or call.args:
                return updated_node
            self.missed.discard(edit.at)
            return _with_parentheses(cst.parse_expression(edit.expression), updated_node)

        def leave_BooleanOperation(
            self, original_node: cst.BooleanOperation, updated_node: cst.BooleanOperation
        ) -> cst.BaseExpression:
            last = original_node.right
            call = last.expression if isinstance(last, cst.Await) else last
            edit = self.calls.get(self.range(call)) if isinstance(call, cst.Call) and not call.args else None
            if edit is None or not edit.fallback or not isinstance(original_node.operator, cst.Or):
                return updated_node
            self.missed.discard(edit.at)
            return _with_parentheses(cst.parse_expression(edit.expression), updated_node)

        def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
            awaited = isinstance(original_node.value, cst.Await) and not isinstance(updated_node.value, cst.Await)
            if awaited and _are_plain(updated_node.value):
                return updated_node.with_changes(value=updated_node.value.with_changes(lpar=(), rpar=()))
            return self.named(original_node, updated_node)

        def leave_Subscript(self, original_node: cst.Subscript, updated_node: cst.Subscript) -> cst.BaseExpression:
            return self.named(original_node, updated_node)

        def leave_Comparison(self, original_node: cst.Comparison, updated_node: cst.Comparison) -> cst.BaseExpression:
            return self.named(original_node, updated_node)

        def leave_ImportFrom(
            self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
        ) -> cst.BaseSmallStatement | cst.RemovalSentinel:
            if isinstance(original_node.names, cst.ImportStar):
                return updated_node
            gone = [self.place(alias) in self.imports for alias in original_node.names]
            if not any(gone):
                return updated_node
            self.missed -= {self.place(alias) for alias in original_node.names}
            assert not isinstance(updated_node.names, cst.ImportStar)
            kept = [alias for alias, drop in zip(updated_node.names, gone, strict=True) if not drop]
            if not kept:
                return cst.RemoveFromParent()
            last = _last(kept[-1], updated_node.names[-1]) if gone[-1] else kept[-1]
            remark = _remark(kept[-1]) if gone[-1] and not isinstance(last.comma, cst.Comma) else None
            if remark is not None and updated_node.rpar is not None:
                space = updated_node.rpar.whitespace_before
                if not isinstance(space, cst.ParenthesizedWhitespace) or space.first_line.comment is not None:
                    self.missed |= {self.place(alias) for alias in original_node.names} & self.imports
                    return updated_node
                rpar = updated_node.rpar.with_changes(whitespace_before=space.with_changes(first_line=remark))
                return updated_node.with_changes(names=(*kept[:-1], last), rpar=rpar)
            return updated_node.with_changes(names=(*kept[:-1], last))

        def leave_SimpleStatementLine(
            self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
        ) -> cst.BaseStatement | cst.RemovalSentinel:
            if updated_node.body:
                return updated_node.with_changes(body=_ended(updated_node.body))
            if any(line.comment is not None for line in original_node.leading_lines):
                for statement in original_node.body:
                    if isinstance(statement, cst.ImportFrom) and not isinstance(statement.names, cst.ImportStar):
                        self.missed |= {self.place(alias) for alias in statement.names} & self.imports
            return cst.RemoveFromParent()

        def leave_IndentedBlock(
            self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
        ) -> cst.BaseSuite:
            if updated_node.body:
                return updated_node
            return updated_node.with_changes(body=(cst.SimpleStatementLine(body=(cst.Pass(),)),))

        def leave_SimpleStatementSuite(
            self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
        ) -> cst.BaseSuite:
            return updated_node.with_changes(body=_ended(updated_node.body) or (cst.Pass(),))

    return Rewriting()


def _renamed(node: _Node, edit: Name) -> _Node | None:
    """Return a read with its new name, ``None`` if the old one does not stand there itself."""
    import libcst as cst

    match node:
        case cst.Attribute(attr=cst.Name(value=edit.old) as attr) if edit.new.isidentifier():
            return node.with_changes(attr=attr.with_changes(value=edit.new))
        case cst.Call(func=cst.Name(), args=[_, cst.Arg(keyword=None, value=cst.SimpleString() as text), *_]):
            pass
        case cst.Call(func=cst.Attribute(), args=[cst.Arg(keyword=None, value=cst.SimpleString() as text), *_]):
            pass
        case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=cst.SimpleString() as text))]):
            pass
        case cst.Comparison(left=cst.SimpleString() as text):
            pass
        case _:
            return None
    quoted = _requoted(text, edit)
    return None if quoted is None else node.with_deep_changes(text, value=quoted)


def _requoted(text: cst.SimpleString, edit: Name) -> str | None:
    """Return a string with the new name between its quotes, ``None`` if what stands there is not just the old one."""
    if text.raw_value != edit.old or not edit.new.isidentifier():
        return None
    return f"{text.prefix}{text.quote}{edit.new}{text.quote}"


def _last(kept: cst.ImportAlias, gone: cst.ImportAlias) -> cst.ImportAlias:
    """Return an imported name as the last one, in place of one that goes; the comment after its comma stays."""
    import libcst as cst

    match kept.comma, gone.comma:
        case (
            cst.Comma(whitespace_after=cst.ParenthesizedWhitespace() as before),
            cst.Comma(whitespace_after=cst.ParenthesizedWhitespace() as after),
        ):
            space = after.with_changes(first_line=before.first_line)
            return kept.with_changes(comma=kept.comma.with_changes(whitespace_after=space))
    return kept.with_changes(comma=gone.comma)


def _remark(alias: cst.ImportAlias) -> cst.TrailingWhitespace | None:
    """Return the end of the line of an imported name if it holds a comment."""
    import libcst as cst

    match alias.comma:
        case cst.Comma(whitespace_after=cst.ParenthesizedWhitespace(first_line=first)) if first.comment is not None:
            return first
    return None


def _ended(body: Sequence[cst.BaseSmallStatement]) -> tuple[cst.BaseSmallStatement, ...]:
    """Return the statements of one line, without a semicolon after the last."""
    import libcst as cst

    if not body or not isinstance(body[-1].semicolon, cst.Semicolon):
        return tuple(body)
    return (*body[:-1], body[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT))


def _with_parentheses(made: cst.BaseExpression, old: cst.BaseExpression) -> cst.BaseExpression:
    """Return an expression in the parentheses of the one that it replaces."""
    return made.with_changes(lpar=old.lpar, rpar=old.rpar)


def _are_plain(expr: cst.BaseExpression) -> bool:
    """Tell whether the parentheses around an expression hold nothing else, no line end and no comment."""
    import libcst as cst

    spaces = [*(each.whitespace_after for each in expr.lpar), *(each.whitespace_before for each in expr.rpar)]
    return all(isinstance(each, cst.SimpleWhitespace) for each in spaces)
