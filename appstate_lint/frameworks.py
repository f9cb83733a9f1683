"""The tables of ``rules/``: where state lives and how code is registered, as frozen records under one schema.

No framework is named here; ``rules/frameworks/*.toml`` and ``rules/libraries/*.toml`` do that.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import sys
from collections.abc import Iterator

import msgspec
import tomli

from appstate_lint.config import ConfigError, ConfigErrors, Settings
from appstate_lint.files import rules_folder
from appstate_lint.schema import Call, Client, FrameworkClass, Library, Page


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
    versions: dict[str, str] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def frameworks(self) -> frozenset[str]:
        """The names of the frameworks, which are those of their packages."""
        return frozenset(spec.framework for spec in self.classes.values() if spec.framework)

    @functools.cached_property
    def foreign(self) -> frozenset[str]:
        """Packages that the tables describe."""
        return frozenset(name.partition(".")[0] for name in (*self.classes, *self.functions) if "." in name)

    @functools.cached_property
    def holders(self) -> frozenset[str]:
        """Attributes that hold application state."""
        return frozenset(spec.holder for spec in self.classes.values() if spec.holder)

    @functools.cached_property
    def stores(self) -> frozenset[str]:
        """Attributes of applications that are dicts of components."""
        return frozenset(name for spec in self.classes.values() for name in spec.stores)

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

    @functools.cached_property
    def includers(self) -> frozenset[str]:
        """The last names of what puts routes and routers on an application or router."""
        calls = (call for spec in self.classes.values() for call in spec.methods)
        return frozenset(name for call in calls if call.role in ("include", "route") for name in call.names)

    @functools.cached_property
    def routers(self) -> frozenset[str]:
        """The last names of the classes of routers."""
        return frozenset(name.rpartition(".")[2] for name, spec in self.classes.items() if spec.kind == "router")

    @functools.cached_property
    def spawners(self) -> frozenset[str]:
        """The last names of what runs a function that it is given beside its caller."""
        calls = (*self.functions.values(), *(call for spec in self.classes.values() for call in spec.methods))
        named = (name for call in (*calls, *self.methods.values()) if call.role == "spawn" for name in call.names)
        return frozenset(name.rpartition(".")[2] for name in named)

    def is_dropped(self, framework: str, until: str) -> bool:
        """Tell whether the project states a version of a framework in which what lived ``until`` then is gone."""
        version = self.versions.get(framework, "")
        return bool(version) and release(version) >= release(until)

    def describes(self, dotted: str) -> bool:
        """Tell whether what ``dotted`` does to application state is known from its package."""
        known = self._described.get(dotted)
        if known is None:
            inside = dotted.partition(".")[0] in sys.stdlib_module_names
            known = self._described[dotted] = inside or self.is_described(dotted)
        return known

    def is_described(self, dotted: str) -> bool:
        """Tell whether ``dotted`` is of a package that the tables describe."""
        return any(name in self.packages for name in prefixes(dotted))

    @functools.cached_property
    def _described(self) -> dict[str, bool]:
        """What was asked of packages, by dotted name."""
        return {}

    @functools.cached_property
    def read_outside(self) -> frozenset[str]:
        """Components that a known library reads."""
        return frozenset(name for library in self.libraries for name in library.reads)


def prefixes(dotted: str) -> Iterator[str]:
    """Yield a dotted name, and the names of the packages that it is in, the nearest first."""
    while dotted:
        yield dotted
        dotted = dotted.rpartition(".")[0]


def release(version: str) -> tuple[int, ...]:
    """Return the release segment of a version as numbers, empty if it does not begin with one."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, match[0].split("."))) if match else ()


def load(settings: Settings) -> Tables:
    """Return the tables of ``rules/frameworks`` and ``rules/libraries``, and the project's own.

    Raises ``ConfigErrors`` where its tables build on what is not there, and what a broken page of ours raises.
    """
    if settings.framework is None:
        return _shipped()
    known = {name for page in (*_pages(), settings.framework) for cls in page.classes for name in cls.names}
    errors = [
        ConfigError(settings.file or "", 1, "framework.class.extends", f"'{cls.extends}' is described by no table")
        for cls in settings.framework.classes
        if cls.extends and cls.extends not in known
    ]
    if errors:
        raise ConfigErrors(errors)
    return join([*_pages(), settings.framework])


@functools.cache
def _shipped() -> Tables:
    return join(list(_pages()))


@functools.cache
def _pages() -> tuple[Page, ...]:
    folder = rules_folder()
    files = sorted(folder.glob("frameworks/*.toml")) + sorted(folder.glob("libraries/*.toml"))
    return tuple(msgspec.convert(tomli.loads(file.read_text("utf-8")), Page) for file in files)


__all__ = ["Call", "Client", "FrameworkClass", "Library", "Page", "Tables", "join", "load", "prefixes"]


def join(pages: list[Page]) -> Tables:
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
