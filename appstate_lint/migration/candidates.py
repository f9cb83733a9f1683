"""singletons → candidates: those that are not declared, with who uses them, and a declaration to paste."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from appstate_lint.migration.doubles import component_writes, undeclared, users
from appstate_lint.migration.finding import dotted_name
from appstate_lint.migration.singletons import Pattern, Singleton
from appstate_lint.migration.survey import Survey
from appstate_lint.model import Place, Spot
from appstate_lint.project.meanings import Definition


class Candidate(msgspec.Struct, frozen=True):
    """A singleton that no migration declares.

    ``accessors`` are dotted (``module:name``), ``class_name`` is empty if it is not known; ``consumers`` are the places
    that use it outside the file that defines it or its own functions, ``tests`` those in test code. ``components`` are
    the components that hold an instance of the same class, ``alike`` what other functions of its name give.
    """

    pattern: Pattern
    accessors: tuple[str, ...]
    setters: tuple[str, ...]
    class_name: str
    place: Place
    consumers: tuple[Spot, ...]
    tests: tuple[Spot, ...]
    components: tuple[str, ...]
    alike: tuple[str, ...]
    named: str

    @property
    def declaration(self) -> str:
        """The declaration as TOML, for ``appstate-lint.toml``."""
        lines = ["[[migrations]]", f'name = "{self.named}"']
        several = ", ".join(f'"{each}"' for each in (*self.accessors, *self.setters))
        lines.append(f"accessors = [{several}]")
        component = self.components[0] if self.components else self.named.replace("-", "_")
        lines += [f'component = "{component}"', 'status = "planned"']
        return "\n".join(lines) + "\n"


def candidates(survey: Survey) -> tuple[Candidate, ...]:
    """Return the candidates of a project, the most used first."""
    project = survey.project
    found = undeclared(survey, project.facts)
    used = users(survey, found, project.facts)
    alike = _alike(survey, found)
    names: set[str] = set()
    result: list[Candidate] = []
    for each, spots in zip(found, used, strict=True):
        product = tuple(spot for spot in spots if spot.file not in project.tests)
        if each.pattern is Pattern.INSTANCE and not any(spot.file != each.file for spot in product):
            continue
        result.append(
            Candidate(
                pattern=each.pattern,
                accessors=tuple(_declared(survey, accessor) for accessor in each.accessors),
                setters=tuple(_declared(survey, setter) for setter in each.setters),
                class_name=dotted_name(project, each.cls) if each.cls is not None else each.class_name,
                place=Place(each.file, *each.at[:2], each.at[0], each.at[1] + len(each.accessors[0].last)),
                consumers=product,
                tests=tuple(spot for spot in spots if spot.file in project.tests),
                components=tuple(sorted({write.component for write in component_writes(survey, each, product)})),
                alike=alike[each],
                named=_named(each, names),
            )
        )
    return tuple(sorted(result, key=lambda each: (-len(each.consumers), -len(each.tests), each.place)))


def _alike(survey: Survey, found: list[Singleton]) -> dict[Singleton, tuple[str, ...]]:
    """Return for each singleton what other modules' functions of its accessor's name give."""
    wanted = {accessor.last for each in found for accessor in each.accessors}
    others: dict[str, list[tuple[Definition, str]]] = defaultdict(list)
    givers = {accessor: each for each in found for accessor in each.accessors}
    for file, facts in sorted(survey.project.facts.items()):
        for function in facts.functions if file not in survey.project.tests else ():
            if function.name in wanted and function.owner < 0 and function.scope < 0:
                definition = Definition(file, function.qualname)
                giver = givers.get(definition)
                required = [each.name for each in function.params if each.default is None]
                if giver is not None:
                    what = f"gives {giver.class_name or 'something else'}"
                else:
                    what = f"takes {', '.join(required)}" if required else "is no singleton"
                others[function.name].append((definition, what))
    return {
        each: tuple(
            f"{_declared(survey, definition)} {what}"
            for accessor in each.accessors
            for definition, what in others[accessor.last]
            if definition != accessor
        )
        for each in found
    }


def _declared(survey: Survey, definition: Definition) -> str:
    """Return a definition as declarations name it."""
    return f"{survey.project.modules.by_path[definition.file].module}:{definition.name}"


def _named(singleton: Singleton, taken: set[str]) -> str:
    """Return a name for a migration that no other candidate has."""
    name = singleton.accessors[0].last.removeprefix("get_").strip("_")
    if singleton.pattern not in (Pattern.LAZY_GLOBAL, Pattern.TRIPLE, Pattern.HYBRID, Pattern.CACHED, Pattern.INSTANCE):
        name = "".join(f"_{each.lower()}" if each.isupper() else each for each in singleton.class_name).strip("_")
    base = name.replace("_", "-").replace(".", "-").strip("-") or "singleton"
    number = 1
    while (unique := base if number == 1 else f"{base}-{number}") in taken:
        number += 1
    taken.add(unique)
    return unique
