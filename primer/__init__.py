"""What the linter says of public projects, and whether that is true: ``python -m primer``."""
