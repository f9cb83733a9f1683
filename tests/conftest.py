"""What holds for all tests."""

from __future__ import annotations

import os

from appstate_lint import faults

# The tests start hundreds of processes: each would compile the linter anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A fault of the linter shall end the test that meets it, and not cost it one launcher.
faults.END_IT = True
