"""facts → singletons: the ways in which a module hands out one object to all, told by their shape.

Looked for are a global that a function fills and returns, a cached function without arguments, a class that keeps its
one instance (by a class method, ``__new__``, a metaclass or a decorator), and an instance that a module makes and that
changes. What is handed out must be an object: numbers, texts and plain tables are no singletons.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At, Expr
from appstate_lint.frameworks import Tables
from appstate_lint.project import Project
from appstate_lint.project.launchers import MODULE
from appstate_lint.project.meanings import Definition, Meaning, Meanings, Scope
from appstate_lint.project.symbols import bound_names, statements

_CACHES = frozenset({"lru_cache", "cache", "cached", "alru_cache", "singleton", "run_once", "once"})
_CLASS_ATTRIBUTES = ("instance", "singleton")
_DATA_BASES = frozenset({"BaseModel", "BaseSettings", "Enum", "IntEnum", "StrEnum", "NamedTuple", "TypedDict",
                         "Exception", "Protocol", "type"})  # fmt: skip
_CHANGES = frozenset({"append", "add", "update", "pop", "clear", "remove", "extend", "insert", "discard", "setdefault",
                      "appendleft", "popleft", "popitem"})  # fmt: skip


class Pattern(str, enum.Enum):
    """How a singleton is made."""

    LAZY_GLOBAL = "lazy global"
    TRIPLE = "initialize, get and reconfigure"
    HYBRID = "state first, else global"
    CACHED = "cached accessor"
    CLASS_METHOD = "class method"
    NEW = "__new__"
    METACLASS = "metaclass"
    DECORATOR = "decorator"
    INSTANCE = "module instance"


class Singleton(NamedTuple):
    """One object for all: who hands it out, what it is of, and what else sets it.

    ``variable`` keeps it (empty where nothing of the module does), ``cls`` is its class, if that is known; ``setters``
    are functions that set it and do not return it.
    """

    pattern: Pattern
    accessors: tuple[Definition, ...]
    at: At
    variable: str
    cls: Definition | None
    class_name: str
    setters: tuple[Definition, ...] = ()

    @property
    def file(self) -> str:
        """The file that defines it."""
        return self.accessors[0].file


def singletons(project: Project, tables: Tables, files: Iterable[str]) -> Iterator[Singleton]:
    """Yield the singletons that ``files`` define, by file and line."""
    meanings = Meanings(project)
    for file in files:
        facts = project.facts[file]
        if facts.error:
            continue
        filled = list(_globals(meanings, tables, file))
        known = {accessor for each in filled for accessor in each.accessors}
        found = [
            *filled, *(each for each in _cached(meanings, file) if known.isdisjoint(each.accessors)),
            *_classes(meanings, file), *_instances(meanings, tables, file),
        ]  # fmt: skip
        yield from sorted(found, key=lambda each: each.at)


# ---------------------------------------------------------------- functions


def _globals(meanings: Meanings, tables: Tables, file: str) -> Iterator[Singleton]:
    """Yield the globals that functions fill and return."""
    facts = meanings.project.facts[file]
    setting: dict[str, list[int]] = {}
    for index, function in enumerate(facts.functions):
        declared = {name for each in statements(function.body) if isinstance(each, flow.Outer) for name in each.names}
        bound = {name for each in statements(function.body) for name in bound_names(each)}
        for name in declared & bound:
            setting.setdefault(name, []).append(index)
    for name, setters in sorted(setting.items()):
        getters = [
            index
            for index, function in enumerate(facts.functions)
            if function.owner < 0 and function.scope < 0 and _returns(function, name) and not _wants(function)
        ]
        made = _made(meanings, file, name, setters)
        if not getters or made is None or made[1] in _NO_COMPONENTS:
            continue
        first = facts.functions[getters[0]]
        rest = [index for index in setters if index not in getters and facts.functions[index].owner < 0]
        of_state = any(_is_hybrid(tables, facts.functions[index]) for index in getters)
        pattern = Pattern.HYBRID if of_state else Pattern.TRIPLE if rest else Pattern.LAZY_GLOBAL
        yield Singleton(
            pattern,
            tuple(Definition(file, facts.functions[index].qualname) for index in getters),
            first.at,
            name,
            *made,
            setters=tuple(Definition(file, facts.functions[index].qualname) for index in rest),
        )


def _is_hybrid(tables: Tables, function: flow.Function) -> bool:
    """Tell whether a function also takes a component from a holder."""
    return any(isinstance(node, flow.Attr) and node.name in tables.holders for node in flow.nodes(function.body))


def _wants(function: flow.Function) -> bool:
    """Tell whether a function cannot be called without arguments."""
    return any(each.default is None and each.kind in ("positional", "any", "keyword") for each in function.params)


def _returns(function: flow.Function, name: str) -> bool:
    """Tell whether a function returns a variable of its module."""
    return name not in function.locals and any(
        isinstance(each, flow.Return) and _is_name(each.value, name) for each in statements(function.body)
    )


def _is_name(expr: Expr | None, name: str) -> bool:
    """Tell whether a value is a variable, or may be it: one of several in ``or``, or cast to a type."""
    waiting = [expr]
    while waiting:
        match waiting.pop():
            case flow.Name(id=found) if found == name:
                return True
            case flow.Bool(values=values):
                waiting.extend(values)
            case flow.Call(func=func, args=(_, value)) if flow.last_name(func) == "cast":
                waiting.append(value)
    return False


def _made(meanings: Meanings, file: str, name: str, setters: Iterable[int]) -> tuple[Definition | None, str] | None:
    """Return the class of what a global is set to, and its name; ``None`` if that is no object."""
    facts = meanings.project.facts[file]
    called = False
    for index in setters:
        for statement in statements(facts.functions[index].body):
            if not isinstance(statement, flow.Bind) or name not in set(bound_names(statement)):
                continue
            scope = Scope(file, index)
            value = statement.value.value if isinstance(statement.value, flow.Await) else statement.value
            if isinstance(value, flow.Name):
                value = _local(meanings, value, scope)
            if isinstance(value, flow.Call):
                called = called or not _is_plain(value)
                found = _class_of(meanings, value, scope)
                if found is not None:
                    return found
    annotation = next(
        (each.annotation for each in statements(facts.body)
         if isinstance(each, flow.Bind) and name in set(bound_names(each)) and each.annotation is not None),
        None,
    )  # fmt: skip
    if annotation is not None and _is_table(annotation):
        return None
    found = _annotated(meanings, annotation, Scope(file)) if annotation is not None else None
    if found is not None and (called or found[0] is not None):
        return found
    return (None, "") if called else None


def _is_table(annotation: Expr) -> bool:
    """Tell whether an annotation says that a value is a plain table, text or number, or nothing."""
    while True:
        match annotation:
            case flow.Item(value=value, index=index) if flow.last_name(value) == "Optional":
                annotation = index
            case flow.Binary(left=left, right=flow.Const(value=None)):
                annotation = left
            case flow.Item(value=value) | value:
                return flow.last_name(value) in _TABLES


_TABLES = frozenset({"list", "dict", "set", "tuple", "frozenset", "str", "int", "float", "bool", "bytes", "List",
                     "Dict", "Set", "Tuple", "Mapping", "Sequence"})  # fmt: skip


def _local(meanings: Meanings, name: flow.Name, scope: Scope) -> Expr | None:
    bound = meanings.bound(scope.file, scope.function).get(name.id)
    value = bound.value if isinstance(bound, flow.Await) else bound
    return value if isinstance(value, flow.Call) else None


def _is_plain(call: flow.Call) -> bool:
    """Tell whether a call makes no object of its own: a number, a text, a table, the time."""
    return flow.last_name(call.func) in {
        "int", "str", "float", "bool", "dict", "list", "set", "tuple", "frozenset", "time", "monotonic", "now", "len",
        "open", "get", "getenv", "max", "min", "sum", "sorted", "perf_counter", "Path", "loads", "load", "getLogger",
    }  # fmt: skip


def _class_of(meanings: Meanings, call: flow.Call, scope: Scope) -> tuple[Definition | None, str] | None:
    """Return the class of the object that a call makes: that of the call itself, or by the function's annotation."""
    made = meanings.of(call, scope)
    if made is not None and made.kind == "instance":
        return made.definition, made.name
    function = meanings.of(call.func, scope)
    if function is not None and function.kind == "member" and function.file:
        for facts in meanings.project.facts[function.file].functions:
            if facts.qualname == function.name:
                if facts.returns is not None:
                    return _annotated(meanings, facts.returns, Scope(function.file, facts.scope, facts.owner))
                return None
    if function is not None and function.kind == "external" and function.name.rpartition(".")[2][:1].isupper():
        return None if _is_plain(call) else (None, function.name)
    return None


def _annotated(meanings: Meanings, annotation: Expr, scope: Scope) -> tuple[Definition | None, str] | None:
    """Return the first class of the project that an annotation names, else the first that is not here."""
    external: tuple[Definition | None, str] | None = None
    for node in flow.nodes(annotation):
        if isinstance(node, (flow.Name, flow.Attr)):
            meant = meanings.of(node, scope)
            if meant is not None and meant.kind == "class":
                return meant.definition, meant.name
            last = flow.last_name(node)
            if meant is not None and meant.kind == "external" and last[:1].isupper() and last not in _TYPING:
                external = (None, meant.name)
    return external


_NO_COMPONENTS = frozenset(
    {"logging.Logger", "threading.Lock", "threading.RLock", "asyncio.Lock", "contextvars.ContextVar"}
)
"""What every module may have one of."""


_TYPING = frozenset({"Optional", "Union", "Any", "Annotated", "Final", "Callable", "Awaitable", "AsyncIterator",
                     "Iterator", "Generator", "AsyncGenerator", "Dict", "List", "Set", "Tuple", "Type"})  # fmt: skip


def _cached(meanings: Meanings, file: str) -> Iterator[Singleton]:
    """Yield the functions without arguments whose one result is kept."""
    facts = meanings.project.facts[file]
    for index, function in enumerate(facts.functions):
        if function.owner >= 0 or function.scope >= 0 or function.params or function.is_generator:
            continue
        names = (flow.last_name(each.func if isinstance(each, flow.Call) else each) for each in function.decorators)
        if not _CACHES.intersection(names):
            continue
        made = _returned(meanings, file, index)
        if made is not None:
            yield Singleton(Pattern.CACHED, (Definition(file, function.qualname),), function.at, "", *made)


def _returned(meanings: Meanings, file: str, index: int) -> tuple[Definition | None, str] | None:
    """Return the class of the object that a function returns."""
    function = meanings.project.function(file, index)
    scope = Scope(file, index)
    around = Scope(file, function.scope, function.owner)
    said = _annotated(meanings, function.returns, around) if function.returns is not None else None
    if said is not None and said[0] is not None:
        return said
    for statement in statements(function.body):
        if isinstance(statement, flow.Return):
            value = statement.value.value if isinstance(statement.value, flow.Await) else statement.value
            if isinstance(value, flow.Name):
                value = _local(meanings, value, scope)
            if isinstance(value, flow.Call):
                found = _class_of(meanings, value, scope)
                if found is not None:
                    return found
    return None


# ---------------------------------------------------------------- classes


def _classes(meanings: Meanings, file: str) -> Iterator[Singleton]:
    """Yield the classes that have one instance, by what hands it out."""
    project = meanings.project
    for index, cls in enumerate(project.facts[file].classes):
        definition = Definition(file, cls.qualname)
        kept = {name for name in meanings.members(file, index) if _keeps(name)}
        methods = project.methods(file, index)
        new = methods.get("__new__")
        if new is not None and _keeps_on_class(project.function(file, new), kept):
            yield Singleton(Pattern.NEW, (definition,), cls.at, "", definition, cls.qualname)
            continue
        getters = [
            Definition(file, project.function(file, number).qualname)
            for name, number in methods.items()
            if name != "__new__" and _hands_out(project.function(file, number), kept, cls.name)
        ]
        if getters:
            yield Singleton(Pattern.CLASS_METHOD, tuple(getters), cls.at, "", definition, cls.qualname)
        elif any(_is_once(meanings, file, cls, value) for word, value in cls.keywords if word == "metaclass"):
            yield Singleton(Pattern.METACLASS, (definition,), cls.at, "", definition, cls.qualname)
        elif any("singleton" in flow.last_name(_called(each)).lower() for each in cls.decorators):
            yield Singleton(Pattern.DECORATOR, (definition,), cls.at, "", definition, cls.qualname)


def _called(expr: Expr) -> Expr:
    return expr.func if isinstance(expr, flow.Call) else expr


def _keeps(name: str) -> bool:
    """Tell whether an attribute of a class is called like its one instance."""
    return name.strip("_").lower() in _CLASS_ATTRIBUTES or name.strip("_").lower().endswith("_instance")


def _keeps_on_class(function: flow.Function, kept: set[str]) -> bool:
    """Tell whether ``__new__`` keeps what it makes on the class."""
    first = function.params[0].name if function.params else ""
    return any(
        isinstance(node, flow.Attr) and flow.last_name(node.value) in (first, function.qualname.split(".")[-2])
        and (node.name in kept or _keeps(node.name))
        for statement in statements(function.body)
        if isinstance(statement, flow.Bind)
        for node in flow.nodes(statement.targets)
    )  # fmt: skip


def _hands_out(function: flow.Function, kept: set[str], cls: str) -> bool:
    """Tell whether a class or static method returns the instance that the class keeps."""
    kinds = {flow.last_name(each) for each in function.decorators}
    if not kinds & {"classmethod", "staticmethod"}:
        return False
    owners = {cls, *(each.name for each in function.params[:1])}
    for statement in statements(function.body):
        match statement:
            case flow.Return(value=flow.Attr(value=owner, name=name)):
                if name in kept and flow.last_name(owner) in owners:
                    return True
    return False


def _is_once(meanings: Meanings, file: str, cls: flow.Class, metaclass: Expr) -> bool:
    """Tell whether a metaclass keeps the instances that it makes."""
    meant = meanings.of(metaclass, Scope(file, cls.scope))
    if meant is None:
        return False
    if meant.kind != "class":
        return meant.kind == "external" and "singleton" in meant.name.lower()
    for symbol in meanings.project.mro(meant.file, meant.number):
        if symbol.kind == "class" and "__call__" in (methods := meanings.project.methods(symbol.file, symbol.index)):
            body = meanings.project.function(symbol.file, methods["__call__"]).body
            stored = any(
                isinstance(node, (flow.Item, flow.Attr))
                for statement in statements(body)
                if isinstance(statement, flow.Bind)
                for node in flow.nodes(statement.targets)
            )
            calls = (node for node in flow.nodes(body) if isinstance(node, flow.Call))
            return stored or any(flow.last_name(call.func) == "setdefault" for call in calls)
    return False


# ---------------------------------------------------------------- instances


def _instances(meanings: Meanings, tables: Tables, file: str) -> Iterator[Singleton]:
    """Yield the instances of classes of the project that a module makes, and that change."""
    facts = meanings.project.facts[file]
    for statement in statements(facts.body):
        match statement:
            case flow.Bind(targets=(flow.Name(id=name, at=at),), value=flow.Call() as call):
                made = meanings.of(call, Scope(file, MODULE))
                if made is None or made.kind != "instance" or _is_data(meanings, tables, made):
                    continue
                if len(meanings.values(file, name)) == 1 and _changes(meanings, made):
                    yield Singleton(Pattern.INSTANCE, (Definition(file, name),), at, name, made.definition, made.name)


def _is_data(meanings: Meanings, tables: Tables, made: Meaning) -> bool:
    """Tell whether a class is one of data, of errors, or of an application or router, which a module makes anyway."""
    for symbol in meanings.project.mro(made.file, made.number):
        if symbol.kind == "class":
            continue
        if symbol.name.rpartition(".")[2] in _DATA_BASES or symbol.name in tables.classes or symbol.name == "?":
            return True
    return False


def _changes(meanings: Meanings, made: Meaning) -> bool:
    """Tell whether methods of a class, other than ``__init__``, change its instances."""
    project = meanings.project
    for symbol in project.mro(made.file, made.number):
        if symbol.kind != "class":
            continue
        for name, number in project.methods(symbol.file, symbol.index).items():
            if name in ("__init__", "__new__", "__post_init__"):
                continue
            function = project.function(symbol.file, number)
            static = flow.has_decorator(function, "staticmethod")
            own = function.params[0].name if function.params and not static else ""
            if own and any(_change(statement, own) for statement in statements(function.body)):
                return True
    return False


def _change(statement: flow.Stmt, own: str) -> bool:
    """Tell whether a statement changes an attribute of ``own``."""
    match statement:
        case flow.Bind(targets=targets) | flow.Delete(targets=targets):
            return any(_is_part(target, own) for target in targets)
        case flow.Augment(target=target):
            return _is_part(target, own)
        case flow.Do(value=value):
            call = value.value if isinstance(value, flow.Await) else value
            match call:
                case flow.Call(func=flow.Attr(value=flow.Attr(value=flow.Name(id=name)), name=method)):
                    return name == own and method in _CHANGES
    return False


def _is_part(target: Expr, own: str) -> bool:
    """Tell whether an assignment changes an attribute of ``own``, or an item of one."""
    waiting = [target]
    while waiting:
        match waiting.pop():
            case flow.Attr(value=flow.Name(id=name)) if name == own:
                return True
            case flow.Item(value=value):
                waiting.append(value)
            case flow.Sequence(items=items):
                waiting.extend(items)
    return False
