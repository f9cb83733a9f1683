"""What holds for all tests."""

from __future__ import annotations

import os

from appstate_lint.timeline import telling

# The tests start hundreds of processes: each would compile the linter anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A fault of the linter shall end the test that meets it, and not cost it one launcher.
telling.FAULTS_END_IT = True
