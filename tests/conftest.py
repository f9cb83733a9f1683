"""What holds for all tests."""

from __future__ import annotations

import os

# The tests start hundreds of processes: each would compile the linter anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
