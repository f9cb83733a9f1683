"""How often each rule is right on the projects of the primer, computed from the judged expectations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from appstate_lint.checks import RULES
from primer.expectations import Expectation, Verdict
from primer.projects import Project


def table(expectations: Mapping[Project, Expectation]) -> str:
    """Return two tables: each rule with its verdicts and precision, then each project with what was seen of it."""
    return "\n".join([*_rules(expectations.values()), "", *_projects(expectations)]) + "\n"


def _rules(expectations: Iterable[Expectation]) -> Iterator[str]:
    """Yield the rows of the rules that found something, the sum last."""
    verdicts: dict[str, Counter[Verdict]] = {rule.name: Counter() for rule in RULES}
    for expectation in expectations:
        for judged in expectation.findings:
            verdicts[judged.rule][judged.verdict] += 1
    yield "| rule | true | false | unjudged | precision |"
    yield "|---|---|---|---|---|"
    for rule in sorted(RULES, key=lambda rule: rule.code[1:]):
        if verdicts[rule.name]:
            yield _row(f"{rule.code} [`{rule.name}`](../rules/{rule.name}.md)", verdicts[rule.name])
    yield _row("all", sum(verdicts.values(), Counter()))


def _projects(expectations: Mapping[Project, Expectation]) -> Iterator[str]:
    yield "| project | applications | reads proved | flagged | unknown | unreached | findings true | false | unjudged |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for project, expectation in sorted(expectations.items(), key=lambda pair: pair[0].name):
        seen = expectation.seen
        counts = [seen.reads.get(name, 0) for name in ("proved", "flagged", "unknown", "unreached")]
        verdicts = Counter(judged.verdict for judged in expectation.findings)
        cells = [f"{project.name} {project.version}", len(seen.applications), *counts, *(verdicts[v] for v in Verdict)]
        yield f"| {' | '.join(map(str, cells))} |"


def _row(name: str, verdicts: Counter[Verdict]) -> str:
    right, wrong = verdicts[Verdict.TRUE], verdicts[Verdict.FALSE]
    precision = f"{right / (right + wrong):.0%}" if right + wrong else ""
    return f"| {name} | {right} | {wrong} | {verdicts[Verdict.UNJUDGED]} | {precision} |"
