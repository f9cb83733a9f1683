"""files → parsed files: which of a project's files are parsed, and what they say (DESIGN 4 and 7).

A file is parsed if its bytes mention a word of the tables or settings, if a parsed file imports it, if it imports
what may launch an application, or if it is a test that may call one which was not started. That is all that the
timeline can reach, since it goes from file to file by imports only: its findings are those of parsing everything. The
loop ends here; the timeline never asks for a file.

Known miss: a file that names a holder only in pieces (``getattr(app, "st" "ate")``) and is imported by none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from appstate_lint import source
from appstate_lint.closure.clients import Clients
from appstate_lint.closure.imports import Import, Reached, Tree, import_text, imports_in, imports_of
from appstate_lint.closure.launching import Launching
from appstate_lint.closure.strings import Strings
from appstate_lint.closure.words import Use, words_of
from appstate_lint.config import Settings
from appstate_lint.facts import extract
from appstate_lint.facts.extraction import failed
from appstate_lint.facts.flow import FileFacts
from appstate_lint.frameworks import Tables
from appstate_lint.project import Project
from appstate_lint.project.clients import conftests
from appstate_lint.project.modules import Modules
from appstate_lint.source import SourceFile, Unreadable

__all__ = ["Load", "Parsed", "close", "parse"]

Load = Callable[[SourceFile], bytes | str]
"""Returns the bytes of a file, or the text that an editor holds; raises Unreadable."""


class Parsed(msgspec.Struct, frozen=True):
    """What a parsed file says; ``text`` is what can be shown of it, empty if nothing can be read."""

    facts: FileFacts
    text: str


def parse(content: bytes | str) -> Parsed:
    """Return what a file says; one that cannot be decoded or parsed has facts that say so."""
    if isinstance(content, str):
        return Parsed(extract(content), content)
    try:
        text = source.decode(content)
    except Unreadable as error:
        return Parsed(failed(str(error)), content.decode("utf-8", "replace"))
    return Parsed(extract(text), text)


def close(
    files: Sequence[SourceFile], modules: Modules, load: Load, tables: Tables, settings: Settings
) -> dict[SourceFile, Parsed]:
    """Return the files that matter, parsed, in the order of ``files``; ``modules`` knows all of these."""
    closure = _Closure(files, modules, load, tables, settings)
    closure.read()
    while wanted := closure.wanted():
        closure.follow(wanted)
    closure.add_tests()
    while wanted := closure.wanted():
        closure.follow(wanted)
    return {file: closure.parsed[file.path] for file in files if file.path in closure.parsed}


class _Closure:
    """What was read so far: parsed files, and of the skipped ones their imports."""

    def __init__(
        self, files: Sequence[SourceFile], modules: Modules, load: Load, tables: Tables, settings: Settings
    ) -> None:
        self.files = files
        self.modules = modules
        self.load = load
        self.tables = tables
        self.words = words_of(tables, settings)
        named = (*settings.applications, *(each.type for each in settings.components if each.type is not None))
        named += tuple(each.pattern for each in settings.phase_functions)
        named += tuple(each.call for each in settings.phase_markers)
        self.named = frozenset(name.replace(":", ".") for name in named)
        self.tree = Tree(Project({}, modules), files)
        self.strings = Strings(tables, modules)
        self.clients = Clients(tables)
        self.calling: set[str] = set()
        self.making: set[str] = set()
        self.parsed: dict[str, Parsed] = {}
        self.skipped: dict[str, bytes] = {}
        self.imports: dict[str, tuple[Import, ...]] = {}
        self.reached: dict[str, Reached] = {}
        self.named_by: dict[str, frozenset[str]] = {}

    def read(self) -> None:
        """Read every file once, and parse those that words or imports of files read before ask for."""
        for file in self.files:
            if file.path in self.parsed:
                continue
            try:
                content = self.load(file)
            except Unreadable as error:
                self.parsed[file.path] = Parsed(failed(str(error)), "")
                continue
            use = self.words.use(content, file.is_test)
            if file.is_test and self.clients.makes(content):
                self.calling.add(file.path)
            elif not file.is_test and use is not Use.SKIP and self.words.makes_application(content):
                self.making.add(file.path)
            if use is Use.SKIP and not self.is_named(file):
                self.skipped[file.path] = b"" if file.is_test else import_text(content)
                continue
            self.parsed[file.path] = parse(content)
            if use is not Use.LOOK:
                self.follow(self.enter(file.path))

    def is_named(self, file: SourceFile) -> bool:
        """Tell whether the settings name something in a file."""
        return any(name.startswith(f"{file.module}.") for name in self.named)

    def follow(self, wanted: Iterable[str]) -> None:
        """Parse files and, transitively, what they import."""
        waiting = list(wanted)
        while waiting:
            path = waiting.pop()
            if path in self.imports:
                continue
            if path not in self.parsed:
                try:
                    self.parsed[path] = parse(self.load(self.modules.by_path[path]))
                except Unreadable as error:
                    self.parsed[path] = Parsed(failed(str(error)), "")
                self.skipped.pop(path, None)
            waiting.extend(self.enter(path))

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
            fixtures = self.clients.fixtures(known)
            waiting = {path for path in tests - looked if self.uses(path, fixtures)}
        sources = self.sources()
        for path in sorted(looked):
            names = self.tree.reached(path, imports_of(self.parsed[path].facts), self.parsed[path].text).names
            self.follow(each for each in sorted(names & sources) if each not in self.imports)

    def look(self, paths: Iterable[str]) -> None:
        """Parse files, but not what they import."""
        for path in sorted(paths):
            if path not in self.parsed:
                try:
                    self.parsed[path] = parse(self.load(self.modules.by_path[path]))
                except Unreadable as error:
                    self.parsed[path] = Parsed(failed(str(error)), "")
                self.skipped.pop(path, None)

    def uses(self, path: str, fixtures: Iterable[tuple[str, str]]) -> bool:
        """Tell whether a test file that was skipped mentions one of the fixtures of the folders around it."""
        names = [name.encode("utf-8") for folder, name in fixtures if path.startswith(folder)]
        if not names:
            return False
        content = self.load(self.modules.by_path[path])
        data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        return any(name in data for name in names)

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
