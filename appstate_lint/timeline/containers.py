"""Methods of lists, dicts, and of the dictionary behind a holder."""

from __future__ import annotations

import functools

from appstate_lint.facts.flow import At
from appstate_lint.timeline.functions import Functions
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.values import (
    NONE as NONE_VALUE,
)
from appstate_lint.timeline.values import (
    UNKNOWN,
    ClassValue,
    DictValue,
    Holder,
    Keywords,
    ListValue,
    Literal,
    Member,
    ModuleValue,
    Object,
    TupleValue,
    Value,
    join_all,
    literal_names,
    plain,
)

DICT_METHODS = frozenset({"get", "pop", "setdefault", "update", "__getitem__", "__setitem__", "__contains__"})
"""Methods of dicts that touch one item or several by name."""
_DICT_WRITERS = frozenset({"__setitem__", "__setattr__", "setdefault"})
_LIST_CHANGERS = frozenset({"append", "add", "insert", "extend", "update"})


class Containers(Functions):
    """Calls methods of containers."""

    def make_state(self, args: tuple[Value, ...], path: Path, at: At) -> Value:
        """Make a state object; its dict, if given, are its first components."""
        owner = Object(self.site(at) + ":state", None, "")
        for arg in args[:1]:
            table = single(plain(arg))
            if isinstance(table, DictValue):
                cell = self.dict_cell(table.number)
                for key, value in cell.items.items():
                    if isinstance(key, str):
                        self.plain_none = cell.display and value == NONE_VALUE
                        self.write(owner, key, value, at, path)
                        self.plain_none = False
                if cell.open or cell.rest is not None:
                    self.dynamic(owner, at, writes=True)
            else:
                self.dynamic(owner, at, writes=True)
        return Holder(owner)

    def state_method(
        self, owner: Object, name: str, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At
    ) -> Value:
        """Call a method of a holder's dictionary."""
        names = literal_names(plain(args[0])) if args else None
        one = names[0] if names is not None and len(names) == 1 else None
        match name:
            case "get" | "pop" if one is not None:
                if name == "pop" and len(args) < 2:
                    return self.read_item(owner, one, at, path)
                return self.read_or(owner, one, args[1] if len(args) > 1 else NONE_VALUE, at, path)
            case "__getitem__" if one is not None:
                return self.read_item(owner, one, at, path)
            case "__getattr__" | "__getattribute__" if one is not None:
                return self.read(owner, one, at, path)
            case "__contains__" if one is not None:
                return self.ask(owner, one, at, path)
            case "__setitem__" | "__setattr__" if one is not None and len(args) > 1:
                self.write(owner, one, args[1], at, path)
                return NONE_VALUE
            case "setdefault" if one is not None:
                known = self.read_or(owner, one, NONE_VALUE, at, path)
                self.write(owner, one, args[1] if len(args) > 1 else NONE_VALUE, at, path)
                return known
            case "update":
                return self.update_state(owner, args, keywords, path, at)
        if name in self.loaders:
            return self.load(self.loaders[name], owner, args, keywords, path, at)
        self.dynamic(owner, at, writes=name in _DICT_WRITERS)
        return UNKNOWN

    @functools.cached_property
    def loaders(self) -> dict[str, str]:
        """Methods that fill a store of components, with what they fill it from."""
        return {name: kind for spec in self.tables.classes.values() for name, kind in spec.loaders.items()}

    def load(self, kind: str, owner: Object, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """Fill a store of components: with the constants of a class, a mapping, or what is not known."""
        source = single(plain(args[0])) if args else UNKNOWN
        if kind == "class" and isinstance(source, Literal) and isinstance(source.value, str):
            source = self.by_dotted_name(source.value)
        cls = source.cls if isinstance(source, Object) else source
        if kind == "class" and isinstance(cls, ClassValue) and not self.unseen_bases(cls):
            for base in reversed(list(self.bases(cls))):
                for name, value in self.class_env(base).items():
                    if name.isupper():
                        self.write(owner, name, value, at, path)
        elif kind == "class" and isinstance(source, ModuleValue):
            self.import_module(source.file)
            for name, value in self.modules[source.file].env.items():
                if name.isupper():
                    self.write(owner, name, value, at, path)
        elif kind == "mapping":
            return self.update_state(owner, args, keywords, path, at)
        else:
            self.open_holder(owner, at, "it is filled from something that cannot be seen")
        return UNKNOWN

    def by_dotted_name(self, text: str) -> Value:
        """Return what a dotted name in a string stands for: a module of the project, or something in one."""
        symbol = self.project.module(self.frame.file, text)
        if symbol.kind == "module":
            return ModuleValue(symbol.file)
        module, _, name = text.replace(":", ".").rpartition(".")
        symbol = self.project.module(self.frame.file, module)
        return self.symbol_value(self.project.attribute(symbol, name), name) if symbol.kind == "module" else UNKNOWN

    def update_state(self, owner: Object, args: tuple[Value, ...], keywords: Keywords, path: Path, at: At) -> Value:
        """``update`` of a holder's dictionary: every name that is known is a write, any other opens the holder."""
        for keyword, value in keywords:
            self.write(owner, keyword, value, at, path)
        for table in (single(plain(arg)) for arg in args):
            cell = self.dict_cell(table.number) if isinstance(table, DictValue) else None
            for key, value in cell.items.items() if cell is not None else ():
                self.write(owner, str(key), value, at, path)
            if cell is None or cell.open or cell.rest is not None:
                self.dynamic(owner, at, writes=True)
        return NONE_VALUE

    def list_method(self, number: int, name: str, args: tuple[Value, ...]) -> Value:
        cell = self.list_cell(number)
        if name in _LIST_CHANGERS:
            self.note_kept(args)
            self.note_filled(cell)
        if name in ("append", "add", "insert"):
            item = args[-1] if args else UNKNOWN
            if item not in cell.items:
                cell.items.append(item)
        elif name in ("extend", "update"):
            members = self.members(args[0]) if args else None
            if members is None:
                cell.open = True
            for item in members or ():
                if item not in cell.items:
                    cell.items.append(item)
        elif name == "copy":
            return ListValue(number)
        elif name == "pop":
            return join_all(cell.items)
        return NONE_VALUE

    def dict_method(
        self, owner: DictValue, number: int, name: str, args: tuple[Value, ...], keywords: Keywords
    ) -> Value:
        cell = self.dict_cell(number)
        if name in ("update", "setdefault"):
            self.note_kept(args)
        match name:
            case "items":
                if not cell.is_known:
                    return Member(owner, name)
                return TupleValue(tuple(TupleValue((Literal(key), value)) for key, value in cell.items.items()))
            case "values":
                if not cell.is_known:
                    return Member(owner, name)
                return TupleValue(tuple(cell.items.values()))
            case "keys":
                return owner
            case "setdefault" if args:
                return self.set_default(number, plain(args[0]), args[1] if len(args) > 1 else NONE_VALUE)
            case "get" | "pop" | "setdefault":
                return self.dict_item(number, plain(args[0])) if args else UNKNOWN
            case "update":
                if args:
                    self.update_dict(number, args[0])
                for key, value in keywords:
                    self.put_item(number, Literal(key), value)
                if not args and not keywords:  # what two asterisks unpack
                    self.hand_container(owner)
                return NONE_VALUE
            case "copy":
                return owner
            case "__setitem__":
                self.hand_container(owner)
        return UNKNOWN

    def set_default(self, number: int, key: Value, default: Value) -> Value:
        """``setdefault``: put a value into a dict where nothing is; return what is there then, which may be another."""
        known = self.dict_item(number, key)
        if not isinstance(key, Literal) or key.value not in self.dict_cell(number).items:
            self.put_item(number, key, default)
            return default if isinstance(default, (ListValue, DictValue)) else known
        return known
