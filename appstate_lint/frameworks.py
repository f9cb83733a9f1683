"""The tables of ``rules/``: where state lives and how code is registered, as frozen records under one schema.

No framework is named here; ``rules/frameworks/*.toml`` and ``rules/libraries/*.toml`` do that.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import tomli


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a function or method does with the code it is given.

    ``arguments`` are the parameter names in positional order, ``function`` is the one that receives the code,
    ``registers`` gives the role of further parameters. ``selector`` is the parameter whose literal chooses the role in
    ``select``. ``form`` is ``call``, ``decorator`` (the call returns a decorator that registers) or ``either`` (with
    code it registers that, without it is a decorator). With ``rest``, the remaining arguments are those of the
    function. ``path`` is the parameter that holds a path or prefix; ``verbs`` the one that lists the verbs of a route,
    ``verb`` the only one that it has (``*``: the name of the method).

    ``late`` says what becomes of the call once the application has started: ``refused`` (it raises), ``ignored``, or
    empty (it works). With ``starts``, the start-up of the application that is mounted runs with that of the owner, when
    its turn comes among the handlers.
    """

    names: tuple[str, ...]
    role: str = ""
    form: str = "call"
    arguments: tuple[str, ...] = ()
    function: str = ""
    registers: dict[str, str] = {}
    selector: str = ""
    select: dict[str, str] = {}
    rest: bool = False
    late: str = ""
    starts: bool = False
    path: str = ""
    verbs: str = ""
    verb: str = ""


class FrameworkClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the instances of a framework's class are to the linter; ``kind`` says it in one word.

    ``holder`` is the attribute that holds application state, ``yielded`` the one that holds what the lifespan
    yielded. With ``items``, the items of the object itself are components; ``stores`` are attributes that are dicts
    of components, each apart from the others. ``scope`` are attributes that hold the scope of a request,
    ``scope_items`` what its items are: ``application`` or ``yielded``. ``dicts`` are attributes of a state that
    hold its components. A ``conversation`` is a request that goes on. ``chain`` are attributes in which the
    components of an application and of those that it is mounted in are looked up, nearest first. ``starts`` are the
    roles of the code that start-up runs, in order. ``parts`` are attributes that register on the object as it does
    itself, and the class of each. ``views`` are class methods that give what serves requests as an instance does.
    ``state`` is the argument of the constructor that holds the first components; it is a ``mapping`` if it has the
    methods of one. ``hooks`` says what start-up and shutdown handlers are called with if they take something: the
    application, or its ``state``.

    ``stores`` are given with the names that are there from the start. With ``members``, attributes that some code
    sets on the object are components, save those that it has of its ``own``. ``loaders`` are methods of stores that
    fill them: from a ``class``, a ``mapping``, or from what is not known (``unknown``). What is asked of an
    ``optional`` store with a default is not meant to be there.
    """

    names: tuple[str, ...]
    kind: str = ""
    extends: str = ""
    framework: str = ""
    holder: str = ""
    yielded: str = ""
    itself: tuple[str, ...] = ()
    application: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    scope_items: dict[str, str] = {}
    items: bool = False
    stores: dict[str, tuple[str, ...]] = {}
    optional: tuple[str, ...] = ()
    members: bool = False
    own: tuple[str, ...] = ()
    loaders: dict[str, str] = {}
    dicts: tuple[str, ...] = ()
    conversation: bool = False
    chain: tuple[str, ...] = ()
    parts: dict[str, str] = {}
    views: tuple[str, ...] = ()
    mapping: bool = False
    hooks: str = ""
    state: str = ""
    starts: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    attributes: dict[str, str] = {}
    arguments: tuple[str, ...] = ()
    registers: dict[str, str] = {}
    lists: dict[str, str] = {}
    assigned: dict[str, str] = {}
    methods: tuple[Call, ...] = ()
    path: str = ""
    verbs: str = ""
    verb: str = ""
    overrides: str = ""

    def method(self, name: str) -> Call | None:
        """Return what the method ``name`` does, ``None`` if nothing that matters."""
        for call in self.methods:
            if name in call.names:
                return call
        return None


class Client(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What tests call an application with, or a transport to one.

    ``application``, ``transport`` and ``hides`` are parameters: the application, a transport to it, and what, if false,
    keeps its exceptions from the test. ``starts``: entering the client runs the application's start-up. ``requests``
    are methods whose first argument is the path; that of ``any_request`` is the verb, then the path. ``conversations``
    are methods that open a connection, with the verb of the routes that serve it.
    """

    names: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    application: str = ""
    transport: str = ""
    hides: str = ""
    starts: bool = False
    requests: tuple[str, ...] = ()
    any_request: str = ""
    conversations: dict[str, str] = {}


class Library(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a package reads and writes on an application that it is handed; ``source`` says where that was seen.

    ``package`` is a dotted name. ``holder`` is empty for the state; else ``config``, ``extensions`` or ``item``.
    """

    package: str
    source: str
    holder: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


class _Page(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    rename={
        "classes": "class",
        "functions": "function",
        "methods": "method",
        "libraries": "library",
        "clients": "client",
    },
):
    framework: str = ""
    packages: tuple[str, ...] = ()
    keepers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    vague: tuple[str, ...] = ()
    wrappers: tuple[str, ...] = ()
    classes: tuple[FrameworkClass, ...] = ()
    functions: tuple[Call, ...] = ()
    methods: tuple[Call, ...] = ()
    libraries: tuple[Library, ...] = ()
    clients: tuple[Client, ...] = ()


@dataclasses.dataclass(frozen=True)
class Tables:
    """All tables joined: classes and functions by dotted name, methods by name, packages known not to touch state.

    ``proxies`` are dotted names that stand for the running application. ``variables`` and ``requests`` are names under
    which code customarily has an application and a request, ``vague`` types that say nothing of a value, ``wrappers``
    packages and functions whose decorators give what they decorate.
    """

    classes: dict[str, FrameworkClass]
    functions: dict[str, Call]
    methods: dict[str, Call]
    packages: frozenset[str]
    keepers: frozenset[str]
    words: dict[str, tuple[str, ...]]
    libraries: tuple[Library, ...]
    clients: dict[str, Client]
    variables: frozenset[str]
    requests: frozenset[str]
    proxies: frozenset[str]
    vague: frozenset[str]
    wrappers: frozenset[str]

    @functools.cached_property
    def foreign(self) -> frozenset[str]:
        """Packages that the tables describe."""
        return frozenset(name.partition(".")[0] for name in (*self.classes, *self.functions) if "." in name)

    @functools.cached_property
    def holders(self) -> frozenset[str]:
        """Attributes that hold application state."""
        return frozenset(spec.holder for spec in self.classes.values() if spec.holder)

    @functools.cached_property
    def leads(self) -> frozenset[str]:
        """Attributes of requests that lead to the application."""
        return frozenset(name for spec in self.classes.values() for name in spec.application)

    @functools.cached_property
    def chains(self) -> frozenset[str]:
        """Attributes of requests in which components of the application and of those around it are looked up."""
        return frozenset(name for spec in self.classes.values() for name in spec.chain)

    @functools.cached_property
    def scopes(self) -> frozenset[str]:
        """Names of what holds the scope of a request."""
        return frozenset(name for spec in self.classes.values() for name in spec.scope)

    @functools.cached_property
    def scope_items(self) -> dict[str, str]:
        """What the items of the scope of a request are."""
        return {name: kind for spec in self.classes.values() for name, kind in spec.scope_items.items()}

    @functools.cached_property
    def state_dicts(self) -> frozenset[str]:
        """Attributes of a state that hold its components."""
        return frozenset({"__dict__"}) | {name for spec in self.classes.values() for name in spec.dicts}

    @functools.cached_property
    def conversations(self) -> frozenset[str]:
        """Verbs of connections that go on."""
        return frozenset(verb for client in self.clients.values() for verb in client.conversations.values())

    @functools.cached_property
    def overrides(self) -> frozenset[str]:
        """Attributes of applications with which tests replace dependencies."""
        return frozenset(spec.overrides for spec in self.classes.values() if spec.overrides)

    @functools.cached_property
    def starters(self) -> frozenset[str]:
        """The last names of what runs an application's start-up by hand."""
        calls = (*self.functions.values(), *(call for spec in self.classes.values() for call in spec.methods))
        named = (name for call in calls if call.role in ("start", "start-handlers") for name in call.names)
        return frozenset(name.rpartition(".")[2] for name in named)

    def describes(self, dotted: str) -> bool:
        """Tell whether what ``dotted`` does to application state is known from its package."""
        if dotted.partition(".")[0] in sys.stdlib_module_names:
            return True
        return any(name in self.packages for name in prefixes(dotted))

    @functools.cached_property
    def read_outside(self) -> frozenset[str]:
        """Components that a known library reads."""
        return frozenset(name for library in self.libraries for name in library.reads)


def prefixes(dotted: str) -> Iterator[str]:
    """Yield a dotted name, and the names of the packages that it is in, the nearest first."""
    while dotted:
        yield dotted
        dotted = dotted.rpartition(".")[0]


def rules_folder() -> Path:
    """Return the folder of rule pages and tables: in the installed package, or beside it in a source tree."""
    inside = Path(__file__).parent / "rules"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "rules"


@functools.cache
def load() -> Tables:
    """Return the tables of ``rules/frameworks`` and ``rules/libraries``; raises what a broken page raises."""
    folder = rules_folder()
    files = sorted(folder.glob("frameworks/*.toml")) + sorted(folder.glob("libraries/*.toml"))
    return join([msgspec.convert(tomli.loads(file.read_text("utf-8")), _Page) for file in files])


def join(pages: list[_Page]) -> Tables:
    """Join pages into one set of tables; a class takes what it does not say itself from the one it extends."""
    declared: dict[str, FrameworkClass] = {}
    for page in pages:
        for cls in page.classes:
            named = msgspec.structs.replace(cls, framework=page.framework)
            declared.update(dict.fromkeys(cls.names, named))
    classes = {name: _inherit(cls, declared) for name, cls in declared.items()}
    functions = {name: call for page in pages for call in page.functions for name in call.names}
    methods = {name: call for page in pages for call in page.methods for name in call.names}
    packages = {package for page in pages for package in page.packages}
    libraries = tuple(library for page in pages for library in page.libraries)
    packages |= {library.package for library in libraries}
    keepers = frozenset(keeper for page in pages for keeper in page.keepers)
    words = {page.framework: page.words for page in pages if page.framework}
    clients = {name: client for page in pages for client in page.clients for name in client.names}
    return Tables(
        classes,
        functions,
        methods,
        frozenset(packages),
        keepers,
        words,
        libraries,
        clients,
        variables=frozenset(name for page in pages for name in page.variables),
        requests=frozenset(name for page in pages for name in page.requests),
        proxies=frozenset(name for page in pages for name in page.proxies),
        vague=frozenset(name for page in pages for name in page.vague),
        wrappers=frozenset(name for page in pages for name in page.wrappers),
    )


def _inherit(cls: FrameworkClass, declared: dict[str, FrameworkClass]) -> FrameworkClass:
    if not cls.extends:
        return cls
    base = _inherit(declared[cls.extends], declared)
    merged: dict[str, object] = {
        "registers": {**base.registers, **cls.registers},
        "methods": cls.methods + base.methods,
    }
    own = {field: value for field in cls.__struct_fields__ if field not in merged and (value := getattr(cls, field))}
    return msgspec.structs.replace(base, **own, **merged)
