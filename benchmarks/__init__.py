"""How fast the linter is, beside others on the same tree in the same run: ``python -m benchmarks``."""
