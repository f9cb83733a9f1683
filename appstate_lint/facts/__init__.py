"""text → facts: what one file says, without knowledge of any other (DESIGN section 4)."""

from appstate_lint.facts.extraction import extract

__all__ = ["extract"]
