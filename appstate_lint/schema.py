"""What a table says of a framework or library: the schema of ``rules/*/*.toml`` and of a project's own tables."""

from __future__ import annotations

import msgspec


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What a function or method does with the code it is given.

    ``arguments`` are the parameter names in positional order, ``function`` is the one that receives the code,
    ``registers`` gives the role of further parameters. ``selector`` is the parameter whose literal chooses the role in
    ``select``. ``form`` is ``call``, ``decorator`` (the call returns a decorator that registers) or ``either`` (with
    code it registers that, without it is a decorator). With ``rest``, the remaining arguments are those of the
    function. ``path`` is the parameter that holds a path or prefix; ``verbs`` the one that lists the verbs of a route,
    ``verb`` the only one that it has (``*``: the name of the method).

    ``late`` says what becomes of the call once the application has started: ``refused`` (it raises), ``ignored``,
    or empty (it works). ``until`` is the first version of the framework that does not have it any more. With
    ``starts``, the start-up of the application that is mounted runs with that of the owner, when its turn comes
    among the handlers.
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
    until: str = ""
    starts: bool = False
    path: str = ""
    verbs: str = ""
    verb: str = ""


class FrameworkClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
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
    fill them: from a ``class``, a ``mapping``, or from what is not known (``unknown``). ``initializer`` is the
    method of plug-ins that gets the configuration of an application which is made. What is asked of an ``optional``
    store with a default is not meant to be there. ``called`` is the argument of the constructor by which an
    application is looked up later.
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
    initializer: str = ""
    called: str = ""
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


class Client(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
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


class Library(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What a package reads and writes on an application that it is handed; ``source`` says where that was seen.

    ``package`` is a dotted name. ``holder`` is empty for the state; else ``config``, ``extensions`` or ``item``.
    """

    package: str
    source: str
    holder: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


_LISTS = {"classes": "class", "functions": "function", "methods": "method", "libraries": "library", "clients": "client"}


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename=_LISTS):
    """One table file, or what a project's configuration says of frameworks of its own."""

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
