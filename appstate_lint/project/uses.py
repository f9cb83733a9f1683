"""Where a file uses given definitions of the project: every expression, import and decorator that means one.

A use is told by what its expression means, never by its name alone: a method, a local or another module's function
of the same name is none.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from typing import NamedTuple

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Expr
from appstate_lint.project.meanings import Definition, Meaning, Meanings, Scope
from appstate_lint.project.symbols import statements


class Form(str, enum.Enum):
    """How a place uses a definition."""

    CALL = "call"
    ARGUMENT = "argument"
    DECORATOR = "decorator"
    KEY = "key"
    MEMBER = "member"
    VALUE = "value"
    ANNOTATION = "annotation"
    BASE = "base"
    TARGET = "target"
    IMPORT = "import"
    NAMED = "named"
    """By a string given to ``getattr``, ``patch.object`` or ``monkeypatch.setattr``."""


class Use(NamedTuple):
    """One use of a definition.

    ``call`` is the call whose function (form ``call``) or argument (``argument``, ``named``) it is, ``member`` the
    attribute that is taken of it, ``bound`` the name that an import gives it, ``top`` the expression or statement
    that it is part of.
    """

    definition: Definition
    at: At
    form: Form
    scope: Scope
    kind: str = "member"
    call: flow.Call | None = None
    member: str = ""
    bound: str = ""
    top: flow.Record | None = None

    @property
    def function(self) -> int:
        """The function that it belongs to, -1 for the module: what a signature hands on is for its function."""
        handed = self.form is Form.ARGUMENT and self.scope.signature >= 0
        return self.scope.signature if handed else self.scope.function


Wanted = Callable[[Definition], bool]


class _Wanted(NamedTuple):
    """What is looked for, and the names that it may have."""

    means: Wanted
    words: frozenset[str] | None

    def __call__(self, definition: Definition) -> bool:
        return self.means(definition)

    def may_be(self, node: Expr) -> bool:
        """Tell whether the last name of an expression is one of those looked for."""
        if self.words is None:
            return True
        match node:
            case flow.Name(id=name) | flow.Attr(name=name) | flow.Item(index=flow.Const(value=str(name))):
                return name in self.words
            case flow.Call(args=(_, flow.Const(value=str(name)), *_)):
                return name in self.words
        return False

    def may_be_in(self, code: object) -> bool:
        """Tell whether code mentions one of the names looked for, as a name, an attribute, a string or a keyword."""
        return self.words is None or not self.words.isdisjoint(_said(code))


def _said(code: object) -> Iterator[str]:
    """Yield the names and strings of code, functions inside it left out."""
    for node in flow.nodes(code):
        match node:
            case flow.Name(id=name) | flow.Attr(name=name) | flow.Const(value=str(name)):
                yield name
            case flow.ImportFrom(name=name, alias=alias):
                yield name
                yield alias
            case flow.Call(keywords=keywords):
                for name, _ in keywords:
                    yield name


_NAMERS = frozenset(
    {"object", "setattr", "getattr", "delattr", "hasattr", "attr", "multiple", "stub", "spy", "replace"}
)


class _Visit(NamedTuple):
    node: object
    form: Form
    call: flow.Call | None
    member: str
    scope: Scope
    top: flow.Record


def uses(meanings: Meanings, file: str, wanted: Wanted, words: frozenset[str] | None = None) -> Iterator[Use]:
    """Yield the uses in ``file`` of the definitions that are ``wanted``, those of a missing name too.

    ``words`` are all names under which any file knows them, if that was found out: no other name is looked up.
    """
    looked = _Wanted(wanted, words)
    facts = meanings.project.facts[file]
    outer = Scope(file)
    if looked.may_be_in(facts.body):
        yield from _block(meanings, facts.body, outer, looked)
    for index, cls in enumerate(facts.classes):
        if not looked.may_be_in(cls):
            continue
        around = Scope(file, cls.scope)
        for base in cls.bases:
            yield from _walk(meanings, _Visit(base, Form.BASE, None, "", around, cls), looked)
        for each in (*(value for _, value in cls.keywords), *cls.decorators):
            yield from _walk(meanings, _Visit(each, Form.DECORATOR, None, "", around, cls), looked)
        yield from _block(meanings, cls.body, Scope(file, cls.scope, index), looked)
    for index, function in enumerate(facts.functions):
        if not looked.may_be_in(function):
            continue
        around = Scope(file, function.scope, function.owner, signature=index)
        for each in function.decorators:
            yield from _walk(meanings, _Visit(each, Form.DECORATOR, None, "", around, function), looked)
        for param in function.params:
            yield from _walk(meanings, _Visit(param.annotation, Form.ANNOTATION, None, "", around, function), looked)
            yield from _walk(meanings, _Visit(param.default, Form.VALUE, None, "", around, function), looked)
        yield from _walk(meanings, _Visit(function.returns, Form.ANNOTATION, None, "", around, function), looked)
        yield from _block(meanings, function.body, Scope(file, index), looked)


def _block(meanings: Meanings, block: flow.Block, scope: Scope, wanted: _Wanted) -> Iterator[Use]:
    """Yield the uses in the statements of a function, class or module body."""
    for statement in statements(block):
        match statement:
            case flow.Import() | flow.ImportFrom():
                yield from _import(meanings, statement, scope, wanted)
            case flow.Bind(targets=targets, value=value, annotation=annotation):
                for target in targets:
                    yield from _walk(meanings, _Visit(target, Form.TARGET, None, "", scope, statement), wanted)
                yield from _walk(meanings, _Visit(value, Form.VALUE, None, "", scope, statement), wanted)
                yield from _walk(meanings, _Visit(annotation, Form.ANNOTATION, None, "", scope, statement), wanted)
            case flow.Augment(target=target, value=value):
                yield from _walk(meanings, _Visit(target, Form.TARGET, None, "", scope, statement), wanted)
                yield from _walk(meanings, _Visit(value, Form.VALUE, None, "", scope, statement), wanted)
            case flow.Delete(targets=targets):
                for target in targets:
                    yield from _walk(meanings, _Visit(target, Form.TARGET, None, "", scope, statement), wanted)
            case flow.Define() | flow.DefineClass() | flow.Outer():
                continue
            case _:
                for part in _own_parts(statement):
                    yield from _walk(meanings, _Visit(part, Form.VALUE, None, "", scope, statement), wanted)


def _own_parts(statement: flow.Stmt) -> Iterator[object]:
    """Yield the expressions of a statement itself, not those of the blocks inside it."""
    match statement:
        case flow.Try(handlers=handlers):
            yield from (handler.types for handler in handlers)
        case flow.Match(subject=subject, cases=cases):
            yield subject
            for case in cases:
                yield from (case.value, case.guard)
        case flow.With(entries=entries):
            yield entries
        case _:
            for field in statement.__struct_fields__:
                if field not in ("body", "orelse"):
                    yield getattr(statement, field)


def _import(
    meanings: Meanings, statement: flow.Import | flow.ImportFrom, scope: Scope, wanted: _Wanted
) -> Iterator[Use]:
    if isinstance(statement, flow.Import) or statement.name == "*":
        return
    found = meanings.imported(scope.file, statement)
    if found is not None and wanted(found.definition):
        bound = statement.alias or statement.name
        yield Use(found.definition, statement.at, Form.IMPORT, scope, found.kind, bound=bound, top=statement)


def _walk(meanings: Meanings, start: _Visit, wanted: _Wanted) -> Iterator[Use]:
    """Yield the uses in an expression; where one is, its parts are no further uses."""
    stack = [start]
    while stack:
        visit = stack.pop()
        node, form, call, member, scope, top = visit
        if isinstance(node, tuple):
            stack.extend(visit._replace(node=each) for each in reversed(node))
            continue
        if not isinstance(node, flow.Record):
            continue
        if isinstance(node, (flow.Name, flow.Attr, flow.Item, flow.Call)):
            bound = form is Form.TARGET and isinstance(node, flow.Name)
            found = None if bound else _hit(meanings, node, scope, wanted)
            if found is not None:
                if isinstance(node, flow.Call):
                    form, call = (Form.CALL if form is Form.CALL else Form.NAMED), (call or node)
                yield Use(found.definition, node.at, form, scope, found.kind, call, member, top=top)
                if isinstance(node, flow.Call):
                    stack.extend(_Visit(each, Form.ARGUMENT, node, "", scope, top) for each in reversed(node.args[2:]))
                continue
        stack.extend(reversed(tuple(_parts(node, visit))))
        if isinstance(node, flow.Call):
            yield from _named(meanings, node, scope, top, wanted)


def _hit(meanings: Meanings, node: Expr, scope: Scope, wanted: _Wanted) -> Meaning | None:
    if not wanted.may_be(node) or (isinstance(node, flow.Call) and flow.last_name(node.func) != "getattr"):
        return None
    found = meanings.of(node, scope)
    return found if found is not None and found.kind != "instance" and wanted(found.definition) else None


def _parts(node: flow.Record, visit: _Visit) -> Iterator[_Visit]:
    """Yield the parts of an expression, each with how it is used there."""
    scope, top = visit.scope, visit.top
    match node:
        case flow.Call(func=func, args=args, keywords=keywords):
            yield _Visit(func, Form.CALL, node, "", scope, top)
            for each in (*args, *(value for _, value in keywords)):
                yield _Visit(each, Form.ARGUMENT, node, "", scope, top)
        case flow.Attr(value=value, name=name):
            yield _Visit(value, Form.MEMBER, visit.call if visit.form is Form.CALL else None, name, scope, top)
        case flow.Item(value=value, index=index):
            yield visit._replace(node=value, form=visit.form if visit.form is Form.ANNOTATION else Form.VALUE)
            yield visit._replace(node=index, form=visit.form if visit.form is Form.ANNOTATION else Form.KEY)
        case flow.Lambda():
            return
        case flow.Comprehension(key=key, value=value, clauses=clauses):
            names = {each.id for target, _, _ in clauses for each in flow.nodes(target) if isinstance(each, flow.Name)}
            inner = visit._replace(scope=scope._replace(hidden=scope.hidden | names), form=Form.VALUE)
            for position, (_, iterable, conditions) in enumerate(clauses):
                yield (inner if position else inner._replace(scope=scope))._replace(node=iterable)
                yield inner._replace(node=conditions)
            yield inner._replace(node=(key, value))
        case flow.Await(value=value) | flow.Star(value=value):
            yield visit._replace(node=value)
        case flow.Sequence(items=items):
            yield visit._replace(node=items, form=_inside(visit.form))
        case _:
            for part in flow.INNER[type(node)](node):
                yield visit._replace(node=part, form=_inside(visit.form))


def _inside(form: Form) -> Form:
    """Return how a part of something is used: as a value, unless what it is in decides."""
    return form if form in (Form.ANNOTATION, Form.TARGET, Form.ARGUMENT, Form.DECORATOR) else Form.VALUE


def _named(meanings: Meanings, call: flow.Call, scope: Scope, top: flow.Record, wanted: _Wanted) -> Iterator[Use]:
    """Yield what a call names as ``(owner, "name")``, or by keywords after the owner (``patch.multiple``)."""
    namer = flow.last_name(call.func)
    if namer not in _NAMERS or not call.args:
        return
    owner = meanings.of(call.args[0], scope)
    if owner is None or owner.kind not in ("module", "class", "instance", "external"):
        return
    names = [str(each.value) for each in call.args[1:2] if isinstance(each, flow.Const)]
    names += [name for name, _ in call.keywords] if namer == "multiple" else []
    for name in names:
        found = meanings.attribute(owner, name)
        if found is not None and wanted(found.definition):
            yield Use(found.definition, call.at, Form.NAMED, scope, found.kind, call, bound=name, top=top)
