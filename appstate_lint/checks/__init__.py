"""timeline → findings: every rule is a function that asks the timeline and yields (RULES, DESIGN section 3)."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from appstate_lint import faults
from appstate_lint.checks import (
    build_api_after_build,
    config_error,
    contract_cycle,
    contract_late,
    contract_missing,
    contract_order,
    contract_type,
    contract_vacuous,
    default_hides_missing,
    double_init,
    external_writer,
    leftover_accessor,
    leftover_definition,
    leftover_import,
    leftover_patch,
    maybe_uninitialized,
    missing_in_application,
    never_initialized,
    never_read,
    none_only,
    only_tests_write,
    read_before_init,
    removed_accessor,
    singleton_candidate,
    source_none,
    source_unresolved,
    startup_not_run,
    startup_race,
    startup_swallowed,
    test_without_lifespan,
    two_sources,
    undeclared,
    undeclared_dependency,
    unreached_initializer,
    unsafe_shutdown,
    unused_ignore,
    wrong_channel,
)
from appstate_lint.model import Finding, Gap, Place, Rule

if TYPE_CHECKING:
    from appstate_lint.contracts import Compliance
    from appstate_lint.migration.survey import Survey
    from appstate_lint.timeline.questions import Timeline

    Check = Callable[[Timeline], Iterator[Finding]]
    ContractCheck = Callable[[Compliance], Iterator[Finding]]
    MigrationCheck = Callable[[Survey], Iterator[Finding]]

CHECKS: tuple[tuple[Rule, Check], ...] = (
    (read_before_init.RULE, read_before_init.check),
    (never_initialized.RULE, never_initialized.check),
    (default_hides_missing.RULE, default_hides_missing.check),
    (maybe_uninitialized.RULE, maybe_uninitialized.check),
    (missing_in_application.RULE, missing_in_application.check),
    (startup_swallowed.RULE, startup_swallowed.check),
    (none_only.RULE, none_only.check),
    (startup_race.RULE, startup_race.check),
    (unsafe_shutdown.RULE, unsafe_shutdown.check),
    (double_init.RULE, double_init.check),
    (source_none.RULE, source_none.check),
    (source_unresolved.RULE, source_unresolved.check),
    (wrong_channel.RULE, wrong_channel.check),
    (startup_not_run.RULE, startup_not_run.check),
    (build_api_after_build.RULE, build_api_after_build.check),
    (never_read.RULE, never_read.check),
    (unreached_initializer.RULE, unreached_initializer.check),
    (only_tests_write.RULE, only_tests_write.check),
    (external_writer.RULE, external_writer.check),
    (test_without_lifespan.RULE, test_without_lifespan.check),
)

CONTRACT_CHECKS: tuple[tuple[Rule, ContractCheck], ...] = (
    (contract_late.RULE, contract_late.check),
    (contract_order.RULE, contract_order.check),
    (contract_missing.RULE, contract_missing.check),
    (contract_type.RULE, contract_type.check),
    (contract_cycle.RULE, contract_cycle.check),
    (contract_vacuous.RULE, contract_vacuous.check),
    (undeclared.RULE, undeclared.check),
    (undeclared_dependency.RULE, undeclared_dependency.check),
    (config_error.RULE, config_error.check),
)

MIGRATION_CHECKS: tuple[tuple[Rule, MigrationCheck], ...] = (
    (leftover_accessor.RULE, leftover_accessor.check),
    (leftover_import.RULE, leftover_import.check),
    (leftover_patch.RULE, leftover_patch.check),
    (leftover_definition.RULE, leftover_definition.check),
    (removed_accessor.RULE, removed_accessor.check),
    (two_sources.RULE, two_sources.check),
    (singleton_candidate.RULE, singleton_candidate.check),
)

INTERNAL_ERROR = Rule("appstate-internal-error", "E7899", "{problem}")

RULES: tuple[Rule, ...] = (
    *(rule for rule, _ in (*CHECKS, *CONTRACT_CHECKS, *MIGRATION_CHECKS)),
    unused_ignore.RULE,
    INTERNAL_ERROR,
)


class Checked(NamedTuple):
    """What all rules say, and what those that failed leave open."""

    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]


def run(timeline: Timeline, compliance: Compliance, survey: Survey, tests: Container[str] = frozenset()) -> Checked:
    """Return the findings of all rules; those in the files ``tests`` only of rules about tests or contracts."""
    found: list[Finding] = []
    gaps: list[Gap] = []
    for rule, answers in _answers(timeline, compliance, survey):
        everywhere = rule.of_tests or rule in _OF_CONTRACTS
        try:
            found += [finding for finding in answers() if everywhere or finding.file not in tests]
        except Exception as error:
            text = f"{rule.name}: {faults.described(error)}, so this rule found less; please report it"
            gaps.append(Gap(*_anywhere(timeline, survey), text, fault=True))
    return Checked(tuple(found), tuple(gaps))


def internal_errors(gaps: Iterable[Gap]) -> Iterator[Finding]:
    """Yield a finding for each gap that a fault of the linter itself left, where that has a place."""
    for gap in gaps:
        if gap.fault and gap.file:
            place = Place(gap.file, gap.line, 0, gap.line, 1)
            yield INTERNAL_ERROR.finding(place, function="", component=gap.text.partition(":")[0], problem=gap.text)


def _anywhere(timeline: Timeline, survey: Survey) -> tuple[str, int]:
    """Return where what concerns the whole project is shown: at its first application, or on top of its first file."""
    if timeline.lives:
        return timeline.lives[0].place.file, timeline.lives[0].place.line
    file = min(survey.project.facts, default="")
    return file, 1 if file else 0


def _answers(
    timeline: Timeline, compliance: Compliance, survey: Survey
) -> Iterator[tuple[Rule, Callable[[], Iterable[Finding]]]]:
    """Yield what each rule asks, to be called."""
    for rule, check in CHECKS:
        yield rule, partial(check, timeline)
    for rule, check_contracts in CONTRACT_CHECKS:
        yield rule, partial(check_contracts, compliance)
    yield contract_vacuous.RULE, partial(contract_vacuous.of_migrations, survey)
    for rule, check_migration in MIGRATION_CHECKS:
        yield rule, partial(check_migration, survey)


_OF_CONTRACTS = frozenset(rule for rule, _ in CONTRACT_CHECKS)
