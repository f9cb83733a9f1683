"""Random programs through the whole river: ``python -m tests.fuzzing COUNT [FOLDER...]`` prints what became of them.

Half of the programs are real code that was cut, crossed or doubled: what the pages of the rules and the cases show, and
the code of the folders that are named. The others are made by hypothesmith from Python's grammar. Each stands in a
project beside an application that imports it, with contracts and a migration that speak of it.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import hypothesis
import hypothesmith
import msgspec
from hypothesis import strategies as st

from appstate_lint import config, engine, faults
from appstate_lint.facts.extraction import extract
from appstate_lint.facts.flow import FileFacts

ROOT = Path(__file__).parent.parent
MOST_SECONDS = 5.0
"""Of processor time for one program."""
_A_SEED = 100
_LARGEST = 60_000  # characters: larger files only make the runs longer
_FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TELLS = ("state", "FastAPI", "Application", "lifespan", "getattr", "request", "ctx", "app[", "yield")
_LINES = ("app.state.bus", "yield", "await app.state.x", "return", "raise", "é = 1", "else:", "except AttributeError:")
_CUTS = ("(", "'", "\\", "\t", ":", "*", "\u2028", "")

PROJECT = {
    "appstate-lint.toml": (
        'phases = ["first", "second"]\nclosed = true\n[components.pool]\ntype = "shop.hostile:Pool"\nphase = "first"\n'
        'depends-on = ["bus"]\n[components.bus]\nphase = "startup"\n[phase-functions]\n"shop.hostile:*" = "second"\n'
        '[[migrations]]\nname = "move"\naccessors = ["shop.hostile:get_pool"]\ncomponent = "pool"\n'
        'replacement = "shop.hostile:make_pool"\n'
    ),
    "shop/__init__.py": "",
    "shop/main.py": (
        "from contextlib import asynccontextmanager\n\nfrom fastapi import FastAPI, Request\n\n"
        "from shop import hostile\nfrom shop.hostile import *\n\n\n@asynccontextmanager\nasync def lifespan(app):\n"
        "    hostile.setup(app)\n    app.state.pool = hostile.Pool()\n    yield\n\n\n"
        'app = FastAPI(lifespan=lifespan)\napp.include_router(hostile.router)\n\n\n@app.get("/")\n'
        "def index(request: Request):\n    hostile.main(request.app)\n"
        "    return request.app.state.pool, request.app.state.bus\n"
    ),
}


class Program(NamedTuple):
    """A random program: its text, and the way and number that it is made by."""

    way: str
    number: int
    text: str


class Fault(NamedTuple):
    """What went wrong with a program."""

    program: Program
    reason: str


class Outcome(NamedTuple):
    """What became of a run: programs by way, how many of them could be parsed, faults, the longest time in seconds."""

    counts: dict[str, int]
    parsed: int
    faults: tuple[Fault, ...]
    longest: float


def corpus(folders: Sequence[Path] = ()) -> list[str]:
    """Return the code to begin with, each text one that parses: that of this repository, and of ``folders``."""
    pages = [*(ROOT / "rules").glob("*.md"), *(ROOT / "tests" / "cases").glob("*.md")]
    texts = [code for page in sorted(pages) for code in _FENCE.findall(page.read_text(encoding="utf-8"))]
    for folder in (ROOT / "tests" / "projects", ROOT / "tests" / "mutants" / "applications", *folders):
        for file in sorted(folder.rglob("*.py")):
            text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
            if len(text) < _LARGEST and any(word in text for word in _TELLS):
                texts.append(text)
    return [text for text in texts if _tree(text) is not None]


def programs(count: int, texts: Sequence[str], first: int = 0) -> Iterator[Program]:
    """Yield ``count`` programs, their numbers from ``first`` on; equal numbers give equal programs."""
    of_grammar, of_nodes = count // 4, count // 4
    for number in range(first, first + count - of_grammar - of_nodes):
        dice = random.Random(number)
        way, mutate = (("lines", with_odd_lines), ("trees", crossed))[number % 2]
        yield Program(way, number, mutate(dice, texts))
    yield from _generated("grammar", hypothesmith.from_grammar(), of_grammar, first)
    yield from _generated("nodes", hypothesmith.from_node(), of_nodes, first)


def with_odd_lines(dice: random.Random, texts: Sequence[str]) -> str:
    """Return code with lines moved, doubled, cut or put in: often still a program."""
    lines = dice.choice(texts).split("\n")
    for _ in range(dice.randrange(1, 6)):
        at, other = dice.randrange(len(lines)), dice.randrange(len(lines))
        match dice.randrange(6):
            case 0:
                lines[at], lines[other] = lines[other], lines[at]
            case 1:
                lines.insert(at, lines[other])
            case 2:
                del lines[at]
                lines.append("")
            case 3:
                lines[at] = lines[at].replace("self", "app.state", 1)
            case 4:
                indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
                lines[at] = indent + dice.choice(_LINES)
            case _:
                cut = dice.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:cut] + dice.choice(_CUTS) + lines[at][cut:]
    return "\n".join(lines)


def crossed(dice: random.Random, texts: Sequence[str]) -> str:
    """Return code in which expressions and statements have taken the places of others: always a tree."""
    tree, other = _tree(dice.choice(texts)), _tree(dice.choice(texts))
    assert tree is not None and other is not None
    for _ in range(dice.randrange(1, 12)):
        source = dice.choice((tree, tree, other))
        dice.choice((_cross_expressions, _cross_expressions, _cross_statements))(dice, tree, source)
    try:
        return ast.unparse(ast.fix_missing_locations(tree))
    except (ValueError, RecursionError):  # a tree that is no program, or holds itself
        return ast.unparse(_tree(dice.choice(texts)) or tree)


def _cross_expressions(dice: random.Random, tree: ast.Module, source: ast.Module) -> None:
    places = [
        (parent, name)
        for parent in ast.walk(tree)
        for name, value in ast.iter_fields(parent)
        if isinstance(value, ast.expr) and not isinstance(getattr(value, "ctx", None), (ast.Store, ast.Del))
    ]
    found = [node for node in ast.walk(source) if isinstance(node, ast.expr) and not isinstance(node, ast.Starred)]
    if places and found:
        parent, name = dice.choice(places)
        setattr(parent, name, _copied(dice.choice(found)))


def _cross_statements(dice: random.Random, tree: ast.Module, source: ast.Module) -> None:
    bodies = [
        value
        for parent in ast.walk(tree)
        for name, value in ast.iter_fields(parent)
        if name in ("body", "orelse", "finalbody") and isinstance(value, list) and value
    ]
    found = [node for node in ast.walk(source) if isinstance(node, ast.stmt)]
    if not bodies or not found:
        return
    body = dice.choice(bodies)
    at = dice.randrange(len(body))
    if dice.random() < 0.5:
        body.insert(at, _copied(dice.choice(found)))
    else:
        body[at] = _copied(dice.choice(found))


def _copied(node: ast.AST) -> ast.AST:
    """Return a copy of a tree that reads its names; it shares nothing with the tree."""
    wrapped = ast.Expr(node) if isinstance(node, ast.expr) else node
    text = ast.unparse(ast.fix_missing_locations(wrapped))
    try:
        statement = ast.parse(text).body[0]
    except (SyntaxError, ValueError, IndexError):
        return ast.Constant(None) if isinstance(node, ast.expr) else ast.Pass()
    return statement.value if isinstance(node, ast.expr) and isinstance(statement, ast.Expr) else statement


def _generated(way: str, strategy: st.SearchStrategy[str], count: int, first: int) -> Iterator[Program]:
    """Yield generated programs, a hundred from each seed: what hypothesis remembers of more grows without bound."""
    number, last = first, first + count
    while number < last:
        for text in _texts(strategy, min(_A_SEED, last - number), number):
            yield Program(way, number, f"{text}\n\ndef setup(app, *args):\n    app.state.bus = app.state.pool\n")
            number += 1


def _texts(strategy: st.SearchStrategy[str], count: int, seed: int) -> list[str]:
    """Return at least one, and at most ``count`` texts."""
    texts: list[str] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count, deadline=None, database=None, phases=(hypothesis.Phase.generate,),
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(strategy)
    def collect(text: str) -> None:
        texts.append(text)

    collect()
    return texts[:count]


def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


# ---------------------------------------------------------------- what becomes of them


def run(root: Path, made: Iterator[Program], told: Callable[[int], None] = lambda _: None) -> Outcome:
    """Lint each program in a project at ``root``, which is written anew; nothing is raised but an interruption.

    ``told`` hears now and then how many are done.
    """
    for name, text in PROJECT.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    counts: dict[str, int] = {}
    found: list[Fault] = []
    parsed, longest = 0, 0.0
    for program in made:
        counts[program.way] = counts.get(program.way, 0) + 1
        begun = time.process_time()
        try:
            with limited(MOST_SECONDS):
                parsed += survives(root, program.text)
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{os.path.basename(last.filename)}:{last.lineno}"  # noqa: PTH119
            found.append(Fault(program, f"{type(error).__name__} in {where}: {str(error)[:200]}"))
        longest = max(longest, time.process_time() - begun)
        told(sum(counts.values()))
    return Outcome(counts, parsed, tuple(found), longest)


def survives(root: Path, text: str) -> bool:
    """Lint ``text`` twice, from its facts to its findings; raises what the linter raises, or AssertionError.

    Say whether it could be parsed.
    """
    facts = extract(text)
    assert facts == extract(text), "other facts the second time"
    if not facts.error:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=FileFacts) == facts, "facts lost on the way"
    (root / "shop" / "hostile.py").write_bytes(text.encode("utf-8", "surrogatepass"))
    assert _report(root) == _report(root), "another report the second time"
    return not facts.error


def _report(root: Path) -> bytes:
    settings = config.load(root, None)
    report = engine.analyze(root, settings, include_tests=True, with_stories=True)
    return msgspec.json.encode(report)


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in what takes more processor time than ``seconds``."""

    def late(*_: object) -> None:
        raise TimeoutError(f"more than {seconds} seconds of processor time")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def main(words: list[str] | None = None) -> int:
    """Lint as many random programs as are asked for; return 1 if any of them does harm, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    parser.add_argument("count", type=int, help="how many programs")
    parser.add_argument("folders", nargs="*", type=Path, help="code to begin with, beside that of this repository")
    parser.add_argument("--first", type=int, default=0, help="the number of the first program")
    parser.add_argument("--keep", type=Path, help="write the programs that do harm to this folder")
    options = parser.parse_args(words)
    warnings.simplefilter("ignore", SyntaxWarning)
    faults.END_IT = True
    texts = corpus(options.folders)

    def told(done: int) -> None:
        if done % 500 == 0:
            print(f"{done} done", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        outcome = run(Path(folder), programs(options.count, texts, options.first), told)
    ways = ", ".join(f"{count} {way}" for way, count in outcome.counts.items())
    print(f"{sum(outcome.counts.values())} programs ({ways}) from {len(texts)} texts; {outcome.parsed} could be parsed")
    print(f"{len(outcome.faults)} did harm; the longest took {outcome.longest:.2f} s of processor time")
    for program, reason in outcome.faults:
        print(f"- {program.way} {program.number}: {reason}")
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            kept = options.keep / f"{program.way}-{program.number}.py"
            kept.write_text(program.text, encoding="utf-8", errors="surrogatepass")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
