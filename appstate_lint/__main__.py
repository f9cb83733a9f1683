"""``python -m appstate_lint`` is the command line."""

import sys

if not getattr(sys.flags, "safe_path", False):
    del sys.path[:1]  # the working directory is what is linted: a ``click.py`` there is not ours to run

from appstate_lint.cli import main

main()
