"""The pylint plugin: a door, and the only module that imports pylint.

pylint shows the plugin one file at a time, perhaps in several processes, perhaps with unsaved text; ``indexes`` says
what is found in that file. It is imported, and with it the rest of the linter, when the first file is shown: a run of
pylint that checks none does not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pylint.checkers import BaseRawFileChecker
from pylint.interfaces import HIGH, INFERENCE

from appstate_lint.codes import NAMES

if TYPE_CHECKING:
    from astroid import nodes  # type: ignore[import-untyped]
    from pylint.lint import PyLinter
    from pylint.typing import MessageDefinitionTuple

    from appstate_lint.indexes import Run
    from appstate_lint.model import Finding

CONFIG_ERROR = "appstate-config-error"
INTERNAL_ERROR = "appstate-internal-error"

_CONFIDENCES = {"high": HIGH, "medium": INFERENCE}
_INFORMATION = "IR"
"""The first letters of the codes of rules that are off unless selected."""


def register(linter: PyLinter) -> None:
    """Register the checker with ``linter``, once: pylint before 4.1 asks again in every worker."""
    if not any(type(checker).__name__ == AppStateChecker.__name__ for checker in linter.get_checkers()):
        linter.register_checker(AppStateChecker(linter))


def load_configuration(linter: PyLinter) -> None:
    """Analyze the project of the working directory before pylint starts its workers, so that they inherit it."""
    if linter.config.jobs == 1 or not any(map(linter.is_message_enabled, NAMES.values())):
        return
    from appstate_lint import indexes

    indexes.prepare(Path.cwd(), linter.config)


def _messages() -> dict[str, MessageDefinitionTuple]:
    return {code: _message(code, name) for code, name in NAMES.items()}


def _message(code: str, name: str) -> MessageDefinitionTuple:
    description = f"See `appstate-lint explain {name}`."
    if code[0] in _INFORMATION:
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
                "help": "Folder of the cache, or none (default: $APPSTATE_CACHE, .appstate-cache at the root).",
            },
        ),
    )

    def __init__(self, linter: PyLinter) -> None:
        super().__init__(linter)
        self._run: Run | None = None

    def process_module(self, node: nodes.Module) -> None:
        """Report what is found in ``node``'s file; a fault of ours becomes one message, and pylint goes on."""
        if node.file is None:
            return
        try:
            self._report_module(node)
        except Exception as error:  # whatever it is, one file's message is better than a lost run
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            self._report_at_top(INTERNAL_ERROR, f"{node.file} could not be analyzed: {reason}")

    def _report_module(self, node: nodes.Module) -> None:
        from appstate_lint import config, indexes

        self._run = self._run or indexes.Run()
        # pylint hands unsaved text on as UTF-8, whatever coding its first lines name; what it read itself, it does not.
        unsaved = None if node.file_bytes is None else node.file_bytes.decode("utf-8-sig")
        try:
            found = self._run.findings(node.file, unsaved, self.linter.config)
        except config.ConfigErrors as errors:
            for problem in str(errors).splitlines():
                self._report_at_top(CONFIG_ERROR, problem)
        else:
            self._report(found)

    def _report(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.add_message(
                finding.rule,
                line=finding.line,
                args=(f"{finding.message} (see `appstate-lint explain {finding.rule}`)",),
                confidence=_CONFIDENCES[finding.confidence.value],
                col_offset=finding.column,
                end_lineno=finding.end_line,
                end_col_offset=finding.end_column,
            )

    def _report_at_top(self, rule: str, message: str) -> None:
        self.add_message(rule, line=1, args=(message,), confidence=HIGH, col_offset=0, end_lineno=1, end_col_offset=1)
