"""project → leftovers: every place that uses a declared accessor, by import, call, reference or string.

A use of a definition becomes a leftover unless the code may have it: the accessor itself, what replaces it, the code
that puts what it gives into the component, and calls that hand it an application or request (the new way under the old
name).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from appstate_lint.config import Migration
from appstate_lint.facts import flow
from appstate_lint.facts.flow import At
from appstate_lint.migration.accessors import Shape
from appstate_lint.migration.leftovers import Allowance, Leftover, allowance
from appstate_lint.migration.strings import Named, strings
from appstate_lint.model import Left, Place, Related
from appstate_lint.project.accessors import Accessor
from appstate_lint.project.launchers import MODULE
from appstate_lint.project.meanings import Definition, Meanings
from appstate_lint.project.symbols import Project, imports, mentions_of, statements
from appstate_lint.project.uses import Form, Use, uses

_OF_TYPES = frozenset({"isinstance", "issubclass", "cast", "TypeVar", "NewType", "type", "object", "create_autospec"})
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException"})
_ASKING = frozenset({"getattr", "hasattr"})
_HOW = {
    Form.CALL: "called", Form.DECORATOR: "used as a decorator", Form.KEY: "used as a key", Form.VALUE: "referenced",
    Form.ANNOTATION: "referenced in an annotation", Form.BASE: "extended", Form.TARGET: "replaced",
    Form.NAMED: "named",
}  # fmt: skip


class Old(NamedTuple):
    """The old way of a project: its accessors with their shapes, and what is known of who may use them.

    ``replacements`` are the definitions of what replaces accessors, ``written`` the lines on which a component is
    written, by its name; ``words`` all names that files have for accessors, ``holders`` how the names of
    what holds components end.
    """

    project: Project
    meanings: Meanings
    accessors: dict[Definition, tuple[tuple[Accessor, Shape], ...]]
    replacements: dict[str, frozenset[Definition]]
    written: dict[str, frozenset[tuple[str, int]]]
    words: frozenset[str]
    holders: tuple[str, ...]

    def known(self, definition: Definition) -> bool:
        """Tell whether a definition is an accessor that is declared."""
        return definition in self.accessors


class _File(NamedTuple):
    """A file that is looked through."""

    old: Old
    file: str
    module: str
    is_test: bool
    allowances: dict[str, Allowance]

    def place(self, at: At) -> Place:
        return Place(self.file, *at)

    def function(self, index: int, cls: int = -1) -> str:
        facts = self.old.project.facts[self.file]
        if index >= 0:
            return facts.functions[index].qualname
        return facts.classes[cls].qualname if cls >= 0 else "<module>"

    def leftover(
        self, kind: Left, accessor: Accessor, at: At, how: str, *, function: int = MODULE, cls: int = -1,
        form: str = "", final: bool = False, related: Iterable[Related] = (),
    ) -> Leftover:  # fmt: skip
        name = self.function(function, cls)
        dotted = self.module if name == "<module>" else f"{self.module}.{name}"
        return Leftover(
            kind=kind,
            migration=accessor.migration,
            accessor=dotted_name(self.old.project, accessor.definition),
            place=self.place(at),
            how=how,
            function=name,
            index=function,
            form=form or kind.value,
            allowed=self.allowances[accessor.migration.name].covers(self.file, dotted),
            is_test=self.is_test,
            final=final,
            related=tuple(related),
        )


def dotted_name(project: Project, definition: Definition) -> str:
    """Return the dotted name of a definition."""
    if not definition.file:
        return definition.name
    return f"{project.modules.by_path[definition.file].module}.{definition.name}"


def leftovers(old: Old, files: Iterable[str]) -> Iterator[Leftover]:
    """Yield the leftovers of all declared accessors in ``files``, by file."""
    migrations = {each.migration.name: each.migration for pairs in old.accessors.values() for each, _ in pairs}
    allowances = {name: allowance(migration) for name, migration in migrations.items()}
    given = taken(old.project)
    for file in files:
        source = old.project.modules.by_path[file]
        looked = _File(old, file, source.module, file in old.project.tests, allowances)
        found = list(uses(old.meanings, file, old.known, old.words))
        yield from _imports(looked, found, given)
        for use in found:
            if use.form is not Form.IMPORT:
                yield from _use(looked, use)
        yield from _listed(looked)
        for named in strings(old.meanings, file, old.known):
            yield from _string(looked, named)
    yield from _definitions(old, allowances)


def taken(project: Project) -> frozenset[tuple[str, str]]:
    """Return the names that files import from other files of the project: file they are taken from, and name."""
    found: set[tuple[str, str]] = set()
    for file, facts in project.facts.items():
        for statement in imports(facts):
            if isinstance(statement, flow.ImportFrom):
                source = project.source_of(file, statement)
                if source.kind == "module":
                    found.add((source.file, statement.name))
    return frozenset(found)


# ---------------------------------------------------------------- imports


def _imports(looked: _File, found: list[Use], given: frozenset[tuple[str, str]]) -> Iterator[Leftover]:
    """Yield what the imports of a file leave: of what is gone, for others, or for nothing."""
    facts = looked.old.project.facts[looked.file]
    guarded = {id(statement) for statement in _guarded(facts)}
    init = looked.file.endswith("/__init__.py") or looked.file == "__init__.py"
    for use in found:
        if use.form is not Form.IMPORT or not isinstance(use.top, flow.ImportFrom):
            continue
        used = any(True for _ in mentions_of(facts, use.scope.function, use.bound))
        exported = use.scope.function == MODULE and (
            use.bound in (facts.exports or ())
            or use.top.alias == use.top.name
            or (looked.file, use.bound) in given
            or (init and not used)
        )
        for accessor, shape in looked.old.accessors[use.definition]:
            if accessor.kind == "missing":
                if id(use.top) not in guarded:
                    how = f"imported, but {_home(looked.old.project, accessor)} has it no more"
                    yield looked.leftover(Left.REMOVED, accessor, use.at, how, function=use.scope.function)
                elif not used:
                    yield looked.leftover(Left.IMPORT, accessor, use.at, "imported", function=use.scope.function)
            elif shape.is_new or accessor.kind == "class":
                continue
            elif exported:
                yield looked.leftover(Left.ACCESSOR, accessor, use.at, "re-exported", form="re-export")
            elif not used:
                how = "imported, but not used"
                yield looked.leftover(Left.IMPORT, accessor, use.at, how, function=use.scope.function)


def _guarded(facts: flow.FileFacts) -> Iterator[flow.Stmt]:
    """Yield the statements of ``try`` blocks that catch a failing import."""
    for block in (facts.body, *(each.body for each in facts.functions)):
        for statement in statements(block):
            if isinstance(statement, flow.Try) and any(
                not handler.types or _IMPORT_ERRORS & set(map(flow.last_name, _types(handler)))
                for handler in statement.handlers
            ):
                yield from statements(statement.body)


def _types(handler: flow.Handler) -> Iterator[flow.Expr]:
    for each in handler.types:
        yield from each.items if isinstance(each, flow.Sequence) else (each,)


def _home(project: Project, accessor: Accessor) -> str:
    """Return the module that had an accessor."""
    return dotted_name(project, accessor.definition)[: -len(accessor.definition.last) - 1]


# ---------------------------------------------------------------- uses


def _use(looked: _File, use: Use) -> Iterator[Leftover]:
    """Yield what one use in code leaves, unless it may be there."""
    for accessor, shape in looked.old.accessors[use.definition]:
        if _is_own(looked, use, accessor.migration) or _initializes(looked, use, accessor.migration):
            continue
        where = {"function": use.function, "cls": use.scope.cls, "form": use.form.value}
        kind, how = _judged(looked, use, accessor, shape)
        if kind is not None:
            yield looked.leftover(kind, accessor, use.at, how, **where)  # type: ignore[arg-type]


def _judged(looked: _File, use: Use, accessor: Accessor, shape: Shape) -> tuple[Left | None, str]:
    """Return what kind of leftover a use is, if one, and what it does."""
    namer = flow.last_name(use.call.func) if use.call is not None else ""
    if accessor.kind == "missing":
        if use.form is Form.NAMED:
            asks = namer == "hasattr" or (namer == "getattr" and use.call is not None and len(use.call.args) > 2)
            if asks or _is_lenient(use.call):
                return None, ""
        if use.form is not Form.NAMED and _fails_before(looked, use):
            return None, ""
        return Left.REMOVED, f"{_how(use, namer)}, but {_home(looked.old.project, accessor)} has it no more"
    if accessor.kind == "class" and not _makes(looked, use, accessor):
        return None, ""
    if use.form is Form.NAMED and namer not in _ASKING:
        return (None, "") if shape.is_new else (Left.PATCH, f"patched by {namer}")
    if use.form is Form.CALL and use.call is not None:
        if lacking := shape.lacks(use.call):
            return Left.REMOVED, f"called without '{lacking}', which it requires now"
        if shape.is_new or shape.hands_state(use.call):
            return None, ""
        if shape.raises:
            return Left.REMOVED, "called, but always raises"
    if shape.is_new:
        return None, ""
    return Left.ACCESSOR, _how(use, namer)


def _how(use: Use, namer: str) -> str:
    """Return what a use does, as messages say it."""
    if use.form is Form.ARGUMENT:
        return f"handed to {namer}" if namer else "handed on"
    if use.form is Form.MEMBER:
        return f"used by '.{use.member}'"
    if use.form is Form.NAMED and namer in _ASKING:
        return f"named in {namer}"
    return _HOW[use.form]


def _is_lenient(call: flow.Call | None) -> bool:
    """Tell whether a call that patches does not mind a name that is not there."""
    return call is not None and any(name in ("create", "raising") for name, _ in call.keywords)


def _fails_before(looked: _File, use: Use) -> bool:
    """Tell whether a use starts from an imported name that is not there: then it is the import that fails."""
    facts = looked.old.project.facts[looked.file]
    for node in flow.nodes(facts.body, facts.functions, facts.classes):
        if isinstance(node, flow.Name) and node.at[:2] == use.at[:2]:
            meant = looked.old.meanings.of(node, use.scope)
            return meant is not None and meant.kind in ("missing", "external")
    return False


def _makes(looked: _File, use: Use, accessor: Accessor) -> bool:
    """Tell whether a use of a singleton's class gets the one instance: a call, a class method, a factory."""
    if use.form is Form.CALL or use.form is Form.KEY:
        return True
    if use.form is Form.MEMBER:
        methods = looked.old.project.methods(accessor.definition.file, accessor.number)
        if use.member not in methods:
            return False
        function = looked.old.project.function(accessor.definition.file, methods[use.member])
        return flow.has_decorator(function, "classmethod")
    if use.form is Form.ARGUMENT and use.call is not None:
        spec = any(name in ("spec", "spec_set") for name, _ in use.call.keywords)
        return not spec and flow.last_name(use.call.func) not in _OF_TYPES
    return use.form is Form.VALUE and isinstance(use.top, (flow.Bind, flow.Return))


def _is_own(looked: _File, use: Use, migration: Migration) -> bool:
    """Tell whether a use stands in an accessor of the same migration, or in what replaces it."""
    own = {
        each.definition
        for pairs in looked.old.accessors.values()
        for each, _ in pairs
        if each.migration.name == migration.name and each.definition.file == looked.file
    } | looked.old.replacements.get(migration.name, frozenset())
    facts = looked.old.project.facts[looked.file]
    function, cls = use.scope.function, use.scope.cls
    while function >= 0 or cls >= 0:
        qualname = facts.classes[cls].qualname if cls >= 0 else facts.functions[function].qualname
        if Definition(looked.file, qualname) in own:
            return True
        if cls < 0 and use.definition.file == looked.file and _declares(facts.functions[function], use.definition.name):
            return True
        function, cls = (facts.classes[cls].scope, -1) if cls >= 0 else (
            (facts.functions[function].scope, facts.functions[function].owner)
        )  # fmt: skip
    return False


def _declares(function: flow.Function, name: str) -> bool:
    """Tell whether a function says ``global`` of a name: it is part of what keeps it."""
    return any(isinstance(each, flow.Outer) and name in each.names for each in statements(function.body))


def _initializes(looked: _File, use: Use, migration: Migration) -> bool:
    """Tell whether a use is part of a statement that puts the accessor's value into the migration's component."""
    name = migration.component
    if not name:
        return False
    lines = looked.old.written.get(name, frozenset())
    if any((looked.file, line) in lines for line in range(use.at[0], use.at[2] + 1)):
        return True
    if use.top is None or not isinstance(use.top, (flow.Bind, flow.Do)):
        return False
    if _writes(use.top, name, looked.old.holders):
        return True
    if not isinstance(use.top, flow.Bind):
        return False
    locals_ = {target.id for target in use.top.targets if isinstance(target, flow.Name)}
    facts = looked.old.project.facts[looked.file]
    body = facts.functions[use.scope.function].body if use.scope.function >= 0 else facts.body
    return bool(locals_) and any(
        _writes(statement, name, looked.old.holders)
        and any(isinstance(node, flow.Name) and node.id in locals_ for node in flow.nodes(_value(statement)))
        for statement in statements(body)
    )


def _writes(statement: flow.Record, component: str, holders: tuple[str, ...]) -> bool:
    """Tell whether a statement looks like a write of a component."""
    match statement:
        case flow.Bind(targets=targets):
            return any(_names(target, component, holders) for target in targets)
        case flow.Do(value=flow.Call(func=func, args=(owner, flow.Const(value=name), *_))):
            return flow.last_name(func) == "setattr" and name == component and _holds(owner, holders)
    return False


def _names(target: flow.Expr, component: str, holders: tuple[str, ...]) -> bool:
    match target:
        case flow.Attr(value=owner, name=name) | flow.Item(value=owner, index=flow.Const(value=name)):
            return name == component and _holds(owner, holders)
    return False


def _holds(owner: flow.Expr, holders: tuple[str, ...]) -> bool:
    """Tell whether an expression is called like what holds components."""
    return flow.last_name(owner).endswith(holders)


def _value(statement: flow.Record) -> object:
    return statement.value if isinstance(statement, (flow.Bind, flow.Do)) else None


# ---------------------------------------------------------------- strings and definitions


def _listed(looked: _File) -> Iterator[Leftover]:
    """Yield the strings of ``__all__`` that name an accessor of another module, or one that is to go or gone."""
    facts = looked.old.project.facts[looked.file]
    for quote in facts.listed:
        meant = looked.old.meanings.global_name(looked.file, quote.text)
        definition = meant.definition if meant is not None else Definition(looked.file, quote.text)
        for accessor, shape in looked.old.accessors.get(definition, ()):
            gone = accessor.kind == "missing"
            own = definition.file == looked.file and not gone
            if shape.is_new or accessor.kind == "class":
                continue
            yield looked.leftover(Left.IMPORT, accessor, quote.at, "kept in __all__", form="export", final=own)


def _string(looked: _File, named: Named) -> Iterator[Leftover]:
    """Yield what one string that names an accessor leaves."""
    facts = looked.old.project.facts[looked.file]
    function = _function_at(facts, named.at)
    for accessor, shape in looked.old.accessors[named.definition] if named.definition else ():
        if shape.is_new or (accessor.kind == "class" and named.patches):
            continue
        if accessor.kind == "missing":
            if not named.lenient:
                how = f"named by '{named.text}', but {_home(looked.old.project, accessor)} has it no more"
                yield looked.leftover(Left.REMOVED, accessor, named.at, how, function=function, form="string")
            continue
        how = f"patched as '{named.text}'" if named.patches else f"named by '{named.text}'"
        yield looked.leftover(Left.PATCH, accessor, named.at, how, function=function, form="string")
    if named.definition or not named.patches or named.lenient:
        return
    for accessor, shape in _called_alike(looked.old, named.text):
        if not shape.is_new or accessor.definition.file not in looked.old.project.facts:
            how = f"patched as '{named.text}', but {named.text.rpartition('.')[0]} has no such name"
            yield looked.leftover(Left.REMOVED, accessor, named.at, how, function=function, form="string")
            return


def _called_alike(old: Old, text: str) -> Iterator[tuple[Accessor, Shape]]:
    """Yield the accessors that have the last name of a dotted one."""
    last = text.rpartition(".")[2]
    for pairs in old.accessors.values():
        yield from ((accessor, shape) for accessor, shape in pairs if accessor.definition.last == last)


def _function_at(facts: flow.FileFacts, at: At) -> int:
    """Return the innermost function around a place, decorators included."""
    best, size = MODULE, 0
    for index, function in enumerate(facts.functions):
        first = min([function.at[0], *(node.at[0] for node in flow.nodes(function.decorators) if hasattr(node, "at"))])
        if first <= at[0] <= function.at[2] and (best == MODULE or function.at[2] - first <= size):
            best, size = index, function.at[2] - first
    return best


def _definitions(old: Old, allowances: dict[str, Allowance]) -> Iterator[Leftover]:
    """Yield the accessors that are still defined although their migration is said to be complete."""
    for definition, pairs in old.accessors.items():
        for accessor, shape in pairs:
            if accessor.kind in ("missing", "external") or shape.is_new:
                continue
            source = old.project.modules.by_path[definition.file]
            looked = _File(old, definition.file, source.module, definition.file in old.project.tests, allowances)
            line, column = accessor.at[:2]
            word = {"function": 4, "class": 6}.get(accessor.kind, 0)
            at = (line, column, line, column + word + len(definition.last))
            function = accessor.number if accessor.kind == "function" else MODULE
            yield looked.leftover(Left.DEFINITION, accessor, at, "still defined", function=function, final=True)
