"""One file's text and the edits planned for it → its new text, in which nothing but the planned nodes differs.

LibCST keeps comments and layout. What comes out is parsed by ``ast`` and compared with what the edits make of the old
tree: a file that differs in anything else is not written.
"""

from __future__ import annotations

import ast
from typing import Any

from appstate_lint import source
from appstate_lint.facts.flow import At
from appstate_lint.migration.edits import Rewrite


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

    from appstate_lint.migration.transforming import Rewriting

    try:
        module = cst.parse_module(content)
    except (cst.ParserSyntaxError, UnicodeError, SyntaxError, RecursionError, LookupError) as error:
        raise CannotRewrite(f"it cannot be parsed: {str(error).splitlines()[0]}") from error
    wrapper = MetadataWrapper(module)
    transformer = Rewriting(rewrite)
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
