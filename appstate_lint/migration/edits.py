"""Edits of one file: calls that become reads of a component, imports that go, reads that get another name."""

from __future__ import annotations

import msgspec

from appstate_lint.facts.flow import At


class Call(msgspec.Struct, frozen=True, order=True):
    """A call that an expression replaces, with the ``await`` before it if ``awaited``.

    If it is a ``fallback``, the expression replaces the whole ``or`` of which the call is the second half. Lines are
    1-based, columns 0-based characters, the end exclusive.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    expression: str
    awaited: bool = False
    fallback: bool = False

    @property
    def at(self) -> At:
        """Where the call stands."""
        return (self.line, self.column, self.end_line, self.end_column)


class Import(msgspec.Struct, frozen=True, order=True):
    """An imported name that is to go: where it stands in its ``from module import``."""

    line: int
    column: int
    name: str


class Name(msgspec.Struct, frozen=True, order=True):
    """A read that names a component, and the name it is to get: an attribute, or a string that stands there itself.

    Lines are 1-based, columns 0-based characters, the end exclusive; they are those of the whole read.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    old: str
    new: str

    @property
    def at(self) -> At:
        """Where the read stands."""
        return (self.line, self.column, self.end_line, self.end_column)


class Rewrite(msgspec.Struct, frozen=True):
    """What is planned for one file."""

    file: str
    calls: tuple[Call, ...] = ()
    imports: tuple[Import, ...] = ()
    names: tuple[Name, ...] = ()
