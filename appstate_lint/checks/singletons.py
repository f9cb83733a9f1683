"""What the rules about undeclared singletons say: who makes the object, who sets the component, and who uses which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appstate_lint.model import Finding, Place, Related, Rule, Step

if TYPE_CHECKING:
    from appstate_lint.migration.doubles import Double
    from appstate_lint.migration.survey import Survey


def finding(rule: Rule, survey: Survey, double: Double) -> Finding:
    """Return the finding of ``rule`` where a singleton is defined."""
    singleton, write = double.singleton, double.write
    line, column = singleton.at[:2]
    accessor = singleton.accessors[0]
    steps = [Step(singleton.file, line, "import", f"{accessor.name} gives one {singleton.class_name} to all")]
    steps.append(
        Step(write.place.file, write.place.line, write.phase.value, f"{write.function} sets '{write.component}'")
    )
    if double.reads:
        read = double.reads[0]
        steps.append(Step(read.place.file, read.place.line, read.phase.value, f"{read.function} reads it"))
    return rule.finding(
        Place(singleton.file, line, column, line, column + len(accessor.last)),
        component=write.component,
        application=double.application,
        phase=write.phase,
        function=accessor.name,
        trace=steps,
        related=[Related(spot.file, spot.line, f"{accessor.last} is used here") for spot in double.users[:8]],
        accessor=accessor.name,
        class_name=singleton.class_name,
        pattern=singleton.pattern.value,
    )
