"""Members of tuples, lists and dicts: what they hold, and what is put into them."""

from __future__ import annotations

from appstate_lint.timeline.cells import DictCell, ListCell
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.holders import Holders
from appstate_lint.timeline.values import (
    EACH,
    UNKNOWN,
    AnyOf,
    ClassValue,
    DictValue,
    ListValue,
    Literal,
    Member,
    Object,
    TupleValue,
    Unknown,
    Value,
    join,
    join_all,
    options,
    plain,
)


class Members(Holders):
    """Knows what containers hold."""

    def members(self, value: Value) -> tuple[Value, ...] | None:
        """Return what iterating over a value gives, in order; ``None`` if that is not known."""
        value = single(plain(value))
        match value:
            case TupleValue(items=items):
                return items
            case ListValue(number=number):
                cell = self.list_cell(number)
                return tuple(cell.items) if cell.is_known else None
            case DictValue(number=number):
                table = self.dict_cell(number)
                return tuple(Literal(key) for key in table.items) if table.is_known else None
            case AnyOf(options=several):
                found: dict[Value, None] = {}
                for option in several:
                    inner = self.members(option)
                    if inner is None:
                        return None
                    found.update(dict.fromkeys(inner))
                return tuple(found)
            case Object(cls=cls) if cls is not None and self.is_named_tuple(cls):
                return tuple(self.get_attribute(value, name) or UNKNOWN for name in self.fields(cls))
            case ClassValue():
                env = self.class_env(value)
                return (
                    tuple(each for name, each in env.items() if not name.startswith("_") and isinstance(each, Literal))
                    or None
                )
        return None

    def some_members(self, value: Value) -> tuple[Value, ...]:
        """Return what iterating over one of several values may give, as far as that is known."""
        several = options(single(plain(value)))
        return tuple(dict.fromkeys(each for option in several for each in self.members(option) or ()))

    def unpacked(self, value: Value, length: int) -> tuple[Value, ...] | None:
        """Return what a value gives to so many targets, one of several values each; ``None`` if that is not known."""
        rows: list[tuple[Value, ...]] = []
        for option in options(single(plain(value))):
            row = self.members(option)
            if row is None or len(row) != length or isinstance(option, DictValue):
                return None
            rows.append(row)
        return tuple(map(join_all, zip(*rows, strict=True)))

    def element(self, source: Value) -> Value:
        """Return one element of something whose elements are not all known."""
        source = plain(source)
        match source:
            case ListValue(number=number):
                return join_all(self.list_cell(number).items)
            case DictValue(number=number):
                return UNKNOWN
            case Member(owner=DictValue(number=number)):
                return UNKNOWN
            case Member(owner=Object() as owner, name=name) if self.lists_routes(owner, name):
                return Member(source, EACH)
        return UNKNOWN

    def lists_routes(self, owner: Object, name: str) -> bool:
        """Tell whether an attribute of an application lists its routes: what is mounted is the ``app`` of one."""
        spec = self.spec(owner)
        return spec is not None and spec.kind == "application" and spec.lists.get(name) == "route"

    def joined_list(self, left: Value, right: Value) -> Value:
        number = self.number(("sum", left, right))
        cell = self.list_cell(number)
        for side in (left, right):
            members = self.members(side)
            if members is None:
                cell.open = True
            for member in members or ():
                if member not in cell.items:
                    cell.items.append(member)
        return ListValue(number)

    def dict_item(self, number: int, name: Value) -> Value:
        cell = self.dict_cell(number)
        if isinstance(name, Literal):
            if name.value in cell.items:
                return cell.items[name.value]
            return cell.rest if cell.rest is not None else Unknown(str(name.value))
        return join_all([*cell.items.values(), *([cell.rest] if cell.rest is not None else [])])

    def note_filled(self, cell: ListCell | DictCell) -> None:
        """Note that something comes into a list or dict: what was empty matters to those who made it elsewhere."""
        if cell.is_empty and not cell.handed and cell.maker != self.call_that_runs():
            self.activity += 1

    def hand_container(self, value: Value) -> None:
        """Note that code which is not seen has a list or dict, or a method of it, and may put something in."""
        for option in options(plain(value)):
            cell: ListCell | DictCell
            match option.owner if isinstance(option, Member) else option:
                case ListValue(number=number):
                    cell = self.list_cell(number)
                case DictValue(number=number):
                    cell = self.dict_cell(number)
                case _:
                    continue
            self.note_filled(cell)
            cell.handed = True

    def put_item(self, cell_number: int, name: Value, value: Value) -> None:
        """Join ``value`` into an entry of a dict."""
        cell = self.dict_cell(cell_number)
        self.note_filled(cell)
        for option in options(name):
            if isinstance(option, Literal):
                known = cell.items.get(option.value)
                cell.items[option.value] = value if known is None else join(known, value)
            else:
                cell.rest = value if cell.rest is None else join(cell.rest, value)

    def update_dict(self, number: int, source: Value) -> None:
        """Merge a dict into another."""
        source = single(plain(source))
        cell = self.dict_cell(number)
        self.note_filled(cell)
        for option in options(source):
            if isinstance(option, DictValue):
                other = self.dict_cell(option.number)
                for key, value in list(other.items.items()):
                    self.put_item(number, Literal(key), value)
                if other.rest is not None:
                    cell.rest = other.rest if cell.rest is None else join(cell.rest, other.rest)
                cell.open = cell.open or other.open
            else:
                cell.open = True
