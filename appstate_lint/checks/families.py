"""The families of rules, by which people choose several at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appstate_lint.model import Rule

FAMILIES: Mapping[str, str] = {
    "existence": r"78(02|03|06|14|15|16|40)",
    "time": r"78(01|04|05|07|08|09|10|11|12|13|17|18|19)",
    "contracts": r"782[0-8]",
    "migration": r"783\d",
    "upkeep": r"78(29|50|99)",
}
"""The name of each family and the numbers of its rules, as a regular expression."""


def family(rule: Rule) -> str:
    """Return the name of the family of ``rule``."""
    return next(name for name, numbers in FAMILIES.items() if re.fullmatch(numbers, rule.code[1:]))


def meant(word: str, rules: Iterable[Rule]) -> frozenset[str]:
    """Return the names of those of ``rules`` that ``word`` stands for: a name, code, beginning of one, or family."""
    return frozenset(
        rule.name for rule in rules if word in (rule.name, family(rule)) or (word and rule.code.startswith(word))
    )
