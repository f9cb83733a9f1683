"""What records claim → text and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from appstate_lint.migration.records import Claim


def claims_text(found: Sequence[Claim]) -> str:
    """Return what is wrong with records, for people, and how many claims hold."""
    wrong = [each for each in found if each.wrong]
    rows: list[str] = []
    for each in wrong:
        rows.append(f"{each.file}:{each.line}: {each.migration}: not so: {each.text}")
        rows += [f"  {place}" for place in each.wrong]
    files = len({each.file for each in found})
    still = sum(each.open and not each.wrong for each in found)
    rows.append(
        f"{files} record{'' if files == 1 else 's'}: {len(found) - len(wrong) - still} claims hold, {len(wrong)} "
        f"{'does' if len(wrong) == 1 else 'do'} not, {still} open"
    )
    return "".join(f"{row}\n" for row in rows)


def claims_json(found: Sequence[Claim]) -> str:
    """Return all claims of records as one JSON object."""
    claims = [
        {
            "migration": each.migration,
            "file": each.file,
            "line": each.line,
            "text": each.text,
            "verdict": "wrong" if each.wrong else "open" if each.open else "holds",
            "against": list(each.wrong),
        }
        for each in found
    ]
    true = not any(each.wrong for each in found)
    return json.dumps({"schema": 1, "true": true, "claims": claims}, indent=1) + "\n"
