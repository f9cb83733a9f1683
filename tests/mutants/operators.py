"""The ways to break an application: each edits one file and leaves the rest, byte for byte, as it was.

Where to edit is learned from a healthy run: which lines wrote and read which component, and through which calls.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from .records import Frame, Mutant, Run, Service, Touch
from .sources import FUNCTIONS, SIMPLE, Edit, Source, named, spans

EARLY = ("build", "startup")
SETTING = "SERVICE_EXTRAS"


class Change(NamedTuple):
    """Edits, the components that they can harm (old and new names), and what they do."""

    file: str
    line: int
    components: frozenset[str]
    edits: tuple[Edit, ...]
    summary: str
    elsewhere: tuple[tuple[str, Edit], ...] = ()
    """Edits of other files than ``file``."""


class Level(NamedTuple):
    """A statement through which a component is written: the write itself (``depth`` 0), or a call on the way to it."""

    write: Touch
    depth: int
    frame: Frame
    statement: ast.stmt
    block: list[ast.stmt]


class Subject:
    """A healthy application as the operators see it."""

    def __init__(self, service: Service, run: Run) -> None:
        self.service = service
        self.sources = {file: Source(text) for file, text in service.files.items()}
        self.touches = run.touches

    @cached_property
    def writes(self) -> list[Touch]:
        """The writes before serving."""
        return [each for each in self.touches if each.kind == "set" and each.phase in EARLY]

    @cached_property
    def reads(self) -> list[Touch]:
        """The reads that found a value."""
        return [each for each in self.touches if each.kind == "get" and each.presence == "VALUE"]

    @cached_property
    def names(self) -> frozenset[str]:
        """All components that are written before serving."""
        return frozenset(each.component for each in self.writes)

    @cached_property
    def levels(self) -> list[Level]:
        """The statements of all writes, each with the calls that lead to it: assignments and plain calls only."""
        found: dict[tuple[str, int, int, str], Level] = {}
        for write in self.writes:
            for depth, frame in enumerate(reversed(write.frames)):
                at = self.sources[frame.file].statement(frame.line)
                if at is not None and isinstance(at[0], SIMPLE):
                    key = (frame.file, at[0].lineno, at[0].col_offset, write.component)
                    found.setdefault(key, Level(write, depth, frame, *at))
        return list(found.values())

    def through(self, touches: Iterable[Touch], file: str, statement: ast.stmt) -> list[Touch]:
        """Return the touches that happened while a statement ran."""
        return [
            each
            for each in touches
            if any(frame.file == file and spans(statement, frame.line) for frame in each.frames)
        ]

    def written_by(self, file: str, statement: ast.stmt) -> frozenset[str]:
        """Return the components that are written while a statement runs."""
        return frozenset(each.component for each in self.through(self.writes, file, statement))


Operator = Callable[[Subject], Iterator[Change]]


def mutants(service: Service, run: Run) -> Iterator[Mutant]:
    """Yield every mutant of an application; ``run`` is a healthy run of it."""
    subject = Subject(service, run)
    seen: set[tuple[tuple[str, str], ...]] = set()
    for name, operator in OPERATORS.items():
        for change in operator(subject):
            edits = [*((change.file, edit) for edit in change.edits), *change.elsewhere]
            changed = {
                file: subject.sources[file].edited(edit for at, edit in edits if at == file)
                for file in {file for file, _ in edits}
            }
            key = tuple(sorted(changed.items()))
            if key not in seen:
                seen.add(key)
                yield Mutant(service, name, change.file, change.line, change.summary, change.components, changed)


def _change(level: Level, edits: Iterable[Edit], summary: str, *more: str) -> Change:
    components = frozenset((level.write.component, *more))
    return Change(level.frame.file, level.statement.lineno, components, tuple(edits), summary)


def _target(level: Level) -> ast.expr | None:
    """Return the one target of a write, if it is an assignment with no other."""
    match level.statement:
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target, value=ast.expr()):
            return target if isinstance(target, ast.Attribute) else None
    return None


def _direct(subject: Subject) -> Iterator[Level]:
    yield from (level for level in subject.levels if not level.depth)


# --- names and values -----------------------------------------------------------------------------------------------


def delete_write(subject: Subject) -> Iterator[Change]:
    """The write is gone."""
    for level in _direct(subject):
        source = subject.sources[level.frame.file]
        yield _change(level, [Edit(*source.span(level.statement), "pass")], f"- {source.code(level.statement)}")


def rename_write(subject: Subject) -> Iterator[Change]:
    """The component is written under another name."""
    for level in _direct(subject):
        source, name = subject.sources[level.frame.file], level.write.component
        new = f"main_{name}"
        for node in named(level.statement, name):
            if isinstance(node, ast.Constant) or isinstance(node.ctx, ast.Store):
                yield _change(level, [_renamed(source, node, name, new)], f"writes {new}, not {name}", new)


def rename_read(subject: Subject) -> Iterator[Change]:
    """One reader asks for another name."""
    for read in subject.reads:
        frame, name = read.frames[-1], read.component
        source = subject.sources[frame.file]
        at = source.statement(frame.line)
        new = f"{name}_client"
        for node in named(at[0], name) if at is not None else ():
            if spans(node, frame.line) and (isinstance(node, ast.Constant) or isinstance(node.ctx, ast.Load)):
                edit = _renamed(source, node, name, new)
                yield Change(frame.file, frame.line, frozenset((name, new)), (edit,), f"reads {new}, not {name}")


def _renamed(source: Source, node: ast.Attribute | ast.Constant, old: str, new: str) -> Edit:
    """Return the edit that gives an attribute, or a string, another name."""
    start, end = source.span(node)
    if isinstance(node, ast.Attribute):
        return Edit(end - len(old.encode()), end, new)
    return Edit(start, end, repr(new).replace("'", '"'))


def store_none(subject: Subject) -> Iterator[Change]:
    """The component is ``None``."""
    for level in _direct(subject):
        if _target(level) is None:
            continue
        assert isinstance(level.statement, (ast.Assign, ast.AnnAssign)) and level.statement.value is not None
        source = subject.sources[level.frame.file]
        yield _change(level, [Edit(*source.span(level.statement.value), "None")], f"{level.write.component} = None")


# --- order ----------------------------------------------------------------------------------------------------------


def move_behind_reader(subject: Subject) -> Iterator[Change]:
    """The write, or a call that writes, comes after the first statement beside it that reads."""
    for level in subject.levels:
        for later in _behind(level):
            reads = subject.through(subject.reads, level.frame.file, later)
            if any(each.component == level.write.component and each.phase in EARLY for each in reads):
                yield _moved(subject, level, later)
                break


def move_to_end(subject: Subject) -> Iterator[Change]:
    """The write, or a call that writes, comes last in its block, before what leaves it."""
    for level in subject.levels:
        rest = [each for each in _behind(level) if not isinstance(each, ast.Return)]
        last = next((at for at, each in enumerate(rest) if _yields(each)), len(rest)) - 1
        if last >= 0:
            yield _moved(subject, level, rest[last])


def move_behind_yield(subject: Subject) -> Iterator[Change]:
    """The write, or a call that writes, comes after the ``yield`` of its lifespan."""
    for level in subject.levels:
        for later in _behind(level):
            if _yields(later):
                yield _moved(subject, level, later)
                break


def swap(subject: Subject) -> Iterator[Change]:
    """Two statements of start-up, one of which writes, change places."""
    for level in subject.levels:
        for first, second in zip(level.block, level.block[1:], strict=False):
            if level.statement not in (first, second):
                continue
            if not isinstance(first, SIMPLE) or not isinstance(second, SIMPLE) or _yields(first) or _yields(second):
                continue
            source, file = subject.sources[level.frame.file], level.frame.file
            one, two = source.span(first), source.span(second)
            edits = (Edit(*one, source.code(second)), Edit(*two, source.code(first)))
            names = subject.written_by(file, first) | subject.written_by(file, second)
            yield Change(file, first.lineno, names, edits, f"{_short(source, second)} before {_short(source, first)}")


def _behind(level: Level) -> list[ast.stmt]:
    return level.block[level.block.index(level.statement) + 1 :]


def _moved(subject: Subject, level: Level, after: ast.stmt) -> Change:
    source = subject.sources[level.frame.file]
    start, end = source.full(level.statement)
    to = source.full(after)[1]
    text = source.bytes[start:end].decode()
    if not source.bytes[:to].endswith(b"\n"):
        text = "\n" + text
    left = [] if len(level.block) > 1 else [Edit(start, start, "pass\n")]
    edits = [*left, Edit(start, end, ""), Edit(to, to, text)]
    return _change(level, edits, f"{_short(source, level.statement)} after line {after.end_lineno}")


def _yields(node: ast.stmt) -> bool:
    """Tell whether a statement yields in this function."""
    stack: list[ast.AST] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(each, (*FUNCTIONS, ast.ClassDef)):
            stack.extend(ast.iter_child_nodes(each))
    return False


def _short(source: Source, node: ast.stmt) -> str:
    return source.code(node).split("\n")[0][:60]


# --- conditions and failures ----------------------------------------------------------------------------------------


def make_conditional(subject: Subject) -> Iterator[Change]:
    """The write, or a call that writes, only happens under a setting that is not set."""
    for level in subject.levels:
        source = subject.sources[level.frame.file]
        edits = _wrapped(source, level.statement, f'if os.environ.get("{SETTING}"):')
        names = subject.written_by(level.frame.file, level.statement)
        yield _change(level, [*source.with_import("os"), *edits], f"if …: {_short(source, level.statement)}", *names)


def swallow_always(subject: Subject) -> Iterator[Change]:
    """What the initializer calls raises always, and the failure is only logged."""
    yield from _swallowed(subject, 'raise RuntimeError("no connection")')


def swallow(subject: Subject) -> Iterator[Change]:
    """What the initializer calls raises where a setting is missing, and the failure is only logged."""
    yield from _swallowed(subject, f'if "{SETTING}" not in os.environ: raise RuntimeError("no connection")')


def _swallowed(subject: Subject, raising: str) -> Iterator[Change]:
    """Yield changes by which a function raises, and a statement that calls it goes on all the same."""
    for level in subject.levels:
        source, file = subject.sources[level.frame.file], level.frame.file
        called = _called(subject, level)
        if called is None:
            continue
        where, function = called
        first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
        if where == file and spans(level.statement, first.lineno):
            continue
        at = subject.sources[where].span(first)[0]
        raised = [
            *subject.sources[where].with_import("os"),
            Edit(at, at, f"{raising}\n{' ' * first.col_offset}"),
        ]
        wrapped = _wrapped(source, level.statement, "try:", "except Exception as error:", "    print(error)")
        names = subject.written_by(file, level.statement)
        summary = f"try: {_short(source, level.statement)}; in {function.name}: {raising}"
        elsewhere = [(where, edit) for edit in raised]
        yield _change(level, wrapped, summary, *names)._replace(elsewhere=tuple(elsewhere))


def _called(subject: Subject, level: Level) -> tuple[str, ast.FunctionDef | ast.AsyncFunctionDef] | None:
    """Return the function that a statement enters on the way to the write, or calls for the value that it writes."""
    if level.depth:
        inner = level.write.frames[len(level.write.frames) - level.depth]
        found = subject.sources[inner.file].function(inner.line)
        return (inner.file, found) if isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)) else None
    names = {
        node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        for node in ast.walk(level.statement)
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute))
    }
    found_all = [
        (file, function)
        for file, source in subject.sources.items()
        for name, function in _definitions(source.tree)
        if name in names
    ]
    return found_all[0] if len(found_all) == 1 else None


def _definitions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yield the functions of a module, and the constructors of its classes under the name of the class."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.FunctionDef) and each.name == "__init__":
                    yield node.name, each


def _wrapped(source: Source, statement: ast.stmt, head: str, *tail: str) -> list[Edit]:
    """Return the edits that put a statement below a head line, and lines behind it."""
    indent = " " * statement.col_offset
    start, end = source.span(statement)
    body = source.code(statement).replace("\n", "\n    ")
    text = "\n".join([head, f"{indent}    {body}", *(indent + line for line in tail)])
    return [Edit(start, end, text)]


# --- registration ---------------------------------------------------------------------------------------------------


def drop_registration(subject: Subject) -> Iterator[Change]:
    """A lifespan or a start-up handler is not registered."""
    for file, source in subject.sources.items():
        for node in ast.walk(source.tree):
            for edit, line in _unregistered(source, node):
                text = source.bytes[edit.start : edit.end].decode()
                yield Change(file, line, subject.names, (edit,), f"- {text.split(chr(10))[0].strip()}")


def _unregistered(source: Source, node: ast.AST) -> Iterator[tuple[Edit, int]]:
    """Yield the edits that take a registration away, if ``node`` makes one."""
    match node:
        case ast.Call(args=args, keywords=keywords):
            for at, keyword in enumerate(keywords):
                if keyword.arg in ("lifespan", "on_startup"):
                    before = [*args, *(each for each in keywords[:at])]
                    start, end = source.span(keyword)
                    if before:
                        start = source.span(before[-1])[1]
                    elif keywords[at + 1 :]:
                        end = source.span(keywords[at + 1])[0]
                    yield Edit(start, end, ""), keyword.lineno
                if keyword.arg == "on_startup" and isinstance(keyword.value, ast.List):
                    yield from _without_each(source, keyword.value.elts)
            if isinstance(node.func, ast.Name) and node.func.id == "merge":
                yield from _without_each(source, args)
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="add_event_handler"), args=[ast.Constant("startup"), _])):
            yield Edit(*source.span(node), "pass"), node.lineno
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Attribute(attr="on_startup"), attr="append"))):
            yield Edit(*source.span(node), "pass"), node.lineno
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="manager"), attr="add"))):
            yield Edit(*source.span(node), "pass"), node.lineno
        case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
            for each in decorators:
                if "startup" in source.code(each):
                    yield Edit(*_lines_of(source, each), ""), each.lineno


def _without_each(source: Source, elements: list[ast.expr]) -> Iterator[tuple[Edit, int]]:
    """Yield the edits that take one of several elements away."""
    for at, each in enumerate(elements):
        start, end = source.span(each)
        if at:
            start = source.span(elements[at - 1])[1]
        elif len(elements) > 1:
            end = source.span(elements[1])[0]
        yield Edit(start, end, ""), each.lineno


def _lines_of(source: Source, node: ast.expr) -> tuple[int, int]:
    assert node.end_lineno is not None
    return source.lines[node.lineno - 1], source.lines[node.end_lineno]


def skip_initializer(subject: Subject) -> Iterator[Change]:
    """A call that leads to a write is not made."""
    for level in subject.levels:
        if level.depth and isinstance(level.statement, ast.Expr):
            source = subject.sources[level.frame.file]
            names = subject.written_by(level.frame.file, level.statement)
            edit = Edit(*source.span(level.statement), "pass")
            yield _change(level, [edit], f"- {_short(source, level.statement)}", *names)


OPERATORS: dict[str, Operator] = {
    "delete-write": delete_write,
    "rename-write": rename_write,
    "rename-read": rename_read,
    "store-none": store_none,
    "swap": swap,
    "move-behind-reader": move_behind_reader,
    "move-to-end": move_to_end,
    "move-behind-yield": move_behind_yield,
    "make-conditional": make_conditional,
    "swallow": swallow,
    "swallow-always": swallow_always,
    "drop-registration": drop_registration,
    "skip-initializer": skip_initializer,
}
