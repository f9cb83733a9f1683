"""The pylint plugin: a door, and the only module that imports pylint.

pylint shows the plugin one file at a time, perhaps in several processes, perhaps with unsaved text. Each time the
whole project is asked for, with that text laid over the disk, and what is found *in that file* is reported: so the
answer is that of the command line. The analysis of what is on disk is kept in a global of this module (the checker is
pickled for workers), with the stamps of all files, which are compared once a run.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from pylint.checkers import BaseRawFileChecker
from pylint.interfaces import HIGH, INFERENCE

from appstate_lint import baseline, cache, config, engine, source
from appstate_lint.checks import RULES
from appstate_lint.config import Settings
from appstate_lint.model import Confidence, Finding, Report, Severity

if TYPE_CHECKING:
    from astroid import nodes  # type: ignore[import-untyped]
    from pylint.lint import PyLinter
    from pylint.typing import MessageDefinitionTuple

CONFIG_ERROR = "appstate-config-error"
INTERNAL_ERROR = "appstate-internal-error"

_CONFIDENCES = {Confidence.HIGH: HIGH, Confidence.MEDIUM: INFERENCE}
_PYCHARM_COPY = re.compile(r"csi-\d+")
_FLYCHECK_PREFIX = "flycheck_"
NO_CACHE = "none"
"""The value of ``appstate-cache-dir`` that asks for no cache."""


class Project(NamedTuple):
    """What the index is kept by: a root (absolute), the configuration file that was asked for, what is left out.

    ``left_out`` are the patterns that make a file outside any project one of its own.
    """

    root: Path
    explicit: Path | None
    left_out: tuple[str, ...] = ()
    cache_dir: str = ""

    def analyze(self, settings: Settings, overlay: Mapping[str, str] | None = None) -> Report:
        """Analyze the project with what the cache knows; a file outside any project has one only if it is named."""
        chosen = self.cache_dir or None
        with cache.opened(self.root, chosen, used=chosen != NO_CACHE and not (self.left_out and not chosen)) as store:
            return engine.analyze(self.root, settings, overlay=overlay, pragmas=False, store=store)

    def settings(self) -> Settings:
        """Read the configuration; raises ``config.ConfigErrors``."""
        problem = ""
        if not self.left_out and not self.root.is_dir():  # else it is a new file's folder, not yet made
            problem = "there is no such folder; name one that exists"
        elif not self.left_out and source.is_disk(self.root):
            problem = "the root of the disk is no project; name the folder of one, or put an appstate-lint.toml there"
        if problem:
            raise config.ConfigErrors([config.ConfigError(str(self.root), 1, "appstate-root", problem)])
        settings = baseline.with_baseline(self.root, config.load(self.root, self.explicit))
        return msgspec.structs.replace(settings, exclude=(*self.left_out, *settings.exclude))


class Stamp(NamedTuple):
    """What tells one state of a file from another without reading it; a file of just now is read all the same."""

    size: int
    modified: int
    inode: int
    digest: bytes


class Index(NamedTuple):
    """A project as it was on disk: the stamps of its files and the findings by file.

    ``over`` are the migrations that allowed leftovers no more on that day.
    """

    stamps: Mapping[str, Stamp]
    settings: Settings
    over: tuple[str, ...]
    findings: Mapping[str, tuple[Finding, ...]]


class Linted(NamedTuple):
    """The file that pylint shows: where it stands in its project, and its text if that is not what the disk has."""

    project: Project
    file: str
    overlay: Mapping[str, str]


_indexes: dict[Project, Index] = {}


def register(linter: PyLinter) -> None:
    """Register the checker with ``linter``, once: pylint before 4.1 asks again in every worker."""
    if not any(type(checker).__name__ == AppStateChecker.__name__ for checker in linter.get_checkers()):
        linter.register_checker(AppStateChecker(linter))


def load_configuration(linter: PyLinter) -> None:
    """Analyze the project of the working directory before pylint starts its workers, so that they inherit it."""
    if linter.config.jobs == 1 or not any(linter.is_message_enabled(rule.name) for rule in RULES):
        return
    project = _project(Path.cwd(), linter.config)
    try:
        _index(project)
    except Exception:  # the first module of the project meets the same fault, and can report it
        _indexes.pop(project, None)


def _messages() -> dict[str, MessageDefinitionTuple]:
    return {rule.code: _message(rule.name, rule.severity) for rule in RULES}


def _message(name: str, severity: Severity) -> MessageDefinitionTuple:
    description = f"See `appstate-lint explain {name}`."
    if severity is Severity.INFO:
        return ("%s", name, description, {"default_enabled": False})
    return ("%s", name, description)


class AppStateChecker(BaseRawFileChecker):
    """Reports the findings of the project in the file that pylint shows."""

    name = "appstate-lint"
    msgs = _messages()
    options = (
        (
            "appstate-config",
            {"default": "", "type": "string", "metavar": "<file>", "help": "Configuration file of appstate-lint."},
        ),
        (
            "appstate-root",
            {"default": "", "type": "string", "metavar": "<folder>", "help": "Root of the project to analyze."},
        ),
        (
            "appstate-cache-dir",
            {
                "default": "",
                "type": "string",
                "metavar": "<folder>",
                "help": f"Folder of the cache, or none (default: $APPSTATE_CACHE, {cache.FOLDER} at the root).",
            },
        ),
    )

    def __init__(self, linter: PyLinter) -> None:
        super().__init__(linter)
        self._fresh: frozenset[Project] = frozenset()
        self._projects: dict[Path, Project] = {}

    def process_module(self, node: nodes.Module) -> None:
        """Report what is found in ``node``'s file; a fault of ours becomes one message, and pylint goes on."""
        if node.file is None:
            return
        try:
            self._report(self._findings(node))
        except config.ConfigErrors as errors:
            for problem in str(errors).splitlines():
                self._report_at_top(CONFIG_ERROR, problem)
        except Exception as error:  # whatever it is, one file's message is better than a lost run
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            self._report_at_top(INTERNAL_ERROR, f"{node.file} could not be analyzed: {reason}")

    def _findings(self, node: nodes.Module) -> Iterable[Finding]:
        settings = self.linter.config
        shown = Path(node.file).resolve()
        original = _original(shown)
        linted = _linted(node, shown, original, self._project(original), unsaved=settings.from_stdin)
        if linted.overlay:
            project = linted.project
            report = project.analyze(project.settings(), linted.overlay)
            return [finding for finding in report.findings if finding.file == linted.file]
        index = self._index(linted)
        return index.findings.get(linted.file, ())

    def _project(self, file: Path) -> Project:
        """Return the project of a file; what is one folder's is looked up once a run."""
        known = self._projects.get(file.parent)
        if known is None:
            known = _project(file, self.linter.config)
            if not known.left_out:
                self._projects[file.parent] = known
        return known

    def _index(self, linted: Linted) -> Index:
        """Return the index of the project: all stamps are compared once a run, that of the linted file each time."""
        known = _indexes.get(linted.project)
        if (
            known is not None
            and linted.project in self._fresh
            and known.stamps.get(linted.file) in (None, _stamp(linted.project.root, linted.file))
        ):
            return known
        self._fresh |= {linted.project}
        return _index(linted.project)

    def _report(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.add_message(
                finding.rule,
                line=finding.line,
                args=(f"{finding.message} (see `appstate-lint explain {finding.rule}`)",),
                confidence=_CONFIDENCES[finding.confidence],
                col_offset=finding.column,
                end_lineno=finding.end_line,
                end_col_offset=finding.end_column,
            )

    def _report_at_top(self, rule: str, message: str) -> None:
        self.add_message(rule, line=1, args=(message,), confidence=HIGH, col_offset=0, end_lineno=1, end_col_offset=1)


def _index(project: Project) -> Index:
    """Return the index of ``project``, built again if a file changed, came or went."""
    known = _indexes.get(project)
    settings = project.settings()
    files = source.discover(project.root, settings.exclude, settings.tests)
    stamps = {file.path: stamp for file in files if (stamp := _stamp(project.root, file.path))}
    over = settings.over(datetime.date.today())
    if known is not None and (known.stamps, known.settings, known.over) == (stamps, settings, over):
        return known
    _indexes.pop(project, None)
    report = project.analyze(settings)
    index = Index(stamps, settings, over, _by_file(report.findings))
    _indexes[project] = index
    return index


def _stamp(root: Path, file: str) -> Stamp | None:
    """Return the stamp of ``file``; None if there is no such file any more."""
    try:
        status = (root / file).stat()
        recent = time.time_ns() - status.st_mtime_ns < cache.UNTRUSTED
        digest = hashlib.sha1(source.read_bytes(root, file), usedforsecurity=False).digest() if recent else b""
    except (OSError, source.Unreadable):
        return None
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino, digest)


def _by_file(findings: Iterable[Finding]) -> Mapping[str, tuple[Finding, ...]]:
    files: dict[str, tuple[Finding, ...]] = {}
    for finding in findings:
        files[finding.file] = (*files.get(finding.file, ()), finding)
    return files


def _linted(node: nodes.Module, shown: Path, original: Path, project: Project, *, unsaved: bool) -> Linted:
    """Say which file of its project ``node`` is, and lay its text over the disk where they differ.

    ``shown`` is what pylint was given, maybe a temporary copy of the ``original``.
    """
    file = _relative(original, project.root)
    text = _text(node, unsaved=unsaved)
    if original != shown:
        overlay = {file: text}
        if shown.is_relative_to(project.root):
            overlay[_relative(shown, project.root)] = ""  # the copy is no part of the project
        return Linted(project, file, overlay)
    return Linted(project, file, {} if text == _disk_text(original) else {file: text})


def _project(start: Path, options: argparse.Namespace) -> Project:
    explicit = Path(options.appstate_config).resolve() if options.appstate_config else None
    cache_dir = options.appstate_cache_dir
    if options.appstate_root:
        return Project(Path(options.appstate_root).resolve(), explicit, cache_dir=cache_dir)
    start = start.resolve()
    return Project(source.find_root(start).resolve(), explicit, source.alone(start), cache_dir)


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _original(shown: Path) -> Path:
    """Return the file that ``shown`` is a temporary copy of, or ``shown`` itself.

    PyCharm copies a buffer to ``<temporary folder>/csi-NNN/<path from the working directory>``, flycheck to
    ``flycheck_<name>`` beside the file.
    """
    if shown.name.startswith(_FLYCHECK_PREFIX):
        beside = shown.with_name(shown.name[len(_FLYCHECK_PREFIX) :])
        return beside if beside.is_file() else shown
    for depth, part in enumerate(shown.parts):
        if _PYCHARM_COPY.fullmatch(part):
            copied = Path.cwd().joinpath(*shown.parts[depth + 1 :])
            return copied.resolve() if copied.is_file() else shown
    return shown


def _text(node: nodes.Module, *, unsaved: bool) -> str:
    stream = node.stream()
    if stream is None:
        return ""
    with stream:
        content = stream.read()
    # pylint hands unsaved text on as UTF-8, whatever coding its first lines name.
    return content.decode("utf-8-sig") if unsaved else source.decode(content)


def _disk_text(path: Path) -> str | None:
    try:
        return source.decode(path.read_bytes())
    except (OSError, source.Unreadable):
        return None
