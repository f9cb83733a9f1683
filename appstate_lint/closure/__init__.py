"""files → parsed files: which of a project's files are parsed, and what they say (DESIGN 4 and 7).

A file is parsed if its bytes mention a word of the tables or settings, if a parsed file imports it, if it imports
what may launch an application, if it makes a router that code may find by a name which is put together, or if it is a
test that may call one which was not started. That is all that the timeline can reach, since it goes from file to file
by imports only: its findings are those of parsing everything. The loop ends here; the timeline never asks for a file.

Known miss: a file that names a holder only in pieces (``getattr(app, "st" "ate")``) and is imported by none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from appstate_lint.closure import accessors
from appstate_lint.closure.imports import Import, Reached, Tree, imports_in, imports_of
from appstate_lint.closure.launching import Launching
from appstate_lint.closure.parsing import Load, Parsed, Parser
from appstate_lint.closure.sieve import Sieve, mentions
from appstate_lint.closure.strings import Strings
from appstate_lint.closure.words import Use
from appstate_lint.config import Settings
from appstate_lint.facts.extraction import failed
from appstate_lint.frameworks import Tables
from appstate_lint.project import Project
from appstate_lint.project.discovered import router_names
from appstate_lint.project.fixtures import conftests
from appstate_lint.project.modules import Modules
from appstate_lint.source import SourceFile, Unreadable

__all__ = ["Closed", "Load", "Parsed", "Parser", "Sieve", "close"]


class Closed(msgspec.Struct, frozen=True):
    """The files that matter, parsed, in the order of all; and what was seen of the others (``Sieve.skim``).

    Tests among the others were asked whether they mention one of ``fixtures``: folder, and name. What has no folder is
    a name that files have for an accessor, or for a class of routers, and all were asked.
    """

    parsed: dict[SourceFile, Parsed]
    skimmed: dict[str, bytes]
    fixtures: tuple[tuple[str, str], ...]
    reached: dict[str, frozenset[str]]
    """The files that the imports of each parsed file lead to."""


def close(files: Sequence[SourceFile], modules: Modules, parser: Parser, tables: Tables, settings: Settings) -> Closed:
    """Return the files that matter, parsed; ``modules`` knows all of ``files``."""
    closure = _Closure(files, modules, parser, tables, settings)
    closure.read()
    while wanted := closure.wanted() or closure.routers():
        closure.follow(wanted)
    closure.add_tests()
    while wanted := closure.wanted():
        closure.follow(wanted)
    closure.add_users()
    parsed = {file: closure.parsed[file.path] for file in files if file.path in closure.parsed}
    reached = {path: each.runs | each.names for path, each in closure.reached.items()}
    words = [("", word) for word in closure.users]
    return Closed(parsed, closure.skipped, tuple(sorted({*closure.fixtures, *words})), reached)


class _Closure:
    """What was read so far: parsed files, and of the skipped ones their imports."""

    def __init__(
        self, files: Sequence[SourceFile], modules: Modules, parser: Parser, tables: Tables, settings: Settings
    ) -> None:
        self.files = files
        self.modules = modules
        self.parser = parser
        self.load = parser.load
        self.tables = tables
        self.sieve = Sieve(tables, settings)
        self.tree = Tree(Project({}, modules), files)
        self.strings = Strings(tables, modules)
        self.clients = self.sieve.clients
        self.calling: set[str] = set()
        self.making: set[str] = set()
        self.parsed: dict[str, Parsed] = {}
        self.skipped: dict[str, bytes] = {}
        self.imports: dict[str, tuple[Import, ...]] = {}
        self.reached: dict[str, Reached] = {}
        self.named_by: dict[str, frozenset[str]] = {}
        self.fixtures: set[tuple[str, str]] = set()
        self.migrations = tuple(each for each in settings.migrations if each.accessors)
        self.users: frozenset[str] = frozenset()
        """The names that files have for declared accessors, and for routers where code finds the modules of these."""

    def read(self) -> None:
        """Read every file once, and parse those that words or imports of files read before ask for."""
        self.parser.ahead(self.files, lambda file, content: self.sieve.use(file, content) is not Use.SKIP)
        for file in self.files:
            if file.path in self.parsed:
                continue
            try:
                content = self.load(file)
            except Unreadable as error:
                self.parsed[file.path] = Parsed(failed(str(error)), "")
                continue
            use = self.sieve.use(file, content)
            if self.sieve.makes_client(file, content):
                self.calling.add(file.path)
            elif use is Use.FOLLOW and self.sieve.makes_application(file, content):
                self.making.add(file.path)
            if use is Use.SKIP:
                self.skipped[file.path] = self.sieve.rest(file, content)
                continue
            self.parsed[file.path] = self.parser.parse(content)
            if use is not Use.LOOK:
                self.follow(self.enter(file.path))

    def follow(self, wanted: Iterable[str]) -> None:
        """Parse files and, transitively, what they import."""
        waiting = set(wanted)
        while waiting:
            new = sorted(waiting - self.imports.keys())
            self.look(new)
            waiting = set().union(*map(self.enter, new))

    def enter(self, path: str) -> frozenset[str]:
        """Note what a parsed file imports; return the files that this may run."""
        known = self.parsed[path]
        self.imports[path] = tuple(imports_of(known.facts))
        self.reached[path] = self.tree.reached(path, self.imports[path], known.text)
        self.strings.add(path, known.text, known.facts)
        return self.reached[path].runs

    # ------------------------------------------------------------ what more is wanted

    def wanted(self) -> set[str]:
        """Return files that are not followed yet, but that strings name or that may launch an application."""
        texts = {path: each.text for path, each in self.parsed.items()}
        found = set(self.tree.with_parents(self.strings.modules(self.reached, texts)))
        launching = self.launching()
        for path, text in self.skipped.items():
            if path not in self.named_by:
                self.named_by[path] = self.tree.reached(path, imports_in(text), "").names
            if not launching.isdisjoint(self.named_by[path]):
                found.add(path)
        return found - self.imports.keys()

    def routers(self) -> set[str]:
        """Return files that are not followed yet, but may make routers, where code finds the modules of these."""
        if all(self.modules.by_path[path].is_test for path in self.strings.finders):
            return set()
        words = self.users | router_names(self.project(), self.tables)
        if words == self.users:
            return set()
        self.users = words
        found = {each.path for each in self.files if not each.is_test and self.mentions(each.path, words)}
        return found - self.imports.keys()

    def project(self) -> Project:
        """Return the project as far as it is parsed."""
        return Project({self.modules.by_path[path]: each.facts for path, each in self.parsed.items()}, self.modules)

    def add_tests(self) -> None:
        """Parse the tests that may call an application which was not started, and what they get it through."""
        product = [path for path in self.parsed if not self.modules.by_path[path].is_test]
        if not self.calling or not self.clients.starting(self.parsed[path].text for path in product):
            return
        tests = {file.path for file in self.files if file.is_test}
        looked: set[str] = set()
        waiting = set(self.calling)
        while waiting:
            around = {each for path in waiting for each in conftests(path, self.modules.by_path.keys())}
            self.look(waiting | around)
            looked |= waiting | around
            known = {path: self.parsed[path].facts for path in looked if path.endswith("conftest.py")}
            self.fixtures |= set(self.clients.fixtures(known))
            waiting = {path for path in tests - looked if self.uses(path)}
        sources = self.sources()
        for path in sorted(looked):
            names = self.tree.reached(path, imports_of(self.parsed[path].facts), self.parsed[path].text).names
            self.follow(each for each in sorted(names & sources) if each not in self.imports)

    def add_users(self) -> None:
        """Parse the files that may use declared accessors, and what they get these through."""
        if not self.migrations:
            return
        self.follow(sorted(accessors.homes_of(self.modules, self.migrations)))
        words: frozenset[str] = frozenset()
        while True:
            texts = {path: each.text for path, each in self.parsed.items()}
            found = frozenset(accessors.words_for(self.project(), self.migrations, texts))
            if found == words:
                return
            words = found
            self.users |= found
            mentioning = {file.path for file in self.files if self.mentions(file.path, words)}
            self.follow(sorted(mentioning))
            for path in sorted(mentioning):
                self.follow(accessors.quoted(self.modules, path, self.parsed[path].facts))

    def mentions(self, path: str, words: frozenset[str]) -> bool:
        """Tell whether a file mentions one of ``words``; one that cannot be read does not."""
        known = self.parsed.get(path)
        if known is not None and known.text.isascii():
            return accessors.mentions(known.text, words)
        try:
            return accessors.mentions(self.load(self.modules.by_path[path]), words)
        except Unreadable:
            return False

    def look(self, paths: Iterable[str]) -> None:
        """Parse files, but not what they import."""
        new = [self.modules.by_path[path] for path in sorted(paths) if path not in self.parsed]
        self.parser.ahead(new)
        for file in new:
            self.parsed[file.path] = self.parser.parsed(file)
            self.skipped.pop(file.path, None)

    def uses(self, path: str) -> bool:
        """Tell whether a test file mentions one of the fixtures of the folders around it."""
        if not any(path.startswith(folder) for folder, _ in self.fixtures):
            return False
        try:
            return mentions(path, self.load(self.modules.by_path[path]), self.fixtures)
        except Unreadable:
            return False

    def sources(self) -> set[str]:
        """Return the files that make applications, and those that take names from these: they may hand one on."""
        found = set(self.making)
        for path, text in self.skipped.items():
            if path not in self.named_by:
                self.named_by[path] = self.tree.reached(path, imports_in(text), "").names
        names = {**self.named_by, **{path: each.names for path, each in self.reached.items()}}
        product = [path for path in names if not self.modules.by_path[path].is_test]
        while more := {path for path in product if path not in found and not found.isdisjoint(names[path])}:
            found |= more
        return found

    def launching(self) -> set[str]:
        """Return the parsed files whose importers may launch an application."""
        product = [path for path in self.imports if not self.modules.by_path[path].is_test]
        facts = {self.modules.by_path[path]: self.parsed[path].facts for path in self.parsed}
        imports = {path: self.imports[path] for path in product}
        project = Project(facts, self.modules)
        found = Launching(project, self.tables, imports).files({path: self.parsed[path].text for path in product})
        while more := {
            path for path in product if path not in found and not found.isdisjoint(self.reached[path].names)
        }:
            found |= more
        return found
