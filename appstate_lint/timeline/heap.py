"""The interpreter's memory: variables, lists and attributes.

Variables and presences are followed along each path; lists, attributes of objects and variables of closures are joined
over the whole run, and the run is repeated until they no longer change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from appstate_lint.facts import flow
from appstate_lint.frameworks import FrameworkClass, Tables
from appstate_lint.model import Phase, Place
from appstate_lint.project import Project, Symbol
from appstate_lint.timeline.cells import DictCell, ListCell
from appstate_lint.timeline.frames import Frame, Raised, Scoped
from appstate_lint.timeline.paths import Env, Path
from appstate_lint.timeline.phasing import Phasing
from appstate_lint.timeline.presence import Facts, Key, Store
from appstate_lint.timeline.records import CallStep, Records
from appstate_lint.timeline.values import (
    APPLICATION,
    BUILTINS,
    MISSING_NAME,
    NONE,
    OR_NONE,
    UNKNOWN,
    AnyOf,
    ClassValue,
    External,
    FunctionValue,
    ModuleValue,
    Object,
    Unknown,
    Value,
    join,
)

_Name = TypeVar("_Name", bound="tuple[str | int, ...]")


class Heap:
    """What all parts of the interpreter share."""

    def __init__(self, project: Project, tables: Tables) -> None:
        self.project = project
        self.tables = tables
        self.records = Records()
        self.phasing: Phasing | None = None
        self.declared: Mapping[str, tuple[str, ...]] = {}
        """What the contract of a component says that it depends on."""
        self.tracing = False
        """Whether it matters what a component was made from."""
        self.kept_ingredients: dict[tuple[str, str], frozenset[str]] = {}
        """The components that attributes of objects were made from."""
        self.frames: list[Frame] = []
        self.stack: list[CallStep] = []
        self.phase = Phase.IMPORT
        self.deciding: frozenset[str] = frozenset()
        self.application: Object | None = None
        self.living: Object | None = None
        self.modules: dict[str, Path] = {}
        self.running: set[str] = set()
        self.scopes: dict[int, Scoped] = {0: Scoped("", 0)}
        self.scope_numbers: dict[object, int] = {}
        self.lists: dict[object, ListCell] = {}
        self.dicts: dict[object, DictCell] = {}
        self.cell_numbers: dict[object, int] = {}
        self.called: dict[str, Value] = {}
        """The names under which applications can be looked up, by their sites."""
        self.attributes: dict[tuple[str, str], Value] = {}
        self.class_attributes: dict[tuple[str, int, str], Value] = {}
        self.class_envs: dict[tuple[str, int, int], Env] = {}
        self.wrapped: dict[tuple[str, int, int], FunctionValue] = {}
        self.defaults: dict[tuple[str, int, int], tuple[Value | None, ...]] = {}
        self.global_writes: dict[tuple[str, str], Value] = {}
        self.component_values: dict[Key, Value] = {}
        self.yield_at: flow.At = (0, 0, 0, 0)
        self.inner_yields: set[str] = set()
        """Names that the context managers which a running lifespan has entered yield in a dict."""
        self.plain_none = False
        self.by_item = False
        self.scopes_of: dict[str, tuple[int, Place, str]] = {}
        """Requests that code makes itself, by site: the number of the dict that is their scope, where, and by whom."""
        self.made_requests: set[str] = set()
        """Sites of the requests that code makes itself."""
        self.augmenting = False
        self.wholes: dict[str, list[str]] = {}
        self.parts_of_whole: dict[str, Facts] = {}
        self.choices: dict[str, list[str]] = {}
        """By what is stable the conditions that it equals a constant of which exactly one holds, if that is known."""
        self.read_here: set[Key] = set()
        self.made_at: dict[tuple[Key, Place], tuple[Value, bool]] = {}
        self.made_here: dict[str, tuple[int, int]] = {}
        self.made_since = 0
        self.making = 0
        self.holder_aliases: dict[str, Object] = {}
        self.open: dict[str, list[tuple[str, int, str]]] = {}
        self.raising: list[Raised] = []
        self.unsettled = False
        self.catching: list[frozenset[str]] = []
        self.conditional = 0
        self.partial = False
        self._bases: dict[ClassValue, tuple[ClassValue, ...]] = {}
        self._methods: dict[tuple[ClassValue, str], FunctionValue | None] = {}
        self.external_bases: dict[tuple[str, int], str] = {}
        self.plain: dict[tuple[str, int], bool] = {}
        self.spawned = False
        self.in_route = False
        self.in_hook = False
        self.possible = False
        self.muted = 0
        self.asked: set[tuple[str | int, ...]] = set()
        self.left: dict[Key, Store] = {}
        """What start-up left in applications whose servers a launcher starts, when the life was last interpreted."""
        self.changes = 0

    # ------------------------------------------------------------ frames

    @property
    def frame(self) -> Frame:
        """The innermost running frame."""
        return self.frames[-1]

    def site(self, at: flow.At) -> str:
        """Return the name of the object that is made at ``at`` in this call."""
        frame = self.frame
        return f"{frame.file}:{at[0]}:{at[1]}" + (f"#{frame.scope}" if frame.scope else "")

    def request_site(self, at: flow.At) -> str:
        """Return the name of the request that code makes at ``at``.

        Those that are made here from others which code makes are one: in a circle of such code, each would lead to the
        next.
        """
        site = self.site(at)
        if any(isinstance(each, Object) and each.site in self.made_requests for each in self.given()):
            site = site.partition("#")[0]
        self.made_requests.add(site)
        return site

    def given(self) -> Iterator[Value]:
        """Yield what the running function was given: its arguments, and variables of those that it is defined in."""
        frame = self.frame
        variables = self.scopes[frame.scope].variables
        params = frame.function.params if frame.function is not None else ()
        yield from (variables[each.name] for each in params if each.name in variables)
        for scoped in self.enclosing(frame):
            yield from scoped.variables.values()

    def enclosing(self, frame: Frame) -> Iterator[Scoped]:
        """Yield the variables of the functions that a frame's function is defined in, the innermost first."""
        number = frame.outer
        while number:
            scoped = self.scopes[number]
            yield scoped
            number = scoped.outer

    def anew(self, made: Object) -> Object:
        """Note that the running statement makes an object, and under how many conditions; return it."""
        self.made_here[made.site] = (self.conditional, self.making)
        return made

    def begin_making(self) -> int:
        """Return the number from which on objects are made by the statement that begins here."""
        self.making += 1
        return self.making

    def number(self, key: object) -> int:
        """Return the number that stands for ``key`` in this run."""
        return self.cell_numbers.setdefault(key, len(self.cell_numbers) + 1)

    def list_cell(self, number: int) -> ListCell:
        """Return the list of that number."""
        cell = self.lists.get(number)
        if cell is None:
            cell = self.lists[number] = ListCell(self.call_that_runs())
        return cell

    def dict_cell(self, number: int) -> DictCell:
        """Return the dict of that number."""
        cell = self.dicts.get(number)
        if cell is None:
            cell = self.dicts[number] = DictCell(self.call_that_runs())
        return cell

    def call_that_runs(self) -> tuple[str, int, int]:
        """Return the file, function and number of the call that runs."""
        return (self.frame.file, self.frame.index, self.frame.scope) if self.frames else ("", -1, 0)

    # ------------------------------------------------------------ names

    def find(self, name: str, path: Path) -> Value:
        """Return the value of a variable as the running frame sees it."""
        value = path.env.get(name)
        frame = self.frames[-1]
        if value is not None:
            if frame.function is not None and name in self.scopes[frame.scope].rebound:
                return join(value, self.scopes[frame.scope].variables[name])
            return value
        number = frame.outer
        while number:
            scoped = self.scopes[number]
            if name in scoped.variables:
                return elsewhere(scoped.variables[name], name)
            number = scoped.outer
        if frame.function is not None and name in frame.function.locals:
            return Unknown(name)
        value = self.module_name(frame.file, name)
        return elsewhere(value, name, f"{frame.file}:{name}") if frame.function is not None else value

    def module_name(self, file: str, name: str) -> Value:
        """Return the value of a module-level name, or the builtin of that name."""
        module = self.modules.get(file)
        if module is not None:
            value = module.env.get(name)
            if value is not None:
                changed = self.kept(self.global_writes, (file, name))
                return value if changed is None else join(value, changed)
        symbol = self.project.lookup(file, name)
        if symbol is None:
            if name == "__name__":
                return Unknown("__name__", "__name__")
            return External(name) if name in BUILTINS else Unknown(name)
        return self.symbol_value(symbol, name)

    def symbol_value(self, symbol: Symbol, name: str = "") -> Value:
        """Return the value that a resolved name has, running its module first where that has not happened."""
        match symbol.kind:
            case "module":
                return ModuleValue(symbol.file)
            case "external":
                return self.running_application() if self.is_proxy(symbol) else External(symbol.name)
            case "package":
                return External(f"{symbol.name}")
            case "missing":
                return Unknown(symbol.name, f"{MISSING_NAME}{symbol.file}:{symbol.name}")
        if symbol.kind == "function" and self.project.dotted(symbol) in self.tables.functions:
            return External(self.project.dotted(symbol))
        self.import_module(symbol.file)
        wanted = self._symbol_name(symbol) or name
        module = self.modules.get(symbol.file)
        value = module.env.get(wanted) if module is not None else None
        if value is not None:
            changed = self.kept(self.global_writes, (symbol.file, wanted))
            return elsewhere(value if changed is None else join(value, changed), wanted, f"{symbol.file}:{wanted}")
        if symbol.kind == "function":
            return FunctionValue(symbol.file, symbol.index)
        if symbol.kind == "class":
            return ClassValue(symbol.file, symbol.index)
        return Unknown(wanted, f"{symbol.file}:{wanted}")

    def _symbol_name(self, symbol: Symbol) -> str:
        if symbol.kind == "function":
            return self.project.function(symbol.file, symbol.index).name
        if symbol.kind == "class":
            return self.project.cls(symbol.file, symbol.index).name
        return symbol.name

    def import_module(self, file: str) -> None:
        """Run the module ``file`` if it has not run yet."""
        raise NotImplementedError

    # ------------------------------------------------------------ classes

    def spec(self, value: Value) -> FrameworkClass | None:
        """Return what the tables say of the class of ``value``."""
        if type(value) is Object and value.external:
            return self.tables.classes.get(value.external)
        return None

    def kind(self, value: Value) -> str:
        """Return the word that the tables have for ``value``: application, request, router …; else empty."""
        spec = self.spec(value)
        return spec.kind if spec is not None else ""

    def external_base(self, cls: ClassValue) -> str:
        """Return the class that the tables know and that a project's class is or extends, the nearest."""
        known = self.external_bases.get((cls.file, cls.index))
        if known is None:
            names = self.project.class_names(cls.file, cls.index)
            known = next((name for name in names if name in self.tables.classes), "")
            self.external_bases[cls.file, cls.index] = known
        return known

    def bases(self, cls: ClassValue) -> tuple[ClassValue, ...]:
        """Return a class and its bases within the project, nearest first."""
        known = self._bases.get(cls)
        if known is None:
            inside = (each for each in self.project.mro(cls.file, cls.index) if each.kind == "class")
            known = self._bases[cls] = tuple(
                ClassValue(each.file, each.index, cls.scope if (each.file, each.index) == (cls.file, cls.index) else 0)
                for each in inside
            )
        return known

    def unseen_bases(self, cls: ClassValue) -> bool:
        """Tell whether a class inherits from something that is neither in the project nor harmless."""
        return any(name not in _HARMLESS_BASES for name in self.outer_bases(cls))

    def outer_bases(self, cls: ClassValue) -> Iterator[str]:
        """Yield the last names of the classes outside the project that a class extends, itself or through others."""
        for symbol in self.project.mro(cls.file, cls.index):
            if symbol.kind == "external":
                yield symbol.name.rpartition(".")[2]

    def class_env(self, cls: ClassValue) -> Env:
        """Return the names that the body of a class bound."""
        self.import_module(cls.file)
        env = self.class_envs.get((cls.file, cls.index, cls.scope))
        if env is None:
            for (file, index, _), each in self.class_envs.items():
                if (file, index) == (cls.file, cls.index):
                    return each
        return env or {}

    def method(self, cls: ClassValue, name: str, after: ClassValue | None = None) -> FunctionValue | None:
        """Return the method ``name`` of a class by its order of bases; ``after`` skips up to that class (``super``)."""
        if after is not None:
            places = [(base.file, base.index) for base in self.bases(cls)]
            here = (after.file, after.index)
            return self._method(self.bases(cls)[places.index(here) + 1 :], name) if here in places else None
        key = (cls, name)
        if key not in self._methods:
            self._methods[key] = self._method(self.bases(cls), name)
        return self._methods[key]

    def _method(self, classes: tuple[ClassValue, ...], name: str) -> FunctionValue | None:
        """Return the method ``name`` of the first of ``classes`` that defines it."""
        for base in classes:
            index = self.project.methods(base.file, base.index).get(name)
            if index is not None:
                return FunctionValue(base.file, index, base.scope)
        return None

    def kept(self, table: dict[_Name, Value], key: _Name) -> Value | None:
        """Return what was joined into ``table`` under ``key``, and remember that it was asked for."""
        self.asked.add(key)
        return table.get(key)

    def keep(self, table: dict[_Name, Value], key: _Name, value: Value) -> None:
        """Join ``value`` into ``table``; that counts as a change if the value was asked for before."""
        known = table.get(key)
        new = value if known is None else join(known, value)
        if new != known:
            table[key] = new
            self.changes += key in self.asked

    def put_attribute(self, owner: Object, name: str, value: Value) -> None:
        """Join ``value`` into an attribute of an object and of its class."""
        if self.muted:
            return
        self.keep(self.attributes, (owner.site, name), value)
        if owner.cls is not None:
            self.keep(self.class_attributes, (owner.cls.file, owner.cls.index, name), value)

    def get_attribute(self, owner: Object, name: str) -> Value | None:
        """Return what an attribute of an object can hold, from this object or else from all of its class."""
        value = self.kept(self.attributes, (owner.site, name))
        if value is not None or owner.cls is None:
            return value
        found: Value | None = None
        for base in self.bases(owner.cls):
            wide = self.kept(self.class_attributes, (base.file, base.index, name))
            if wide is not None:
                found = wide if found is None else join(found, wide)
        return found

    def is_proxy(self, symbol: Symbol) -> bool:
        """Tell whether a name stands for the application that runs whenever it is looked at."""
        return symbol.kind == "external" and symbol.name in self.tables.proxies

    def running_application(self) -> Value:
        """Return the application that runs, or while none does, the one that was made last."""
        made = self.known_applications() if self.application is None else []
        return made[-1] if made else self.the_application()

    def application_called(self, name: Value | None) -> Value:
        """Return the application that was made under a name; the one that runs, if none is known to have it."""
        same = [each for each in self.known_applications() if name is not None and self.called.get(each.site) == name]
        return same[-1] if same else self.running_application()

    def known_applications(self) -> list[Object]:
        """Return the applications that exist here."""
        raise NotImplementedError

    def the_application(self) -> Value:
        """Return the application whose life is being interpreted."""
        return self.application if self.application is not None else Unknown(APPLICATION)


def elsewhere(value: Value, name: str, origin: str = "") -> Value:
    """Return what a variable that other code may have set can hold: one only seen as ``None`` is not only that.

    With an ``origin``, that other value is one and the same for all code.
    """
    return join(value, Unknown(name, f"{origin}{OR_NONE}" if origin else "")) if value == NONE else value


def single(values: Value) -> Value:
    """Return ``values`` without ``None``, where something else remains."""
    if isinstance(values, AnyOf):
        rest = tuple(option for option in values.options if option != NONE)
        if len(rest) == 1:
            return rest[0]
        if rest:
            return AnyOf(rest)
        return UNKNOWN
    return values


_HARMLESS_BASES = frozenset({"object", "ABC", "Generic", "Protocol", "Enum", "str", "Exception"})
