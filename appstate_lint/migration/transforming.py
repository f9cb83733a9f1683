"""Edits of one file → the same made on its LibCST tree, which keeps comments and layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import libcst as cst
from libcst.metadata import PositionProvider

from appstate_lint.facts.flow import At
from appstate_lint.migration.edits import Name, Rewrite

_Node = TypeVar("_Node", bound="cst.CSTNode")


class Rewriting(cst.CSTTransformer):
    """Makes the edits of one file; the places of those that are not made are left in ``missed``."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, rewrite: Rewrite) -> None:
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

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock) -> cst.BaseSuite:
        if updated_node.body:
            return updated_node
        return updated_node.with_changes(body=(cst.SimpleStatementLine(body=(cst.Pass(),)),))

    def leave_SimpleStatementSuite(
        self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
    ) -> cst.BaseSuite:
        return updated_node.with_changes(body=_ended(updated_node.body) or (cst.Pass(),))


def _renamed(node: _Node, edit: Name) -> _Node | None:
    """Return a read with its new name, ``None`` if the old one does not stand there itself."""
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
    match alias.comma:
        case cst.Comma(whitespace_after=cst.ParenthesizedWhitespace(first_line=first)) if first.comment is not None:
            return first
    return None


def _ended(body: Sequence[cst.BaseSmallStatement]) -> tuple[cst.BaseSmallStatement, ...]:
    """Return the statements of one line, without a semicolon after the last."""
    if not body or not isinstance(body[-1].semicolon, cst.Semicolon):
        return tuple(body)
    return (*body[:-1], body[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT))


def _with_parentheses(made: cst.BaseExpression, old: cst.BaseExpression) -> cst.BaseExpression:
    """Return an expression in the parentheses of the one that it replaces."""
    return made.with_changes(lpar=old.lpar, rpar=old.rpar)


def _are_plain(expr: cst.BaseExpression) -> bool:
    """Tell whether the parentheses around an expression hold nothing else, no line end and no comment."""
    spaces = [*(each.whitespace_after for each in expr.lpar), *(each.whitespace_before for each in expr.rpar)]
    return all(isinstance(each, cst.SimpleWhitespace) for each in spaces)
