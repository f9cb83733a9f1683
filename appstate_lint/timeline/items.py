"""Items on abstract values; of the dictionary behind a holder, they are components."""

from __future__ import annotations

from collections.abc import Callable

from appstate_lint.facts import flow
from appstate_lint.facts.flow import At
from appstate_lint.timeline.attributes import Attributes
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.truth import condition_of
from appstate_lint.timeline.values import (
    UNKNOWN,
    ClassValue,
    DictValue,
    External,
    Holder,
    ListValue,
    Literal,
    Member,
    Object,
    Scope,
    StateDict,
    TupleValue,
    Unknown,
    Value,
    join_all,
    literal_names,
    options,
    plain,
)


class Items(Attributes):
    """Evaluates items."""

    def item_of(self, expr: flow.Item, path: Path) -> Value:
        owner = self.evaluate(expr.value, path)
        index = self.evaluate(expr.index, path)
        self.use(owner)
        return self.item(owner, index, path, expr.at)

    def item(self, owner: Value, index: Value, path: Path, at: At) -> Value:
        """Return ``owner[index]``; of a holder, that reads a component, of one of several in each."""
        several, name = options(single(plain(owner))), plain(index)
        if len(several) == 1:
            return self.one_item(several[0], name, path, at)
        key = str(name.value) if isinstance(name, Literal) else ""
        holders = [each for each in several if isinstance(self.as_holder(each, key), (Holder, StateDict))]
        found = [self.one_item(each, name, path, at) for each in holders]
        return join_all(found if len(holders) == len(several) else [*found, UNKNOWN])

    def one_item(self, owner: Value, name: Value, path: Path, at: At) -> Value:
        constant = name.value if isinstance(name, Literal) else None
        owner = self.as_holder(owner, str(constant))
        match owner:
            case Holder(owner=application) | StateDict(owner=application):
                if isinstance(owner, StateDict) and constant in self.tables.state_dicts:
                    return owner
                names = literal_names(name)
                if names is None:
                    self.dynamic(application, at, writes=False)
                    return UNKNOWN
                return self.each_name(names, lambda each: self.read_item(application, each, at, path))
            case Scope():
                return self.scope_item(constant)
            case TupleValue(items=items):
                if isinstance(constant, int) and -len(items) <= constant < len(items):
                    return items[constant]
                return join_all(items)
            case ListValue(number=number):
                return join_all(self.list_cell(number).items)
            case DictValue(number=number):
                return self.dict_item(number, name)
            case Unknown(hint=hint, origin=origin):
                if hint in self.tables.scopes and self.tables.scope_items.get(str(constant)) == "application":
                    return self.the_application()
                return Unknown(str(constant), f"{origin}[{constant}]" if origin and constant is not None else "")
            case External(name=dotted):
                return owner if constant is None else Unknown(str(constant), f"{dotted}[{constant}]")
            case ClassValue():
                return owner
            case Object() | Member() if constant is not None and condition_of(owner):
                return Unknown(str(constant), f"{condition_of(owner)}[{constant}]")
            case Literal(value=None):
                path.dead = True
        return UNKNOWN

    def scope_item(self, name: object) -> Value:
        """Return an item of the scope of a request."""
        match self.tables.scope_items.get(str(name)):
            case "application":
                return self.the_application()
            case "yielded":
                return self.yielded_state()
        return Unknown(str(name))

    def each_name(self, names: tuple[str, ...], act: Callable[[str], Value]) -> Value:
        """Join what ``act`` gives for each name."""
        return join_all([act(name) for name in names])
