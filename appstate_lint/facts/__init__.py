"""text → facts: what one file says, without knowledge of any other (DESIGN section 4)."""
