"""One file's text with its tree: statements by line, and edits that leave the rest as it is."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
SIMPLE = (ast.Expr, ast.Assign, ast.AnnAssign)


class Edit(NamedTuple):
    """Bytes from ``start`` up to ``end`` become ``text``."""

    start: int
    end: int
    text: str


class Source:
    """The text of a file, and what stands where in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.bytes = text.encode()
        self.tree = ast.parse(text)

    @cached_property
    def lines(self) -> list[int]:
        """The offsets of the lines, and that of the end."""
        offsets = [0]
        for line in self.bytes.splitlines(keepends=True):
            offsets.append(offsets[-1] + len(line))
        return offsets

    @cached_property
    def blocks(self) -> list[list[ast.stmt]]:
        """Every list of statements."""
        return [
            value
            for node in ast.walk(self.tree)
            for _, value in ast.iter_fields(node)
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt)
        ]

    def statement(self, line: int) -> tuple[ast.stmt, list[ast.stmt]] | None:
        """Return the innermost statement on a line, with the block that it is in."""
        found = [(each, block) for block in self.blocks for each in block if spans(each, line)]
        return min(found, key=lambda pair: (_length(pair[0]), -pair[0].col_offset), default=None)

    def function(self, line: int) -> ast.AST | None:
        """Return the innermost function around a line."""
        found = [node for node in ast.walk(self.tree) if isinstance(node, FUNCTIONS) and spans(node, line)]
        return min(found, key=_length, default=None)

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a place as ``ast`` gives it."""
        return self.lines[line - 1] + column

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        """Return where a node starts and ends."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def full(self, node: ast.stmt) -> tuple[int, int]:
        """Return the whole lines of a statement."""
        assert node.end_lineno is not None
        return self.lines[node.lineno - 1], self.lines[node.end_lineno]

    def code(self, node: ast.expr | ast.stmt) -> str:
        """Return the text of a node."""
        start, end = self.span(node)
        return self.bytes[start:end].decode()

    def with_import(self, module: str) -> list[Edit]:
        """Return the edit that imports a module, unless the file does."""
        imports = [each for each in self.tree.body if isinstance(each, (ast.Import, ast.ImportFrom))]
        if any(isinstance(each, ast.Import) and each.names[0].name == module for each in imports):
            return []
        after = [each for each in imports if not isinstance(each, ast.ImportFrom) or each.module != "__future__"]
        first = after[0] if after else next(each for each in self.tree.body if not _is_docstring(each))
        at = self.lines[first.lineno - 1]
        return [Edit(at, at, f"import {module}\n")]

    def edited(self, edits: Iterable[Edit]) -> str:
        """Return the text after edits that do not overlap."""
        result, done = bytearray(), 0
        for edit in sorted(edits):
            assert edit.start >= done, "overlapping edits"
            result += self.bytes[done : edit.start] + edit.text.encode()
            done = edit.end
        return (result + self.bytes[done:]).decode()


def spans(node: ast.AST, line: int) -> bool:
    """Tell whether a node covers a line."""
    return bool(node.lineno <= line <= node.end_lineno)  # type: ignore[attr-defined]


def named(node: ast.AST, name: str) -> Iterator[ast.Attribute | ast.Constant]:
    """Yield what names a component below a node: attributes, and the strings that ``getattr`` and its kin get."""
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and each.attr == name:
            yield each
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id.endswith("attr"):
            yield from (part for part in each.args[1:2] if isinstance(part, ast.Constant) and part.value == name)


def _length(node: ast.AST) -> int:
    return int(node.end_lineno - node.lineno)  # type: ignore[attr-defined]


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
