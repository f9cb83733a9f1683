"""``# pylint:`` comments → the lines on which a rule is silenced, exactly as pylint has it for its own messages.

pylint gives a ``disable`` to the first node, children before parents, that spans the comment's line, from that line to
the node's end: a comment behind a statement covers it, one on a line of its own the rest of the block. Some
consequences are surprising (behind ``try:`` it covers the whole statement, behind ``def f():`` one line) and are
kept, because every door must give the same answer. Only findings by line are meant: pylint treats messages on nodes
differently. Source: ``file_state.py``, ``pragma_parser.py`` and ``message_state_handler.py`` of pylint 4.1. Before 4.1
a comment behind ``case`` or in a comprehension covered its own line only.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect_left
from collections.abc import Iterator

import msgspec

CHECKER = "appstate-lint"
"""The name of the pylint checker, which a pragma may use for all its messages."""

_COMMENT = re.compile(r"#[^#]*?\bpylint:\s*([^;#\n]+)")
_WORD = re.compile(
    r"(?P<action>\b(?:skip-file|enable-msg|enable|disable-next|disable-msg|disable-all|disable)\b)"
    r"|(?P<name>[0-9A-Za-z_-]{2,})|(?P<assign>=)|(?P<letter>[CREIWF]\d*)"
)
_SKIPPING = frozenset({"skip-file", "disable-all"})


class _Pragma(msgspec.Struct, frozen=True):
    line: int
    action: str
    names: tuple[str, ...]


class _Mark(msgspec.Struct, frozen=True):
    """Names enabled or disabled from ``line`` to ``last``; the pragma itself stands on line ``written``."""

    line: int
    last: int
    names: tuple[str, ...]
    enabled: bool
    written: int


class Silencer(msgspec.Struct, frozen=True, order=True):
    """A word of a pragma that silences (or would): the 1-based line where it is written, and the word."""

    line: int
    word: str


class Pragmas(msgspec.Struct, frozen=True):
    """What the pragmas of one file silence; ``end`` is the last line of its code."""

    marks: tuple[_Mark, ...] = ()
    end: int = 0
    skip: int = 0
    """The line of the pragma that silences the whole file; 0 for none."""

    def covers(self, line: int, rule: str, code: str) -> bool:
        """Say whether a finding of ``rule`` (``code`` is its message id) on the 1-based ``line`` is silenced."""
        return bool(self.silencers(line, rule, code))

    def silencers(self, line: int, rule: str, code: str) -> tuple[Silencer, ...]:
        """Return the words, all of one pragma, that silence a finding of ``rule`` on ``line``; none if none does."""
        if self.skip:
            return (Silencer(self.skip, "all"),)
        named = [mark for mark in self.marks if any(_is_meant(name, rule, code) for name in mark.names)]
        deciding = [mark for mark in named if mark.line <= line <= mark.last][-1:]
        if not deciding and 0 < self.end < line:
            deciding = [mark for mark in named if mark.line <= line][-1:]
        return tuple(
            Silencer(mark.written, name)
            for mark in deciding
            if not mark.enabled
            for name in mark.names
            if _is_meant(name, rule, code)
        )

    def disabled(self) -> Iterator[Silencer]:
        """Yield every word that is disabled."""
        for mark in self.marks:
            if not mark.enabled:
                yield from (Silencer(mark.written, name) for name in mark.names)


_NONE = Pragmas()


def pragmas(text: str) -> Pragmas:
    """Return what the pragmas in the decoded ``text`` silence. Never raises: odd text has as many as can be read."""
    if "pylint:" not in text:
        return _NONE
    found = list(_pragmas(text))
    if not found:
        return _NONE
    if skipping := [pragma.line for pragma in found if _skips_file(pragma)]:
        return Pragmas(skip=max(1, skipping[0]))
    lines = sorted({pragma.line for pragma in found if pragma.action != "disable-next"})
    ends, end = _block_ends(text, lines)
    return Pragmas(marks=tuple(_mark(pragma, ends) for pragma in found), end=end)


def _skips_file(pragma: _Pragma) -> bool:
    return pragma.action in _SKIPPING or (pragma.action == "disable" and "all" in pragma.names)


def _mark(pragma: _Pragma, ends: dict[int, int]) -> _Mark:
    if pragma.action == "disable-next":
        return _Mark(pragma.line + 1, pragma.line + 1, pragma.names, False, pragma.line)
    last = ends.get(pragma.line, 0)  # after the code: covers nothing, but see Pragmas.covers
    return _Mark(pragma.line, last, pragma.names, pragma.action.startswith("enable"), pragma.line)


def _is_meant(name: str, rule: str, code: str) -> bool:
    upper = name.upper()
    return name in (rule, "all") or upper in (code, code[:1]) or name.lower() == CHECKER


def _pragmas(text: str) -> Iterator[_Pragma]:
    for line, comment in _comments(text):
        matches = _COMMENT.findall(comment)
        if matches:
            yield from _parse(line, matches[-1])


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of each comment; one on a line that a backslash continues counts for the line before."""
    line_before = 0
    saw_newline = seen_newline = True
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
            line = token.start[0]
            if line_before and line_before != line:
                saw_newline, seen_newline = seen_newline, False
            line_before = line
            if token.type in (tokenize.NL, tokenize.NEWLINE):
                seen_newline = True
            elif token.type == tokenize.COMMENT:
                yield (line if saw_newline else line - 1), token.string
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        return  # a file that cannot be parsed has no findings to silence


def _parse(line: int, words: str) -> Iterator[_Pragma]:
    """Yield what one comment asks for; like pylint, what stands before a mistake counts."""
    action, names, wants_assign = "", [], False  # type: str, list[str], bool
    for match in _WORD.finditer(words):
        kind, word = match.lastgroup, match.group()
        if (kind == "assign") is not wants_assign:
            return
        if kind == "action":
            if action:
                if not names and action not in _SKIPPING:
                    return
                yield _Pragma(line, action, tuple(names))
            action, names = word, []
            wants_assign = word not in _SKIPPING
        elif kind == "assign":
            wants_assign = False
        else:
            names.append(word)
    if action in _SKIPPING or (action and names):
        yield _Pragma(line, action, tuple(names))


def _block_ends(text: str, lines: list[int]) -> tuple[dict[int, int], int]:
    """Return, for each of the sorted ``lines``, where the node that a pragma there goes to ends; and the last line."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {line: line for line in lines}, 0
    ends: dict[int, int] = {}
    left = list(lines)
    last = _last_line(tree)
    for first, end in _spans(tree, last):
        start = bisect_left(left, first)
        stop = start
        while stop < len(left) and left[stop] <= end:
            ends[left[stop]] = end
            stop += 1
        del left[start:stop]
        if not left:
            break
    return ends, last


def _spans(tree: ast.Module, last: int) -> Iterator[tuple[int, int]]:
    """Yield first and last line of the nodes, children before parents, in pylint's order."""
    stack: list[ast.AST | tuple[int, int]] = [(0, last), *reversed(_children(tree))]
    while stack:
        top = stack.pop()
        if isinstance(top, tuple):
            yield top
            continue
        stack.append(_span(top))
        if getattr(top, "lineno", None) != getattr(top, "end_lineno", None) or _is_decorated_function(top):
            stack.extend(reversed(_children(top)))


def _children(node: ast.AST) -> list[ast.AST | tuple[int, int]]:
    """Return the children that pylint would visit, in its order; spans stand for nodes that only pylint has."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        returns = [node.returns] if node.returns else []
        return [*_decorators(node), *_arguments(node.args, node), *returns, *_type_params(node), *_body(node)]
    if isinstance(node, ast.ClassDef):
        keywords = [keyword for keyword in node.keywords if keyword.arg != "metaclass"]
        return [*_decorators(node), *node.bases, *keywords, *_body(node), *_type_params(node)]
    if isinstance(node, ast.Lambda):
        return [*_arguments(node.args, node), node.body]
    if isinstance(node, ast.ExceptHandler):
        name = [_span(node)] if node.name else []  # its name is a node as long as the handler
        return [*([node.type] if node.type else []), *name, *node.body]
    if isinstance(node, ast.Dict):
        return [
            part for key, value in zip(node.keys, node.values, strict=True) for part in (key or _span(value), value)
        ]
    if isinstance(node, ast.With | ast.AsyncWith):
        return [*(part for item in node.items for part in ast.iter_child_nodes(item)), *node.body]
    if isinstance(node, ast.Module):
        return [*_body(node)]
    if isinstance(node, ast.arg):
        return []  # pylint keeps the annotation elsewhere
    return [child for child in ast.iter_child_nodes(node) if _is_visited(child)]


def _body(node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[ast.stmt]:
    """Return the statements without the docstring, which pylint does not visit."""
    match node.body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
    return node.body


def _is_visited(node: ast.AST) -> bool:
    if isinstance(node, ast.alias):
        return False
    return hasattr(node, "lineno") or isinstance(node, ast.comprehension | ast.match_case)


def _is_decorated_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and bool(node.decorator_list)


def _decorators(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[ast.AST | tuple[int, int]]:
    if not node.decorator_list:
        return []
    first, last = node.decorator_list[0], node.decorator_list[-1]
    inner: list[ast.AST] = [*node.decorator_list] if first.lineno != last.end_lineno else []
    return [*inner, (first.lineno, _end(last))]


def _type_params(node: ast.AST) -> list[ast.AST]:
    return getattr(node, "type_params", [])


def _arguments(arguments: ast.arguments, owner: ast.AST) -> list[ast.AST | tuple[int, int]]:
    """Return the parameters, then the list of them as pylint sees it."""
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named = [*plain, *(star for star in (arguments.vararg, arguments.kwarg) if star)]
    first = _span(owner)[0]
    if not named:
        return [(first, first)]
    span = (min(parameter.lineno for parameter in named), max(_end(parameter) for parameter in named))
    if span[0] == span[1]:
        return [(max(span[0], first), span[1])]
    return [
        *arguments.posonlyargs,
        *_annotations(arguments.posonlyargs),
        *arguments.args,
        *arguments.defaults,
        *arguments.kwonlyargs,
        *(default for default in arguments.kw_defaults if default),
        *_annotations(arguments.args),
        *_annotations([star for star in (arguments.vararg, arguments.kwarg) if star]),
        *_annotations(arguments.kwonlyargs),
        (max(span[0], first), span[1]),
    ]


def _annotations(parameters: list[ast.arg]) -> list[ast.expr]:
    return [parameter.annotation for parameter in parameters if parameter.annotation]


def _span(node: ast.AST) -> tuple[int, int]:
    if isinstance(node, ast.comprehension):
        return (node.target.lineno, _end((node.ifs or [node.iter])[-1]))
    if isinstance(node, ast.match_case):
        return (node.pattern.lineno, _end(node.body[-1]))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.decorator_list:
        lines = sum(_end(decorator) - decorator.lineno + 1 for decorator in node.decorator_list)
        return (node.decorator_list[0].lineno + lines, _end(node))
    return (getattr(node, "lineno", 0), _end(node))


def _end(node: ast.AST) -> int:
    if isinstance(node, ast.stmt | ast.expr | ast.excepthandler | ast.arg | ast.keyword | ast.pattern):
        return node.end_lineno or node.lineno
    return getattr(node, "end_lineno", 0)  # type parameters, which older Pythons lack


def _last_line(tree: ast.Module) -> int:
    return _end(tree.body[-1]) if tree.body else 0
