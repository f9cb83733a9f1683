"""Holders: which state of which application a value is."""

from __future__ import annotations

from collections.abc import Iterator

from appstate_lint.frameworks import FrameworkClass
from appstate_lint.timeline.classes import Classes
from appstate_lint.timeline.values import APPLICATION, EACH, Chain, Holder, Object, Unknown, Value

NO_OWNER = Object("")


class Holders(Classes):
    """Tells the state that values are, or lead to."""

    def as_holder(self, value: Value, key: str = "") -> Value:
        """Return the state that a value is: an application whose items are components is a holder itself.

        So is something unknown that is called like one, where the running application is of that kind: the nearest
        of those that live together which ever has the component ``key``. That goes for a chain, too.
        """
        if isinstance(value, Chain):
            return self.nearest(value.owners, key, value.owners[-1])
        if self.has_items(value):
            return self.yielded_state()
        called = isinstance(value, Unknown) and not value.hint.startswith(EACH)
        if isinstance(value, Unknown) and called and self.is_called_application(value.hint):
            value = self.the_application()
            if self.living is None and not isinstance(value, Object) and self.mentions.shapes.items:
                return Holder(NO_OWNER)
            if isinstance(value, Object) and self.is_item_holder(value):
                return self.nearest(tuple(self.living_together(value)), key, value)
            return value
        return Holder(value) if isinstance(value, Object) and self.is_item_holder(value) else value

    def has_items(self, value: Value) -> bool:
        """Tell whether a value is a request that, as its application does, keeps state as items."""
        return self.is_request(value) and self.living is not None and self.is_item_holder(self.living)

    def is_request(self, value: Value) -> bool:
        """Tell whether a value is a request, or something unknown that is called as they customarily are."""
        if isinstance(value, Unknown):
            return value.hint in self.tables.requests and not value.origin
        return self.kind(value) == "request"

    def is_item_holder(self, value: Value) -> bool:
        """Tell whether the items of a value are components."""
        spec = self.spec(value)
        return spec is not None and spec.items

    def is_mapping(self, owner: Object) -> bool:
        """Tell whether the state of an application has the methods of a mapping."""
        spec = self.spec(owner) or self.spec(self.the_application())
        return spec is not None and spec.mapping

    def is_member(self, owner: Object, spec: FrameworkClass, name: str) -> bool:
        """Tell whether an attribute of an application is a component if some code sets it."""
        if not spec.members or name in spec.own or name.startswith("_") or spec.method(name) is not None:
            return False
        return owner.cls is None or (self.method(owner.cls, name) is None and not self.has_field(owner.cls, name))

    def part(self, owner: Object, name: str) -> Object:
        """Return what owns the components of a part of an application."""
        return Object(f"{self.canonical(owner).site}/{name}")

    def nearest(self, owners: tuple[Object, ...], key: str, default: Object) -> Holder:
        """Return the first of several applications that ever has the component ``key``."""
        known = (each for each in map(self.canonical, owners) if self.component_known((each.site, key)))
        return Holder(next(known, self.canonical(default)))

    def living_together(self, application: Object) -> Iterator[Object]:
        """Yield an application, the one whose life it is, and those that this one mounts."""
        yield application
        if self.living is not None:
            yield self.living
            yield from self.mounted(self.living)

    def is_called_application(self, name: str) -> bool:
        """Tell whether something unknown is called as applications customarily are."""
        return name == APPLICATION or name.removeprefix(EACH) in self.tables.variables

    def chain(self) -> Value:
        """Return the components of the running application and of the one whose life it is."""
        owners = (self.application, self.living)
        known = tuple(dict.fromkeys(each for each in owners if each is not None))
        return Chain(known) if known else Unknown(APPLICATION)
