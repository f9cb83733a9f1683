"""``pyproject.toml`` or ``appstate-lint.toml`` → frozen settings, or every error at once with file, line and key.

The format is the one of DESIGN section 9. msgspec knows the types but stops at its first error and knows no lines, so
each key is converted by itself and looked up in the text. TOML is read by tomli on every Python.
"""

from __future__ import annotations

import datetime
import difflib
import enum
import functools
import hashlib
import re
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TypeVar

import msgspec
import tomli

from appstate_lint.choices import Baseline, Choice, PathIgnore, SeverityChoice
from appstate_lint.model import Phase, Severity
from appstate_lint.schema import Call, Client, FrameworkClass, Library, Page
from appstate_lint.toml_lines import KeyPath, key_lines

OWN_FILE = "appstate-lint.toml"
SHARED_FILE = "pyproject.toml"
FILES = (OWN_FILE, SHARED_FILE)
TABLE = "appstate-lint"
_VCS = (".git", ".hg", ".svn")
MOST_GUESSES, MOST_COMPARED, MOST_LISTED = 100, 500, 30
"""For how many errors the nearest name is looked for, among how many, and how many are listed."""
_OPEN_PHASES = (Phase.BUILD.value, Phase.STARTUP.value)  # what a contract may name besides the project's own phases

CONTRACT_KEYWORDS = {
    "name": "component_name",
    "type": "component_type",
    "phase": "required_phase",
    "depends-on": "dependencies",
    "description": "description",
    "business-value": "business_value",
    "severity": "severity",
    "owner": "owner",
    "optional": "optional",
    "nullable": "nullable",
    "applications": "applications",
}
"""The parameters of a class of contracts, by the keys of a contract."""

_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class Status(str, enum.Enum):
    """How far a migration is."""

    PLANNED = "planned"
    IN_PROGRESS = "in-progress"
    COMPLETE = "complete"


class Edge(str, enum.Enum):
    """What a marker call does to the phase it names."""

    BEGIN = "begin"
    END = "end"


class PhaseFunction(msgspec.Struct, frozen=True):
    """Functions (``module:qualified name``, ``*`` within a name) that run, with all they call, in a phase."""

    pattern: str
    phase: str
    line: int


class PhaseMarker(msgspec.Struct, frozen=True):
    """A call that opens or closes the phase that its argument (position or parameter name) names.

    ``names`` maps enum members or strings to phases; ``line`` is that of the table.
    """

    call: str
    argument: int | str = 0
    edge: Edge = Edge.BEGIN
    names: tuple[tuple[str, str], ...] = ()
    line: int = 0


class ContractClass(msgspec.Struct, frozen=True):
    """The class (its name, or ``module:name``) whose calls in the project's code declare contracts.

    ``keywords`` gives for keys of a contract the parameters of the class, ``names`` maps enum members or strings to
    phases; ``line`` is that of the table.
    """

    call: str = "AppStateContract"
    keywords: tuple[tuple[str, str], ...] = tuple(CONTRACT_KEYWORDS.items())
    names: tuple[tuple[str, str], ...] = ()
    line: int = 0


class Component(msgspec.Struct, frozen=True):
    """The contract of one component; ``severity`` None leaves it to the rule, no applications means all."""

    name: str
    type: str | None = None
    phase: str | None = None
    depends_on: tuple[str, ...] = ()
    description: str = ""
    business_value: str = ""
    severity: Severity | None = None
    owner: str = ""
    optional: bool = False
    nullable: bool = False
    applications: tuple[str, ...] = ()
    line: int = 0


class Migration(msgspec.Struct, frozen=True):
    """A declared move from accessors to a factory or a component."""

    name: str
    accessors: tuple[str, ...] = ()
    component: str | None = None
    replacement: str | None = None
    retired: tuple[str, ...] = ()
    status: Status = Status.IN_PROGRESS
    allow: tuple[str, ...] = ()
    until: datetime.date | None = None
    line: int = 0

    def is_over(self, today: datetime.date) -> bool:
        """Tell whether the day is past until which leftovers are allowed."""
        return self.until is not None and today > self.until


class Settings(msgspec.Struct, frozen=True):
    """All that a project declares.

    ``file`` is where it came from, relative to the root if below it, else the file's name; None without configuration.
    ``accepted`` is what the baseline says, which is no part of the configuration and read by ``baseline``.
    ``digest`` is a hash of the parsed content: comments and layout do not change it (nor do the ``line`` attributes).
    """

    exclude: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    closed: bool = False
    external_writers: tuple[str, ...] = ()
    external_readers: tuple[str, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    phase_functions: tuple[PhaseFunction, ...] = ()
    phase_markers: tuple[PhaseMarker, ...] = ()
    components: tuple[Component, ...] = ()
    contract_class: ContractClass = ContractClass()
    migrations: tuple[Migration, ...] = ()
    framework: Page | None = None
    select: tuple[Choice, ...] = ()
    ignore: tuple[Choice, ...] = ()
    path_ignores: tuple[PathIgnore, ...] = ()
    severities: tuple[SeverityChoice, ...] = ()
    strict: bool = False
    baseline: str | None = None
    accepted: Baseline = Baseline()
    file: str | None = None
    phase_lines: tuple[int, ...] = ()
    digest: str = ""

    def over(self, today: datetime.date) -> tuple[str, ...]:
        """Return the migrations that allow leftovers no more on a day: all in which findings depend on the date."""
        return tuple(each.name for each in self.migrations if each.is_over(today))


class ConfigError(msgspec.Struct, frozen=True, order=True):
    """One thing wrong: where (1-based line), at which key, what, and how to mend it."""

    file: str
    line: int
    key: str
    problem: str

    def __str__(self) -> str:
        """Return ``file:line: key: what is wrong; how to mend``."""
        place = f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.problem}" if self.key else f"{place}: {self.problem}"


class ConfigErrors(Exception):
    """A configuration that cannot be used; ``errors`` holds all that is wrong with it, in the order of the text."""

    def __init__(self, errors: Iterable[ConfigError]) -> None:
        """Keep ``errors`` sorted by line."""
        self.errors = tuple(sorted(set(errors)))
        super().__init__("\n".join(map(str, self.errors)))


def load(root: Path, explicit: Path | None = None) -> Settings:
    """Return the settings for the project at ``root``.

    Read is the file ``explicit`` of either kind, or the nearest configuration from ``root`` up to the root of the
    repository: in one directory ``appstate-lint.toml`` before the table ``[tool.appstate-lint]`` of
    ``pyproject.toml``, never both. Without any, the settings are the defaults. Raises ConfigErrors.
    """
    if explicit is not None:
        return _read_explicit(root, explicit)
    found = located(root)
    if found is None:
        return Settings(digest=_digest({}))
    path, table, start = found
    return _settings(root, path, _text(root, path), table, start)


def located(root: Path) -> tuple[Path, object, KeyPath] | None:
    """Return the nearest configuration file of the project at ``root``, its table, and where in it that stands.

    Raises ConfigErrors for a file that cannot be read.
    """
    for directory in _up_to_repository(root):
        own = directory / OWN_FILE
        if own.is_file():
            return own, _parse(root, own, _text(root, own)), ()
        shared = directory / SHARED_FILE
        table = _shared_table(root, shared) if shared.is_file() else None
        if table is not None:
            return shared, table, ("tool", TABLE)
    return None


def file_in(directory: Path) -> Path | None:
    """Return the file of ``directory`` itself that holds settings, be they right or wrong; None without any."""
    own, shared = directory / OWN_FILE, directory / SHARED_FILE
    if own.exists() or own.is_symlink():
        return own
    try:
        return shared if shared.is_file() and _shared_table(directory, shared) is not None else None
    except ConfigErrors:
        return shared


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the one of ``words`` that ``word`` was probably meant to be, or None.

    Judged by common letters, then by common parts (``bus`` in ``domain_event_bus``). Ties go to the first by name.
    """
    candidates = sorted(set(words) - {word})
    folded = {candidate.lower(): candidate for candidate in reversed(candidates)}
    close = difflib.get_close_matches(word.lower(), sorted(folded), n=5, cutoff=0.6)
    if close:
        return folded[min(close, key=lambda name: (-_likeness(word.lower(), name), name))]
    parts = _parts(word)
    sharing = [c for c in candidates if parts and _parts(c) and (parts <= _parts(c) or _parts(c) <= parts)]
    return min(sharing, key=lambda candidate: (abs(len(candidate) - len(word)), candidate), default=None)


def is_misspelling(word: str, other: str) -> bool:
    """Tell whether ``word`` is ``other`` written wrong: a letter more, less, wrong, or two of them changed over.

    Case and underscores do not count, digits do. Two such faults are one too many in names of fewer than eight
    letters, one in those of fewer than four. Counted is the optimal string alignment distance (Damerau 1964).
    """
    first, second = (each.lower().replace("_", "") for each in (word, other))
    digits = [re.findall(r"\d+", each) for each in (word, other)]
    shorter = min(len(first), len(second))
    allowed = 0 if shorter < 4 else 1 if shorter < 8 else 2
    return digits[0] == digits[1] and _faults(first, second) <= allowed


def _faults(first: str, second: str) -> int:
    """Return how many letters are to be inserted, deleted, replaced or swapped with the next to make one the other."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, 1):
        above, row, older = row, [i], before
        for j, other in enumerate(second, 1):
            best = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                best = min(best, older[j - 2] + 1)
            row.append(best)
        before = above
    return row[-1]


def _likeness(word: str, other: str) -> float:
    return difflib.SequenceMatcher(None, other, word).ratio()


def _parts(word: str) -> frozenset[str]:
    return frozenset(part for part in re.split(r"[\W_]+", word.lower()) if len(part) > 1)


# Finding and reading the file


def _up_to_repository(root: Path) -> Iterator[Path]:
    """Yield ``root`` and the directories above it up to the repository's root; only ``root`` outside a repository."""
    chain = (root, *root.absolute().parents)
    end = next((i for i, directory in enumerate(chain) if any((directory / name).exists() for name in _VCS)), 0)
    yield from chain[: end + 1]


def start_in(path: Path) -> KeyPath:
    """Return where in a readable file of either kind the configuration stands: at the top, or in a table for tools."""
    table = _parse(path.parent, path, _text(path.parent, path))
    return ("tool", TABLE) if path.name == SHARED_FILE or "tool" in table else ()


def _read_explicit(root: Path, path: Path) -> Settings:
    text = _text(root, path)
    table = _parse(root, path, text)
    if path.name != SHARED_FILE and "tool" not in table:
        return _settings(root, path, text, table, ())
    tool = table.get("tool")
    if not isinstance(tool, dict) or TABLE not in tool:
        raise _failure(
            root, path, 1, f"tool.{TABLE}", f"the file has no such table; add [tool.{TABLE}] or name another file"
        )
    return _settings(root, path, text, tool[TABLE], ("tool", TABLE))


def _shared_table(root: Path, path: Path) -> object | None:
    """Return what a ``pyproject.toml`` says of us; one that does not mention us may be as broken as it likes."""
    if TABLE.encode() not in _bytes(root, path):
        return None
    tool = _parse(root, path, _text(root, path)).get("tool")
    return tool.get(TABLE) if isinstance(tool, dict) else None


def _bytes(root: Path, path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _failure(root, path, 1, "", "this is not a regular file; name a TOML file")
        return path.read_bytes()
    except OSError as error:
        raise _failure(root, path, 1, "", f"the file cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise _failure(root, path, 1, "", f"the file cannot be read: {error}") from error


def _text(root: Path, path: Path) -> str:
    data = _bytes(root, path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _failure(root, path, line, "", "the text is not UTF-8; save the file as UTF-8") from error


def _parse(root: Path, path: Path, text: str) -> dict[str, object]:
    try:
        return tomli.loads(text)
    except RecursionError as error:
        raise _failure(root, path, 1, "", "the values are nested too deeply to be read; flatten them") from error
    except (ValueError, OverflowError) as error:  # tomli's own error is a ValueError
        line, problem = _toml_problem(error, text)
        raise _failure(root, path, line, "", f"this is not TOML: {problem}") from error


def _toml_problem(error: Exception, text: str) -> tuple[int, str]:
    message = str(error)
    match = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    if match is None:
        return 1, message.split(";")[0]  # an integer too long for Python: it has no position
    line = int(match[1]) if match[1] else text.rstrip("\n").count("\n") + 1
    return line, message[: match.start()]


def _failure(root: Path, path: Path, line: int, key: str, problem: str) -> ConfigErrors:
    return ConfigErrors([ConfigError(_shown(root, path), line, key, problem)])


def _shown(root: Path, path: Path) -> str:
    try:
        return path.absolute().relative_to(root.absolute()).as_posix()
    except ValueError:
        return path.name


def _digest(table: object) -> str:
    return hashlib.sha256(msgspec.json.encode(table)).hexdigest()


# From the table to settings


class _Reader:
    """Collects errors while the parts of one table are converted."""

    def __init__(self, file: str, text: str, start: KeyPath) -> None:
        self.errors: list[ConfigError] = []
        self._file = file
        self._start = start
        self._lines = key_lines(text)
        self._guesses = 0

    def line(self, path: KeyPath) -> int:
        """Return the line of a key, or of the nearest enclosing one that the text shows."""
        full = self._start + path
        return next((self._lines[full[:n]] for n in range(len(full), 0, -1) if full[:n] in self._lines), 1)

    def error(self, path: KeyPath, problem: str) -> None:
        key = _key(path) or ".".join(map(str, self._start))
        self.errors.append(ConfigError(self._file, self.line(path), key, problem))

    def unknown_keys(self, table: Mapping[str, object], known: Iterable[str], path: KeyPath) -> None:
        known = sorted(known)
        for key in table:
            if key not in known:
                self.error((*path, key), f"unknown key; {self.advice(key, known, 'known are')}")

    def advice(self, word: str, known: Sequence[str], otherwise: str) -> str:
        """Return which of ``known`` was meant by ``word``, or what they are; the first errors get the most of it."""
        self._guesses += 1
        affordable = self._guesses <= MOST_GUESSES and len(known) <= MOST_COMPARED
        guess = nearest(word, known) if affordable else None
        if guess is not None:
            return f"did you mean '{guess}'?"
        more = f" and {len(known) - MOST_LISTED} more" if len(known) > MOST_LISTED else ""
        return f"{otherwise} {', '.join(known[:MOST_LISTED])}{more}"


class _Raw(msgspec.Struct, frozen=True, rename="kebab"):
    """The keys of the table and their shapes, before the tables inside them are converted."""

    exclude: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    closed: bool = False
    external_writers: tuple[str, ...] = ()
    external_readers: tuple[str, ...] = ()
    versions: dict[str, str] = {}
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_path_ignores: dict[str, tuple[str, ...]] = {}
    severity: dict[str, str] = {}
    strict: bool = False
    baseline: str | None = None


class _RawMarker(msgspec.Struct, frozen=True, rename="kebab"):
    call: str
    argument: int | str = 0
    edge: Edge = Edge.BEGIN
    names: dict[str, str] = {}


class _RawComponent(msgspec.Struct, frozen=True, rename="kebab"):
    type: str | None = None
    phase: str | None = None
    depends_on: tuple[str, ...] = ()
    description: str = ""
    business_value: str = ""
    severity: Severity | None = None
    owner: str = ""
    optional: bool = False
    nullable: bool = False
    applications: tuple[str, ...] = ()


class _RawContractClass(msgspec.Struct, frozen=True, rename="kebab"):
    call: str = "AppStateContract"
    keywords: dict[str, str] = {}
    names: dict[str, str] = {}


class _RawMigration(msgspec.Struct, frozen=True, rename="kebab"):
    name: str
    accessors: tuple[str, ...] = ()
    component: str | None = None
    replacement: str | None = None
    retired: tuple[str, ...] = ()
    status: Status = Status.IN_PROGRESS
    allow: tuple[str, ...] = ()
    until: datetime.date | None = None


RAW: type[msgspec.Struct] = _Raw
RAW_TABLES: dict[str, type[msgspec.Struct]] = {
    "phase-markers": _RawMarker,
    "components": _RawComponent,
    "contract-class": _RawContractClass,
    "migrations": _RawMigration,
}
"""The keys of the tables inside, with their shapes."""
_TABLES = ("phase-functions", "phase-markers", "components", "contract-class", "migrations", "framework")
_FRAMEWORK: dict[str, type[msgspec.Struct]] = {
    "class": FrameworkClass, "function": Call, "method": Call, "library": Library, "client": Client,
}  # fmt: skip
_SHAPES: dict[object, tuple[str, str]] = {
    tuple[str, ...]: ("a list of strings", '["…"]'),
    bool: ("true or false", "true"),
    str: ("a string", '"…"'),
    str | None: ("a string", '"…"'),
    int | str: ("a position or a parameter name", "0"),
    dict[str, str]: ("a table of strings", '{ NAME = "phase" }'),
    dict[str, tuple[str, ...]]: ("a table of lists of strings", '{ NAME = ["…"] }'),
    tuple[Call, ...]: ("a list of tables", '[{ names = ["…"], role = "…" }]'),
    datetime.date | None: ("a date", "2027-03-01"),
}
_ENUMS: dict[object, tuple[str, ...]] = {
    Edge: tuple(edge.value for edge in Edge),
    Status: tuple(status.value for status in Status),
    Severity | None: tuple(severity.value for severity in Severity),
}
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a number"),
    (str, "a string"),
    (list, "a list"),
    (dict, "a table"),
    (datetime.datetime, "a date with a time"),
    (datetime.date, "a date"),
    (datetime.time, "a time"),
)


@functools.cache
def _fields(shape: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(shape)


def _settings(root: Path, path: Path, text: str, table: object, start: KeyPath) -> Settings:
    file = _shown(root, path)
    reader = _Reader(file, text, start)
    if not isinstance(table, dict):
        reader.error((), f"expected a table, not {_kind(table)}; write [{'.'.join(map(str, start))}]")
        raise ConfigErrors(reader.errors)
    known = [field.encode_name for field in _fields(_Raw)]
    reader.unknown_keys(table, [*known, *_TABLES], ())
    raw = _convert(reader, {key: value for key, value in table.items() if key in known}, _Raw, ()) or _Raw()
    settings = Settings(
        exclude=raw.exclude,
        tests=raw.tests,
        applications=raw.applications,
        phases=raw.phases,
        closed=raw.closed,
        external_writers=raw.external_writers,
        external_readers=raw.external_readers,
        versions=tuple(sorted(raw.versions.items())),
        phase_functions=tuple(_phase_functions(reader, table.get("phase-functions", {}))),
        phase_markers=tuple(_phase_markers(reader, table.get("phase-markers", []))),
        components=tuple(_components(reader, table.get("components", {}))),
        contract_class=_contract_class(reader, table["contract-class"])
        if "contract-class" in table
        else ContractClass(),
        migrations=tuple(_migrations(reader, table.get("migrations", []))),
        framework=_framework(reader, table["framework"]) if "framework" in table else None,
        select=tuple(_choices(reader, "select", raw.select)),
        ignore=tuple(_choices(reader, "ignore", raw.ignore)),
        path_ignores=tuple(_path_ignores(reader, raw.per_path_ignores)),
        severities=tuple(_severities(reader, raw.severity)),
        strict=raw.strict,
        baseline=raw.baseline,
        file=file,
        phase_lines=tuple(reader.line(("phases", index)) for index in range(len(raw.phases))),
    )
    _check(reader, settings)
    if reader.errors:
        raise ConfigErrors(reader.errors)
    return msgspec.structs.replace(settings, digest=_digest(table))


def _convert(reader: _Reader, table: Mapping[str, object], shape: type[_Struct], path: KeyPath) -> _Struct | None:
    """Return ``table`` as ``shape`` with the keys that fit, all others reported; None if a required one is missing."""
    good: dict[str, object] = {}
    complete = True
    for field in _fields(shape):
        name = field.encode_name
        if name in table and _fits(reader, table[name], field.type, (*path, name)):
            good[name] = table[name]
        elif field.required:
            complete = False
            if name not in table:
                reader.error((*path, name), f"missing; add {name} = {_SHAPES[field.type][1]}")
    return msgspec.convert(good, shape) if complete else None


def _fits(reader: _Reader, value: object, expected: object, path: KeyPath) -> bool:
    problem = _misfit(value, expected, str(path[-1]))
    if problem is None:
        return True
    if isinstance(value, list) and expected == tuple[str, ...]:
        index = next(i for i, element in enumerate(value) if not isinstance(element, str))
        reader.error((*path, index), f"expected a string, not {_kind(value[index])}; put it in quotes")
    elif isinstance(value, dict) and expected == dict[str, str]:
        name = next(name for name, element in value.items() if not isinstance(element, str))
        reader.error((*path, name), f"expected a string, not {_kind(value[name])}; put it in quotes")
    elif isinstance(value, dict) and expected == dict[str, tuple[str, ...]]:
        for name, element in value.items():
            _fits(reader, element, tuple[str, ...], (*path, name))
    else:
        reader.error(path, problem)
    return False


def _misfit(value: object, expected: object, name: str) -> str | None:
    """Return what is wrong with a value, or None."""
    if expected in _ENUMS and isinstance(value, str):
        return None if value in _ENUMS[expected] else _unknown(value, _ENUMS[expected])
    if expected == datetime.date | None:
        if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            return None
        return f"expected a date, not {_kind(value)}; write {name} = 2027-03-01, without quotes"
    if expected == int | str and isinstance(value, int) and not isinstance(value, bool) and not 0 <= value < 256:
        return "expected a position from 0 to 255; or give the parameter's name"
    if expected in _ENUMS:
        return f"expected a string, not {_kind(value)}; write one of {', '.join(_ENUMS[expected])}"
    try:
        msgspec.convert(value, type=expected)
    except msgspec.ValidationError:
        shape, example = _SHAPES[expected]
        return f"expected {shape}, not {_kind(value)}; write {name} = {example}"
    return None


def _unknown(word: str, words: Iterable[str]) -> str:
    words = tuple(words)
    guess = nearest(word, words)
    advice = f"did you mean '{guess}'?" if guess else f"known are {', '.join(words)}"
    return f"unknown value '{word}'; {advice}"


def _kind(value: object) -> str:
    return next((kind for type_, kind in _KINDS if isinstance(value, type_)), type(value).__name__)


def _phase_functions(reader: _Reader, table: object) -> Iterator[PhaseFunction]:
    if not isinstance(table, dict):
        reader.error(("phase-functions",), f"expected a table, not {_kind(table)}; write [phase-functions]")
        return
    for pattern, phase in table.items():
        path = ("phase-functions", pattern)
        if _fits(reader, phase, str, path):
            yield PhaseFunction(pattern, str(phase), reader.line(path))


def _phase_markers(reader: _Reader, value: object) -> Iterator[PhaseMarker]:
    for path, table in _each_table(reader, "phase-markers", value):
        raw = _strict(reader, table, _RawMarker, path)
        if raw:
            yield PhaseMarker(raw.call, raw.argument, raw.edge, tuple(raw.names.items()), reader.line(path))


def _components(reader: _Reader, tables: object) -> Iterator[Component]:
    if not isinstance(tables, dict):
        reader.error(("components",), f"expected a table, not {_kind(tables)}; write [components.NAME]")
        return
    for name, table in tables.items():
        path = ("components", name)
        if not isinstance(table, dict):
            reader.error(path, f"expected a table, not {_kind(table)}; write [components.{name}]")
        elif raw := _strict(reader, table, _RawComponent, path):
            yield Component(name=name, line=reader.line(path), **msgspec.structs.asdict(raw))


def _contract_class(reader: _Reader, table: object) -> ContractClass:
    path = ("contract-class",)
    if not isinstance(table, dict):
        reader.error(path, f"expected a table, not {_kind(table)}; write [contract-class]")
        return ContractClass()
    raw = _strict(reader, table, _RawContractClass, path) or _RawContractClass()
    reader.unknown_keys(raw.keywords, CONTRACT_KEYWORDS, (*path, "keywords"))
    keywords = {**CONTRACT_KEYWORDS, **raw.keywords}
    return ContractClass(raw.call, tuple(keywords.items()), tuple(raw.names.items()), reader.line(path))


def _migrations(reader: _Reader, value: object) -> Iterator[Migration]:
    for path, table in _each_table(reader, "migrations", value):
        raw = _strict(reader, table, _RawMigration, path)
        if raw:
            yield Migration(line=reader.line(path), **msgspec.structs.asdict(raw))


def _choices(reader: _Reader, key: str, words: tuple[str, ...]) -> Iterator[Choice]:
    for index, word in enumerate(words):
        yield Choice(word, key, reader.line((key, index)))


def _path_ignores(reader: _Reader, table: Mapping[str, tuple[str, ...]]) -> Iterator[PathIgnore]:
    for pattern, words in table.items():
        path = ("per-path-ignores", pattern)
        if problem := _bad_pattern(pattern):
            reader.error(path, problem)
        yield PathIgnore(pattern, words, _key(path), reader.line(path))


def _severities(reader: _Reader, table: Mapping[str, str]) -> Iterator[SeverityChoice]:
    known = tuple(severity.value for severity in Severity)
    for word, severity in table.items():
        path = ("severity", word)
        if severity in known:
            yield SeverityChoice(word, Severity(severity), _key(path), reader.line(path))
        else:
            reader.error(path, _unknown(severity, known))


def _framework(reader: _Reader, table: object) -> Page | None:
    """Return the project's own tables; names may be written ``module:name``."""
    if not isinstance(table, dict):
        reader.error(("framework",), f"expected a table, not {_kind(table)}; write [framework]")
        return None
    lists = {key: list(_described(reader, key, shape, table.get(key, []))) for key, shape in _FRAMEWORK.items()}
    plain = {key: value for key, value in table.items() if key not in _FRAMEWORK}
    known = {field.encode_name: field.type for field in _fields(Page)}
    reader.unknown_keys(plain, known, ("framework",))
    good = {key: value for key, value in plain.items() if key in known}
    fits = [_fits(reader, value, known[key], ("framework", key)) for key, value in good.items()]
    if reader.errors or not all(fits):
        return None
    return msgspec.convert({"framework": "project", **good, **msgspec.to_builtins(lists)}, Page)


def _described(
    reader: _Reader, key: str, shape: type[msgspec.Struct], value: object
) -> Iterator[FrameworkClass | Call | Library | Client]:
    """Yield what one list of the project's own tables says."""
    for path, table in _each_table(reader, f"framework.{key}", value):
        calls = _each_table(reader, "methods", table.get("methods", []), path) if shape is FrameworkClass else ()
        methods = [_strict(reader, call, Call, where) for where, call in calls]
        made = _strict(reader, {name: each for name, each in table.items() if name != "methods"}, shape, path)
        if isinstance(made, (FrameworkClass, Call, Client)):
            made = msgspec.structs.replace(made, names=tuple(name.replace(":", ".") for name in made.names))
        if isinstance(made, FrameworkClass):
            made = msgspec.structs.replace(made, methods=tuple(call for call in methods if call is not None))
        if isinstance(made, (FrameworkClass, Call, Client, Library)):
            yield made


def _each_table(
    reader: _Reader, key: str, value: object, outer: KeyPath = ()
) -> Iterator[tuple[KeyPath, dict[str, object]]]:
    path = (*outer, *key.split("."))
    if not isinstance(value, list):
        reader.error(path, f"expected a list of tables, not {_kind(value)}; write [[{key}]]")
        return
    for index, table in enumerate(value):
        if isinstance(table, dict):
            yield (*path, index), table
        else:
            reader.error((*path, index), f"expected a table, not {_kind(table)}; write [[{key}]]")


def _strict(reader: _Reader, table: dict[str, object], shape: type[_Struct], path: KeyPath) -> _Struct | None:
    reader.unknown_keys(table, [field.encode_name for field in _fields(shape)], path)
    return _convert(reader, table, shape, path)


# What the values mean


def _check(reader: _Reader, settings: Settings) -> None:
    _check_phases(reader, settings.phases)
    known = (*settings.phases, *_OPEN_PHASES)
    names = frozenset(known)
    for path, phase in _named_phases(settings):
        if phase not in names:
            advice = reader.advice(phase, known, "add it to phases, or use one of")
            reader.error(path, f"unknown phase '{phase}'; {advice}")
    for path, pattern in _patterns(settings):
        if problem := _bad_pattern(pattern):
            reader.error(path, problem)
    for path, name in _dotted_names(settings):
        if problem := _bad_name(name):
            reader.error(path, problem)
    for component in settings.components:
        for index, dependency in enumerate(component.depends_on):
            if dependency == component.name:
                path = ("components", component.name, "depends-on", index)
                reader.error(path, f"'{dependency}' depends on itself; remove it from the list")
    _check_migrations(reader, settings.migrations)


def _check_phases(reader: _Reader, phases: tuple[str, ...]) -> None:
    built_in = {phase.value for phase in Phase}
    known: set[str] = set()
    for index, phase in enumerate(phases):
        if not phase.strip():
            reader.error(("phases", index), "a phase has no name; remove it")
        elif phase in built_in:
            reader.error(("phases", index), f"'{phase}' is a built-in phase; choose another name")
        elif phase in known:
            reader.error(("phases", index), f"phase '{phase}' is named twice; remove one")
        known.add(phase)


def _check_migrations(reader: _Reader, migrations: tuple[Migration, ...]) -> None:
    names: set[str] = set()
    for index, migration in enumerate(migrations):
        if migration.name in names:
            problem = f"another migration is named '{migration.name}'; choose another name"
            reader.error(("migrations", index, "name"), problem)
        names.add(migration.name)
        if not migration.accessors and not migration.retired:
            reader.error(("migrations", index), "nothing to move away from; add accessors or retired")


def _named_phases(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    for function in settings.phase_functions:
        yield ("phase-functions", function.pattern), function.phase
    for index, marker in enumerate(settings.phase_markers):
        for name, phase in marker.names:
            yield ("phase-markers", index, "names", name), phase
    for name, phase in settings.contract_class.names:
        yield ("contract-class", "names", name), phase
    for component in settings.components:
        if component.phase is not None:
            yield ("components", component.name, "phase"), component.phase


def _patterns(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    lists: list[tuple[KeyPath, tuple[str, ...]]] = [(("exclude",), settings.exclude), (("tests",), settings.tests)]
    lists += [(("migrations", i, "allow"), migration.allow) for i, migration in enumerate(settings.migrations)]
    yield from _elements(lists)


def _dotted_names(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    for function in settings.phase_functions:
        yield ("phase-functions", function.pattern), function.pattern
    for index, marker in enumerate(settings.phase_markers):
        yield ("phase-markers", index, "call"), marker.call
    yield ("contract-class", "call"), settings.contract_class.call
    lists: list[tuple[KeyPath, tuple[str, ...]]] = [(("applications",), settings.applications)]
    for component in settings.components:
        lists.append((("components", component.name, "applications"), component.applications))
        if component.type is not None:
            yield ("components", component.name, "type"), component.type
    for index, migration in enumerate(settings.migrations):
        lists.append((("migrations", index, "accessors"), migration.accessors))
        if migration.replacement is not None:
            yield ("migrations", index, "replacement"), migration.replacement
    yield from _elements(lists)


def _elements(lists: Iterable[tuple[KeyPath, tuple[str, ...]]]) -> Iterator[tuple[KeyPath, str]]:
    for path, elements in lists:
        for index, element in enumerate(elements):
            yield (*path, index), element


def _bad_pattern(pattern: str) -> str | None:
    path = pattern.removeprefix("!")
    if not path.strip():
        return "an empty pattern matches nothing; remove it"
    if PurePosixPath(path).is_absolute() or PureWindowsPath(path).drive:
        return f"'{pattern}' is absolute; write it relative to the project's root"
    if ".." in re.split(r"[/\\]", path):
        return f"'{pattern}' leads out of the project; patterns stay below its root"
    return None


def _bad_name(name: str) -> str | None:
    if "/" in name or "\\" in name or ".py:" in name:
        module = re.sub(r"[/\\]", ".", name.replace(".py:", ":").removesuffix(".py")).strip(".")
        return f"'{name}' is a path; write it as a module, such as {module}"
    if not name or re.search(r"\s", name) or name.count(":") > 1 or any(not part for part in re.split("[.:]", name)):
        return f"'{name}' is not a name of the form module:name; write one such as shop.main:app"
    return None


def _key(path: KeyPath) -> str:
    """Return a path as people write it: ``migrations[0].until``."""
    key = ""
    for part in path:
        if isinstance(part, int):
            key += f"[{part}]"
        else:
            quoted = part if re.fullmatch(r"[\w-]+", part) else f'"{part}"'
            key += f".{quoted}" if key else quoted
    return key
