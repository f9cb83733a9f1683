"""What becomes of a fault of the linter itself: it costs one launcher, or one rule, and a note says so."""

from __future__ import annotations

import traceback
from pathlib import PurePath

END_IT = False
"""Whether a fault ends the analysis: tests want that, people the rest of the findings."""


def described(error: Exception) -> str:
    """Return what went wrong and where in the linter, for a note; raises ``error`` where that is wanted."""
    if END_IT:
        raise error
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"the linter itself failed ({type(error).__name__} in {PurePath(last.filename).name}, line {last.lineno})"
