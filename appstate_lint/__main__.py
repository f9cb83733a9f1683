"""``python -m appstate_lint`` is the command line."""

from appstate_lint.cli import main

if __name__ == "__main__":
    main()
