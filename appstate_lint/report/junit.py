"""JUnit XML, which most build servers show as test results: a suite a file, a failed test case a finding.

Format: the schema that Jenkins checks with, ``junit-10.xsd`` of its xUnit plugin. Information is a case that passes
and says something; what was not judged is a skipped case. Without any there is one case, which passes, for some readers
take an empty report as a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from xml.etree import ElementTree

from appstate_lint.model import Finding, Gap, Report, Severity
from appstate_lint.report.text import one_line, visible

NAME = "appstate-lint"


def test_suites(report: Report) -> str:
    """Return the findings, and what was not judged, as an XML document."""
    root = ElementTree.Element("testsuites", {"name": NAME, **_counts(report.findings, len(report.gaps))})
    for file, found in groupby(report.findings, key=lambda finding: finding.file):
        findings = list(found)
        suite = ElementTree.SubElement(root, "testsuite", {"name": visible(file), **_counts(findings)})
        for finding in findings:
            _add_case(suite, finding)
    if report.gaps:
        _add_gaps(root, report.gaps)
    elif not report.findings:
        suite = ElementTree.SubElement(root, "testsuite", name=NAME, tests="1", failures="0", errors="0")
        ElementTree.SubElement(suite, "testcase", name="no findings", classname=NAME)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _counts(findings: Iterable[Finding], gaps: int = 0) -> dict[str, str]:
    failed = [finding.severity is not Severity.INFO for finding in findings]
    return {"tests": str(len(failed) + gaps or 1), "failures": str(sum(failed)), "errors": "0"}


def _add_gaps(root: ElementTree.Element, gaps: Sequence[Gap]) -> None:
    counts = {"tests": str(len(gaps)), "failures": "0", "errors": "0", "skipped": str(len(gaps))}
    suite = ElementTree.SubElement(root, "testsuite", {"name": NAME, **counts})
    for gap in gaps:
        name = visible(gap.file) or NAME
        case = ElementTree.SubElement(suite, "testcase", name=f"incomplete: {name}", classname=name)
        ElementTree.SubElement(case, "skipped", message=f"incomplete: {one_line(gap.text)}")


def _add_case(suite: ElementTree.Element, finding: Finding) -> None:
    name = f"{finding.code} {finding.rule} at line {finding.line}, column {finding.column}"
    case = ElementTree.SubElement(suite, "testcase", name=name, classname=visible(finding.file))
    if finding.severity is Severity.INFO:
        said = ElementTree.SubElement(case, "system-out")
    else:
        said = ElementTree.SubElement(case, "failure", type=finding.severity.value, message=one_line(finding.message))
    said.text = "\n".join(_lines(finding))


def _lines(finding: Finding) -> Iterator[str]:
    yield visible(f"{finding.file}:{finding.line}:{finding.column}: {one_line(finding.message)}")
    for number, step in enumerate(finding.trace, 1):
        yield visible(f"{number}. {step.phase} {step.file}:{step.line} {one_line(step.text)}")
    for related in finding.related:
        yield visible(f"also: {related.file}:{related.line} {one_line(related.text)}")
