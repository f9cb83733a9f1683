"""facts → project: all files joined. Names are resolved to definitions; no file is read here."""

from appstate_lint.project.symbols import Project, Symbol

__all__ = ["Project", "Symbol"]
