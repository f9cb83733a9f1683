"""What the linter is expected to say of a project, and whether that is true: a file a project, and comparisons with it.

A finding is known by rule, file, line and component. The verdicts are a person's, who has read the code, and each has a
reason; what nobody has judged yet is ``unjudged``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import tomli
import tomlkit

FOLDER = Path(__file__).parent / "expectations"


class Verdict(Enum):
    """Whether a finding is right."""

    TRUE = "true"
    FALSE = "false"
    UNJUDGED = "unjudged"


class Finding(NamedTuple):
    """What identifies a finding within a project."""

    file: str
    line: int
    rule: str
    component: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule} {self.component}".rstrip()


class Judged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finding, the verdict on it, and the reason of that."""

    rule: str
    file: str
    line: int
    component: str
    verdict: Verdict = Verdict.UNJUDGED
    reason: str = ""

    @property
    def finding(self) -> Finding:
        """What identifies it."""
        return Finding(self.file, self.line, self.rule, self.component)


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much of a project the linter saw: where it sees nothing, it is no merit to say nothing.

    ``applications`` are their names; ``reads`` counts by what is known of them.
    """

    applications: tuple[str, ...] = ()
    reads: Mapping[str, int] = msgspec.field(default_factory=dict)
    incomplete: bool = False


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is expected of one project."""

    seen: Seen = Seen()
    findings: tuple[Judged, ...] = msgspec.field(default=(), name="finding")


class Difference(NamedTuple):
    """Something that is not as expected: ``kind`` is new, gone or changed."""

    kind: str
    text: str


def load(name: str, folder: Path = FOLDER) -> Expectation:
    """Return what is expected of the project ``name``; nothing, if there is no file."""
    path = folder / f"{name}.toml"
    if not path.exists():
        return Expectation()
    return msgspec.convert(tomli.loads(path.read_text(encoding="utf-8")), Expectation)


def save(name: str, expectation: Expectation, folder: Path = FOLDER) -> None:
    """Write what is expected of the project ``name``."""
    document = tomlkit.document()
    document["seen"] = msgspec.to_builtins(expectation.seen)
    document["seen"]["reads"] = tomlkit.inline_table()
    document["seen"]["reads"].update(expectation.seen.reads)
    if expectation.findings:
        tables = tomlkit.aot()
        for judged in expectation.findings:
            tables.append(tomlkit.item(msgspec.to_builtins(judged)))
        document["finding"] = tables
    (folder / f"{name}.toml").write_text(tomlkit.dumps(document), encoding="utf-8")


def found(report: Mapping[str, Any]) -> Expectation:
    """Return what the linter says, from its JSON, as an expectation that nobody has judged."""
    coverage = report["coverage"]
    findings = {
        Finding(each["file"], each["line"], each["rule"], each["component"] or "") for each in report["findings"]
    }
    return Expectation(
        Seen(
            tuple(sorted(each["name"] for each in report["applications"])),
            dict(sorted(coverage["reads"].items())),
            report["incomplete"],
        ),
        tuple(Judged(each.rule, each.file, each.line, each.component) for each in sorted(findings)),
    )


def updated(expected: Expectation, now: Expectation) -> Expectation:
    """Return what is said ``now``, with the verdicts on what was said before; the rest is left unjudged."""
    known = {judged.finding: judged for judged in expected.findings}
    return Expectation(now.seen, tuple(known.get(judged.finding, judged) for judged in now.findings))


def compare(expected: Expectation, now: Expectation) -> list[Difference]:
    """Return how what is said ``now`` differs from what is expected, empty if it does not.

    A finding on a component in a file that had one, at another line or by another rule, counts as changed.
    """
    before = {judged.finding: judged for judged in expected.findings}
    after = {judged.finding for judged in now.findings}
    new, gone = sorted(after - before.keys()), sorted(before.keys() - after)
    differences = [*_seen(expected.seen, now.seen)]
    for old in gone:
        verdict = before[old].verdict
        said = f"{old} ({'' if verdict is Verdict.UNJUDGED else 'judged '}{verdict.value})"
        follower = next((each for each in new if (each.file, each.component) == (old.file, old.component)), None)
        if follower is None:
            differences.append(Difference("gone", said))
        else:
            new.remove(follower)
            differences.append(Difference("changed", f"{said} -> {follower}"))
    return [*differences, *(Difference("new", str(each)) for each in new)]


def unjudged(expectation: Expectation) -> int:
    """Return how many findings nobody has judged yet."""
    return sum(judged.verdict is Verdict.UNJUDGED for judged in expectation.findings)


def _seen(before: Seen, now: Seen) -> Iterable[Difference]:
    for name in Seen.__struct_fields__:
        was, is_now = getattr(before, name), getattr(now, name)
        if was != is_now:
            yield Difference("changed", f"{name}: {_told(was)} -> {_told(is_now)}")


def _told(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{count} {name}" for name, count in value.items()) or "none"
    return (", ".join(value) or "none") if isinstance(value, tuple) else str(value).lower()
