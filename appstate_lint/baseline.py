"""Findings accepted for now: a text file in the project, one finding a line, sorted.

A line says the rule, the file, the function and the component for people, and ends with the fingerprint, which is what
counts. No line number is in it, so edits elsewhere leave it valid. Lines that begin with ``#`` say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from appstate_lint.choices import Accepted, Baseline
from appstate_lint.config import ConfigError, ConfigErrors, Settings
from appstate_lint.files import write_whole
from appstate_lint.model import Finding

FILE = "appstate-baseline.txt"
_HEADER = "# Findings accepted for now. `appstate-lint baseline write` makes this file, and takes out what is fixed.\n"
_LINE = re.compile(r"(appstate-[a-z-]+) (?:.* )?([0-9a-f]{32})")


def path_of(root: Path, settings: Settings) -> Path:
    """Return where the baseline of the project at ``root`` is, or would be."""
    return root / (settings.baseline or FILE)


def with_baseline(root: Path, settings: Settings) -> Settings:
    """Return ``settings`` with what the baseline of the project accepts.

    Without a file nothing is accepted. Raises ConfigErrors for one that cannot be used, or that the settings name and
    that is not there.
    """
    path = path_of(root, settings)
    name = settings.baseline or FILE
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        if settings.baseline is None:
            return settings
        raise _failure(name, 1, "there is no such baseline; make it with `appstate-lint baseline write`") from None
    except UnicodeDecodeError as error:
        raise _failure(name, 1, "the text is not UTF-8; write it anew with `appstate-lint baseline write`") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _failure(name, 1, f"the file cannot be read: {reason}") from error
    return msgspec.structs.replace(settings, accepted=Baseline(name, tuple(_accepted(name, text))))


def _accepted(name: str, text: str) -> Iterable[Accepted]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line.rstrip())
        if found is None:
            problem = (
                "this line names no finding; remove it, or write the file anew with `appstate-lint baseline write`"
            )
            raise _failure(name, number, problem)
        yield Accepted(found[2], found[1], number)


def _failure(name: str, line: int, problem: str) -> ConfigErrors:
    return ConfigErrors([ConfigError(name, line, "", problem)])


def baseline_text(findings: Iterable[Finding]) -> str:
    """Return the content of a baseline that accepts ``findings``."""
    return _HEADER + "".join(f"{line}\n" for line in sorted({_line(finding) for finding in findings}))


def _line(finding: Finding) -> str:
    words = (finding.rule, finding.file, finding.function, finding.component, finding.fingerprint)
    return " ".join(_escaped(word) for word in words if word)


def _escaped(word: str) -> str:
    """Return ``word`` with what could break a line written as Python writes it."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in word)


def write(root: Path, settings: Settings, findings: Iterable[Finding]) -> Path:
    """Write the baseline that accepts ``findings``, whole or not at all, and return where. Raises OSError."""
    path = path_of(root, settings)
    write_whole(path, baseline_text(findings))
    return path
