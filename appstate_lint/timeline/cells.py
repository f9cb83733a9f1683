"""Cells: what is in the lists and dicts of the linted program, joined over the whole run."""

from __future__ import annotations

from appstate_lint.timeline.values import Value


class ListCell:
    """A list or set of the linted program: the values put into it.

    ``open`` if others may be in it too, ``display`` if it is written out where it is made, by ``maker`` (file, function
    and call); ``handed`` if code that is not seen has it, and may put something in.
    """

    __slots__ = ("display", "handed", "items", "maker", "open")

    def __init__(self, maker: tuple[str, int, int]) -> None:
        self.maker = maker
        self.display = self.handed = False
        self.items: list[Value] = []
        self.open = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing was seen to be put in."""
        return not self.items and not self.open

    @property
    def is_known(self) -> bool:
        """Whether all is known that is in it; of nothing that is so only where nobody else has it."""
        return not self.open and not (self.handed and not self.items)


class DictCell:
    """A dict of the linted program, keyed by constants; ``rest`` joins what is in it under other keys."""

    __slots__ = ("display", "handed", "items", "maker", "open", "rest")

    def __init__(self, maker: tuple[str, int, int]) -> None:
        self.maker = maker
        self.display = self.handed = False
        self.items: dict[str | int | float | bool | None, Value] = {}
        self.rest: Value | None = None
        self.open = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing was seen to be put in."""
        return not self.items and not self.open and self.rest is None

    @property
    def is_known(self) -> bool:
        """Whether all is known that is in it; of nothing that is so only where nobody else has it."""
        return not self.open and self.rest is None and not (self.handed and not self.items)
