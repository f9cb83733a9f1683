"""Calls of frameworks that register code, by what the tables say of them."""

from __future__ import annotations

from appstate_lint.facts.flow import At
from appstate_lint.frameworks import Call as CallTable
from appstate_lint.frameworks import FrameworkClass
from appstate_lint.model import Phase
from appstate_lint.timeline.heap import single
from appstate_lint.timeline.launches import Launches
from appstate_lint.timeline.paths import Path
from appstate_lint.timeline.values import (
    GAP,
    UNKNOWN,
    ClassValue,
    Dependency,
    DictValue,
    FunctionValue,
    Holder,
    Invocation,
    Keywords,
    Literal,
    Object,
    Registrar,
    Route,
    TupleValue,
    Unknown,
    Value,
    literal_names,
    options,
    plain,
)
from appstate_lint.timeline.values import NONE as NONE_VALUE

_STACKED = frozenset({"enter", "exit-callback", "exit-push"})
_SINGLE = frozenset({"lifespan", "endpoint", "mount", "route-class", "served"})


class Registering(Launches):
    """Does what the methods and constructors of frameworks register."""

    starting: set[str]
    """Sites of applications whose start-up runs right now, one inside the other."""
    entered: set[str]
    """Sites of applications whose start-up some code runs by hand."""
    optional: set[str]
    """Sites of applications and routers whose lifespan may be ``None``."""

    def registration(
        self, table: CallTable, name: str, owner: Object, args: tuple[Value, ...], keywords: Keywords, path: Path,
        at: At,
    ) -> Value:  # fmt: skip
        """Do what a call of a method that a table describes does: at once, or later, for which code is registered."""
        self.note_late(table, owner, args, keywords, path, at)
        role = self.chosen_role(table, args, keywords)
        if table.until and self.tables.is_dropped(self.framework_of(owner), table.until):
            return self.dropped(table, role, name, owner, args, keywords, at)
        done = self.done_at_once(table, role, owner, args, keywords, path, at)
        if done is not None:
            return done
        route = self.route(table, table.arguments, name, args, keywords)
        dependencies = self.dependencies_of(table, args, keywords)
        if table.form == "decorator":
            return Registrar(owner, role, dependencies, route)
        code = self.argument(table.arguments, table.function, args, keywords)
        if code is None:
            return Registrar(owner, role, dependencies, route) if table.form == "either" else UNKNOWN
        if role == "start-task":
            if self.phase in (Phase.IMPORT, Phase.BUILD):
                self.register(owner, "task", Invocation("task-later", code, (), ()), path, at)
                return UNKNOWN
            role = "background"
        if role == "background":
            return self.start(code, self.rest_of(table, args), keywords, path, at, role)
        if role == "middleware":
            rest = args[1:]
            code = Invocation("partial", code, rest, tuple(pair for pair in keywords if pair[0] != table.function))
        several = self.members(code) if role in ("include", "route") else None
        for option in several if several is not None else options(plain(code)):
            if option != NONE_VALUE:
                self.note_include(owner, role, option)
                self.register(owner, role, option, path, at, dependencies, route)
                if table.starts:
                    self.register(owner, "startup", option, path, at)
        return code if table.form == "either" else NONE_VALUE

    def chosen_role(self, table: CallTable, args: tuple[Value, ...], keywords: Keywords) -> str:
        """Return the role of what a call registers: some tell it by an argument."""
        if not table.selector:
            return table.role
        chosen = self.argument(table.arguments, table.selector, args, keywords)
        names = literal_names(plain(chosen)) if chosen is not None else None
        return table.select.get(names[0], "") if names else ""

    def dropped(
        self, table: CallTable, role: str, name: str, owner: Object, args: tuple[Value, ...], keywords: Keywords, at: At
    ) -> Value:
        """Note what a call would register, which the stated version of the framework has no more."""
        code = self.argument(table.arguments, table.function, args, keywords)
        dropped = f"{name} of {self.framework_of(owner)} {table.until}"
        if code is None or table.form == "decorator":
            return Registrar(owner, role, dropped=dropped)
        self.note_dropped(dropped, role, code, at)
        return UNKNOWN

    def done_at_once(
        self, table: CallTable, role: str, owner: Object, args: tuple[Value, ...], keywords: Keywords, path: Path,
        at: At,
    ) -> Value | None:  # fmt: skip
        """Do what a role of a call asks for at once, and return its value; None where it registers code for later."""
        match role:
            case "start" | "start-handlers":
                self.start_now(owner, path, role == "start-handlers")
            case "serve-own":
                for target in (owner,) if self.kind(owner) == "application" else tuple(self.served_by(owner)):
                    self.launched(target, keywords, path, at)
            case "entries":
                self.start_entries(owner, path, at)
            case "unwind":
                self.unwind(owner.site, path, False)
            case "move":
                moved = Object(self.site(at), None, owner.external)
                self.exits.setdefault(moved.site, []).extend(self.exits.pop(owner.site, ()))
                return moved
            case "job":
                return self.add_job(table, owner, args, keywords, path, at)
            case "run-jobs" | "loop-jobs":
                self.running_jobs[owner.site] = role
                for each in self.registrations.get(owner.site, ()):
                    self.run_job(owner, each.role, each.value, path, at)
            case "spawn":
                return self.start_in_group(table, owner, args, keywords, path, at)
            case "gather":
                if not args and all(name == "wait" and value == Literal(True) for name, value in keywords):
                    self.gather(owner.site, path, False)
            case _ if role in _STACKED:
                return self.stacked(table, owner, args, keywords, path, at)
            case _:
                return None
        return UNKNOWN

    def dependencies_of(self, table: CallTable, args: tuple[Value, ...], keywords: Keywords) -> tuple[Value, ...]:
        """Return the dependencies that a call gives to what it registers."""
        found: tuple[Value, ...] = ()
        for parameter, extra in table.registers.items():
            given = self.argument(table.arguments, parameter, args, keywords)
            if given is not None and extra == "dependency":
                found += tuple(each for each in self.members(given) or () if isinstance(each, Dependency))
        return found

    def route(
        self, table: CallTable | FrameworkClass, names: tuple[str, ...], name: str, args: tuple[Value, ...],
        keywords: Keywords,
    ) -> Route:  # fmt: skip
        """Return where a call serves what it registers, by the parameters that the table names."""
        given = self.argument(names, table.path, args, keywords) if table.path else Literal("")
        texts = literal_names(plain(given)) if given is not None else ("",)
        verbs: tuple[str, ...] = ("GET",) if table.verbs else ()
        if table.verb:
            verbs = (name.rpartition("_")[2].upper() if table.verb == "*" else table.verb,)
        elif table.verbs:
            several = self.argument(names, table.verbs, args, keywords)
            if several is not None and several != NONE_VALUE:
                members = [literal_names(plain(each)) for each in self.members(several) or ()]
                verbs = tuple(each[0].upper() for each in members if each is not None and len(each) == 1)
                verbs = verbs if len(verbs) == len(members) else ()
        return Route(texts[0] if texts is not None and len(texts) == 1 else GAP, verbs)

    def start_now(self, application: Object, path: Path, handlers: bool = False) -> None:
        """Run an application's start-up here."""
        raise NotImplementedError

    # ------------------------------------------------------------ constructors and lists

    def register_arguments(
        self, owner: Object, names: tuple[str, ...], roles: dict[str, str], args: tuple[Value, ...],
        keywords: Keywords, path: Path, at: At,
    ) -> None:  # fmt: skip
        spec = self.spec(owner)
        if spec is not None and spec.state:
            self.take_state(owner, self.argument(names, spec.state, args, keywords), at)
        called = self.argument(names, spec.called, args, keywords) if spec is not None and spec.called else None
        if isinstance(called, Literal):
            self.called[owner.site] = called
        if spec is not None and spec.path:
            route = self.route(spec, names, "", args, keywords)
            self.prefixes[owner.site] = route if self.prefixes.get(owner.site, route) == route else Route(GAP)
        for parameter, role in roles.items():
            given = self.argument(names, parameter, args, keywords) if parameter != "*" else self.all_of(args)
            if given is None or given == NONE_VALUE:
                continue
            if role == "thread":
                self.register(owner, role, self.called_later(given, names, args, keywords), path, at)
                continue
            if role in _SINGLE:
                if role == "lifespan" and (NONE_VALUE in options(given) or isinstance(given, Unknown)):
                    self.optional.add(owner.site)
                for option in options(given):
                    if option != NONE_VALUE:
                        self.register(owner, role, option, path, at)
                continue
            self.register_members(owner, role, single(plain(given)), path, at)
        kind = self.kind(owner)
        if kind == "route" and "middleware" in roles.values():
            rest = tuple(pair for pair in keywords if pair[0] not in roles)
            for index, each in enumerate(self.registrations.get(owner.site, ())):
                if each.role == "middleware" and not isinstance(each.value, Invocation):
                    wrapped = Invocation("partial", each.value, args[1:], rest)
                    self.registrations[owner.site][index] = each._replace(value=wrapped)
        elif kind == "middleware":
            for _, value in keywords:
                if isinstance(value, FunctionValue):
                    self.register(owner, "dispatch", value, path, at)

    def all_of(self, args: tuple[Value, ...]) -> Value:
        """Return the arguments of a call, and what the collections among them hold, as one collection."""
        found: list[Value] = []
        for arg in args:
            members = self.members(arg)
            found += (arg,) if members is None else members
        return TupleValue(tuple(found))

    def register_members(self, owner: Object, role: str, value: Value, path: Path, at: At) -> None:
        """Register what a list, a dict or, if it is code itself, ``value`` has in it."""
        members = (
            tuple(self.dict_cell(value.number).items.values()) if isinstance(value, DictValue) else self.members(value)
        )
        if members is None and isinstance(value, (FunctionValue, ClassValue)):
            members = (value,)
        for member in members if members is not None else ():
            if role == "middleware" and isinstance(member, (ClassValue, FunctionValue)):
                member = Invocation("partial", member, (), ())
            self.register(owner, role, member, path, at)
            if role == "init":
                self.initialize(owner, member, path, at)
        if members is None and role == "route":
            self.include_unseen(owner)

    def initialize(self, owner: Object, code: Value, path: Path, at: At) -> None:
        """Run what changes the configuration of an application that is being made: that is as good as itself."""
        spec = self.spec(owner)
        if isinstance(code, Object) and code.cls is not None:
            method = self.method(code.cls, spec.initializer) if spec is not None else None
            code = FunctionValue(method.file, method.index, method.scope, code) if method is not None else code
        if isinstance(code, FunctionValue):
            self.invoke(code, (owner,), (), path, at)
        elif isinstance(code, Object) and code.external and not self.tables.describes(code.external):
            self.hand_over(owner, code.external, at, third_party=True, holder=False)

    def take_state(self, owner: Object, given: Value | None, at: At) -> None:
        """Give an application the state that its constructor is handed."""
        value = single(plain(given)) if given is not None else NONE_VALUE
        if isinstance(value, Holder):
            self.holder_aliases[owner.site] = self.canonical(value.owner)
        elif value != NONE_VALUE:
            self.open_holder(owner, at, "its state comes from something that cannot be seen")

    def add_to_list(self, owner: Object, role: str, name: str, args: tuple[Value, ...], path: Path, at: At) -> None:
        values = args[-1:]
        if name == "extend" and args:
            values = self.members(args[0]) or ()
        for value in values:
            self.register(owner, role, value, path, at)
            if role == "init":
                self.initialize(owner, value, path, at)
