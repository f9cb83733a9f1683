"""What is measured: this linter's own scenarios, and what others take for the same tree."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.measuring import Cost, median, repeated, run

_FLOOR = """
import ast, gc, sys
from pathlib import Path
gc.disable()
for path in Path(sys.argv[1]).rglob("*.py"):
    try:
        ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError):
        pass
"""
_PATTERN = "rules: [{id: state, languages: [python], severity: INFO, message: m, pattern: $X.app.state.$Y}]\n"
_EMPTY_PLUGIN = """
from pylint.checkers import BaseRawFileChecker


class Nothing(BaseRawFileChecker):
    name = "nothing"
    msgs = {"W9999": ("%s", "nothing-at-all", "Never reported.")}

    def process_module(self, node):
        pass


def register(linter):
    linter.register_checker(Nothing(linter))
"""
_GRIMP = "import sys, grimp\nsys.path.insert(0, '.')\ngrimp.build_graph(sys.argv[1], cache_dir=None)\n"


_CONTRACT = """
[importlinter]
root_package = {package}
include_external_packages = True

[importlinter:contract:one]
name = one
type = forbidden
source_modules = {package}
forbidden_modules = antigravity
"""


class Bench(NamedTuple):
    """Where is measured: the tree, a folder for caches and such, one file of the tree, how often each is run."""

    tree: Path
    scratch: Path
    file: Path
    times: int


class Row(NamedTuple):
    """One line of the table: what ran, what it cost, and against which row it is compared."""

    name: str
    cost: Cost


Scenario = Callable[[Bench], Cost]


def own(*options: str) -> list[str]:
    """Return the command of this linter."""
    return [sys.executable, "-m", "appstate_lint", "check", "--exit-zero", *options]


def _pylint(*options: str) -> list[str]:
    return [sys.executable, "-m", "pylint", "--exit-zero", "--score=n", *options]


def floor(bench: Bench) -> Cost:
    """``ast.parse`` of every file, the collector off: what any tool that parses all takes at least."""
    return repeated(bench.times, lambda: run([sys.executable, "-c", _FLOOR, str(bench.tree)], bench.tree))


def cold(bench: Bench) -> Cost:
    """Without a cache, in one process."""
    return repeated(bench.times, lambda: run(own("--no-cache", "--jobs", "1"), bench.tree))


def cold_everything(bench: Bench) -> Cost:
    """Without a cache, every file parsed."""
    return repeated(bench.times, lambda: run(own("--no-cache", "--no-prefilter", "--jobs", "1"), bench.tree))


def two_processes(bench: Bench) -> Cost:
    """The same with two processes."""
    return repeated(bench.times, lambda: run(own("--no-cache", "--no-prefilter", "--jobs", "2"), bench.tree))


def warm(bench: Bench) -> Cost:
    """With a cache, and nothing changed."""
    command = own("--cache-dir", str(bench.scratch / "cache"))
    run(command, bench.tree)
    return repeated(bench.times, lambda: run(command, bench.tree))


def one_changed(bench: Bench) -> Cost:
    """With a cache, and a comment added to one file that matters."""
    command = own("--cache-dir", str(bench.scratch / "cache"))
    run(command, bench.tree)
    before = bench.file.read_bytes()
    numbers = iter(range(bench.times))

    def edit() -> None:
        bench.file.write_bytes(before + f"\n# {next(numbers)}\n".encode())

    try:
        return repeated(bench.times, lambda: run(command, bench.tree), edit)
    finally:
        bench.file.write_bytes(before)


def plugin_on_one_file(bench: Bench) -> Iterator[Row]:
    """One file through pylint with the plugin and without it, in turns, the cache warm."""
    yield from _pairs(bench, "one file", [str(bench.file)])


def plugin_with_nothing_else(bench: Bench) -> Iterator[Row]:
    """One file through pylint with all messages off but ours, against one whose plugin does nothing."""
    (bench.scratch / "empty_plugin.py").write_text(_EMPTY_PLUGIN, encoding="utf-8")
    empty = ["--load-plugins=empty_plugin", "--disable=all", "--enable=nothing-at-all"]
    ours = ["--disable=all", "--enable=appstate-never-initialized"]
    yield from _pairs(bench, "one file, all else off", [str(bench.file)], empty, ours)


def plugin_on_the_tree(bench: Bench) -> Iterator[Row]:
    """Two hundred files through pylint with the plugin and without it."""
    files = sorted(str(path) for path in bench.tree.rglob("*.py"))[:200]
    yield from _pairs(bench, "200 files", files)


def _pairs(
    bench: Bench, name: str, files: list[str], without_it: Sequence[str] = (), with_it: Sequence[str] = ()
) -> Iterator[Row]:
    cache = f"--appstate-cache-dir={bench.scratch / 'plugin'}"
    alone = _pylint(*without_it, *files)
    both = _pylint("--load-plugins=appstate_lint", cache, *with_it, *files)
    path = {"PYTHONPATH": str(bench.scratch)}
    run(both, bench.tree)
    without: list[Cost] = []
    along: list[Cost] = []
    for _ in range(bench.times):
        without.append(run(alone, bench.tree, path))
        along.append(run(both, bench.tree))
    yield Row(f"pylint, {name}", median(without))
    yield Row(f"pylint, {name}, with the plugin", median(along))


# ---------------------------------------------------------------- others


def ruff(bench: Bench) -> Cost:
    """``ruff check --select F``, no cache."""
    return repeated(bench.times, lambda: run(["ruff", "check", "--select", "F", "--no-cache", "-q", "."], bench.tree))


def pyflakes(bench: Bench) -> Cost:
    """pyflakes."""
    return repeated(bench.times, lambda: run([sys.executable, "-m", "pyflakes", "."], bench.tree))


def semgrep(bench: Bench) -> Cost:
    """semgrep with one pattern rule, one process."""
    rules = bench.scratch / "rule.yaml"
    rules.write_text(_PATTERN, encoding="utf-8")
    command = ["semgrep", "scan", "--metrics=off", "--disable-version-check", "-q", "-j1", f"--config={rules}", "."]
    return repeated(bench.times, lambda: run(command, bench.tree))


def grimp(bench: Bench) -> Cost:
    """The import graph of the largest package of the tree."""
    package = _largest_package(bench.tree)
    return repeated(bench.times, lambda: run([sys.executable, "-c", _GRIMP, package.name], package.parent))


def lint_imports(bench: Bench) -> Cost:
    """``lint-imports`` with one contract on the largest package of the tree, its cache warm."""
    package = _largest_package(bench.tree)
    settings = bench.scratch / "importlinter.ini"
    settings.write_text(_CONTRACT.format(package=package.name), encoding="utf-8")
    command = ["lint-imports", "--no-logo", f"--cache-dir={bench.scratch / 'imports'}", str(settings)]
    path = {"PYTHONPATH": str(package.parent)}
    run(command, package.parent, path)
    return repeated(bench.times, lambda: run(command, package.parent, path))


def _largest_package(tree: Path) -> Path:
    """Return the folder of the package, in none other, that has the most files."""
    packages = [path.parent for path in tree.rglob("__init__.py") if path.parent.name.isidentifier()]
    tops = [each for each in packages if not (each.parent / "__init__.py").exists()]
    return max(tops, key=lambda package: sum(1 for _ in package.rglob("*.py")))


def used_before_assignment(bench: Bench) -> Cost:
    """pylint, only its used-before-assignment; once, for it takes minutes."""
    command = _pylint("--disable=all", "--enable=used-before-assignment", "--recursive=y", ".")
    return run(command, bench.tree)


OWN: dict[str, Scenario] = {
    "floor: ast.parse of every file": floor,
    "cold": cold,
    "cold, every file parsed": cold_everything,
    "cold, every file parsed, 2 processes": two_processes,
    "warm, nothing changed": warm,
    "warm, one file changed": one_changed,
}
PAIRS = (plugin_on_one_file, plugin_with_nothing_else, plugin_on_the_tree)
PEERS: dict[str, tuple[str, Scenario]] = {
    "ruff check --select F --no-cache": ("ruff", ruff),
    "pyflakes": ("pyflakes", pyflakes),
    "semgrep, one pattern": ("semgrep", semgrep),
    "grimp, no cache": ("grimp", grimp),
    "lint-imports, one contract, from its cache": ("lint-imports", lint_imports),
}
SLOW_PEERS: dict[str, tuple[str, Scenario]] = {
    "pylint, used-before-assignment": ("pylint", used_before_assignment),
}


def is_here(program: str) -> bool:
    """Tell whether a peer is installed, as a program or as a package of this Python."""
    from importlib.util import find_spec

    return shutil.which(program) is not None or find_spec(program) is not None
