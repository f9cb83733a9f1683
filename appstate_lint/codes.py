"""The names and families of all rules by their codes: what is known of them without reading them.

The rules themselves are ``checks.RULES``, with which a test compares this table; to read them takes longer than pylint
should wait in runs that check no file, or where what was found last time still stands.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

NAMES = {
    "E7801": "appstate-read-before-init",
    "E7802": "appstate-never-initialized",
    "W7803": "appstate-default-hides-missing",
    "W7804": "appstate-maybe-uninitialized",
    "E7805": "appstate-missing-in-application",
    "W7813": "appstate-startup-swallowed",
    "W7806": "appstate-none-only",
    "W7807": "appstate-startup-race",
    "W7808": "appstate-unsafe-shutdown",
    "W7809": "appstate-double-init",
    "E7810": "appstate-source-none",
    "E7811": "appstate-source-unresolved",
    "E7812": "appstate-wrong-channel",
    "E7817": "appstate-startup-not-run",
    "E7819": "appstate-build-api-after-build",
    "I7814": "appstate-never-read",
    "W7815": "appstate-unreached-initializer",
    "W7816": "appstate-only-tests-write",
    "W7840": "appstate-external-writer",
    "W7818": "appstate-test-without-lifespan",
    "E7820": "appstate-contract-late",
    "E7821": "appstate-contract-order",
    "E7822": "appstate-contract-missing",
    "E7823": "appstate-contract-type",
    "E7824": "appstate-contract-cycle",
    "W7825": "appstate-contract-vacuous",
    "W7826": "appstate-undeclared",
    "W7827": "appstate-undeclared-dependency",
    "E7829": "appstate-config-error",
    "W7830": "appstate-leftover-accessor",
    "W7831": "appstate-leftover-import",
    "W7832": "appstate-leftover-patch",
    "W7833": "appstate-leftover-definition",
    "E7834": "appstate-removed-accessor",
    "W7835": "appstate-two-sources",
    "I7836": "appstate-singleton-candidate",
    "W7850": "appstate-unused-ignore",
    "E7899": "appstate-internal-error",
}
"""The name of each rule by its code, in the order of ``checks.RULES``."""

FAMILIES: Mapping[str, str] = {
    "existence": r"78(02|03|06|14|15|16|40)",
    "time": r"78(01|04|05|07|08|09|10|11|12|13|17|18|19)",
    "contracts": r"782[0-8]",
    "migration": r"783\d",
    "upkeep": r"78(29|50|99)",
}
"""The name of each family, by which people choose several rules at once, and its numbers as a regular expression."""


def family(code: str) -> str:
    """Return the name of the family of the rule of a code."""
    return next(name for name, numbers in FAMILIES.items() if re.fullmatch(numbers, code[1:]))


@functools.cache
def meant(word: str) -> frozenset[str]:
    """Return the names of the rules that ``word`` stands for: a name, code, beginning of one, or family."""
    return frozenset(
        name for code, name in NAMES.items() if word in (name, family(code)) or (word and code.startswith(word))
    )
