"""A pragma, an ignore or a line of the baseline silences nothing (reported under ``strict``)."""

from __future__ import annotations

from appstate_lint.model import Finding, Place, Rule

RULE = Rule("appstate-unused-ignore", "W7850", "{what} silences nothing; remove it")


def unused(file: str, line: int, what: str) -> Finding:
    """Return the finding at a 1-based ``line`` that is written there in vain; ``what`` begins the message."""
    return RULE.finding(Place(file, line, 0, line, 1), function="", component=what, what=what)
