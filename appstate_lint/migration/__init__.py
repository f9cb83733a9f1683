"""project, timeline → migrations: what accessors are declared, who still uses them, and which are not declared yet."""

from appstate_lint.migration.survey import Survey

__all__ = ["Survey"]
