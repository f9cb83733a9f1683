"""A generator of trees that look like services: applications, orchestrators, routers, calls in depth, and much else.

About 200 lines a module and 4 syntax nodes a line. Of a hundred modules 8 touch state, 8 only pass the application on,
and the rest is code that has nothing to do with it; names of functions and classes are shared between modules. One
seed gives one tree, to the byte.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

LINES_OF_A_MODULE = 200
MODULES_OF_A_SERVICE = 100
DEPTH = 6
_NOUNS = ("order", "user", "price", "cart", "stock", "event", "audit", "label", "route", "token", "batch", "quota")
_VERBS = ("load", "check", "apply", "merge", "count", "build", "parse", "store", "score", "close", "fetch", "split")


def generate(root: Path, lines: int, seed: int = 1) -> int:
    """Write a tree of about so many ``lines`` below ``root``; return how many it has."""
    written = 0
    service = 0
    while written < lines:
        wanted = min(MODULES_OF_A_SERVICE, max(12, round((lines - written) / LINES_OF_A_MODULE)))
        for name, text in files(f"service{service}", wanted, random.Random(seed * 100_003 + service)):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written += text.count("\n")
        service += 1
    (root / "pyproject.toml").write_text('[project]\nname = "generated"\nversion = "1"\n', encoding="utf-8")
    return written


def files(service: str, modules: int, dice: random.Random) -> Iterator[tuple[str, str]]:
    """Yield name and text of each file of one service with about so many ``modules``."""
    stateful = max(2, modules * 8 // 100)
    passing = max(2, modules * 8 // 100)
    plain = max(4, modules - stateful - passing - 3)
    components = [f"{noun}_{kind}" for noun in _NOUNS[:stateful] for kind in ("client", "store")]
    for folder in ("", "api/", "passing/", "domain/"):
        yield f"{service}/{folder}__init__.py", ""
    yield f"{service}/boot.py", _boot(service, components)
    yield f"{service}/main.py", _main(service, stateful)
    for number in range(stateful):
        own = components[2 * number : 2 * number + 2]
        yield f"{service}/api/{_NOUNS[number % 12]}{number}.py", _router(service, number, passing, own, dice)
    for number in range(passing):
        yield f"{service}/passing/steps{number}.py", _passing(service, number, passing, plain, components, dice)
    for number in range(plain):
        yield f"{service}/domain/{_NOUNS[number % 12]}{number}.py", _plain(number, dice)


def _main(service: str, stateful: int) -> str:
    names = [f"{_NOUNS[number % 12]}{number}" for number in range(stateful)]
    lines = ["from fastapi import FastAPI", "", f"from {service} import boot"]
    lines += [f"from {service}.api import {name}" for name in names]
    lines += ["", "", "def create_app() -> FastAPI:", "    app = FastAPI(lifespan=boot.lifespan)"]
    lines += [f"    app.include_router({name}.router)" for name in names]
    return "\n".join([*lines, "    return app", "", "", "app = create_app()", ""])


def _boot(service: str, components: list[str]) -> str:
    """Return an orchestrator that sets each component in a step of its own."""
    lines = ["from contextlib import asynccontextmanager", "", f"from {service}.passing import steps0", "", ""]
    lines += ["class Connection:", "    def __init__(self, name: str) -> None:", "        self.name = name", "", ""]
    lines += ["class Orchestrator:", "    def __init__(self, app) -> None:", "        self.app = app", ""]
    lines += ["    async def start(self) -> None:"]
    lines += [f"        await self._start_{name}()" for name in components]
    for name in components:
        lines += ["", f"    async def _start_{name}(self) -> None:", f'        made = Connection("{name}")']
        lines += [f"        self.app.state.{name} = made"]
    lines += ["", "", "@asynccontextmanager", "async def lifespan(app):", "    await Orchestrator(app).start()"]
    return "\n".join([*lines, "    steps0.step(app, 1)", "    yield", ""])


def _router(service: str, number: int, passing: int, components: list[str], dice: random.Random) -> str:
    steps = f"steps{number % passing}"
    lines = ["from fastapi import APIRouter, Request", "", f"from {service}.passing import {steps}", ""]
    lines += ["router = APIRouter()"]
    for index in range(16):
        verb, name = _VERBS[index % 12], components[index % 2]
        lines += ["", "", f'@router.get("/{verb}{number}/{index}")', f"async def {verb}{index}(request: Request):"]
        lines += [f"    found = request.app.state.{name}", f"    steps = {steps}.step(request.app, {index})"]
        lines += _statements(dice, 4, "    ")
        lines += ["    return found, steps"]
    return "\n".join([*lines, ""])


def _passing(
    service: str, number: int, passing: int, plain: int, components: list[str], dice: random.Random
) -> str:  # fmt: skip
    """Return a module whose functions hand the application on, the last to one that reads it."""
    domain = f"{_NOUNS[number % min(12, plain)]}{number % plain}"
    lines = [f"from {service}.domain import {domain}"]
    if number + 1 < passing:
        lines += [f"from {service}.passing import steps{number + 1}"]
    lines += ["", "", "def step(app, size):", "    return step0(app, size)"]
    for depth in range(DEPTH):
        lines += ["", "", f"def step{depth}(app, size):"]
        lines += _statements(dice, 14, "    ")
        lines += [f"    {domain}.{_VERBS[depth]}({depth}, size)"]
        if depth + 1 < DEPTH:
            lines += [f"    return step{depth + 1}(app, size)"]
        elif number + 1 < passing:
            lines += [f"    return steps{number + 1}.step(app, size)"]
        else:
            lines += [f"    return app.state.{components[0]}"]
    return "\n".join([*lines, ""])


def _plain(number: int, dice: random.Random) -> str:
    """Return a module that has nothing to do with state; its functions call each other."""
    lines = ["import logging", "from dataclasses import dataclass", "", "logger = logging.getLogger(__name__)"]
    lines += ["", "", "@dataclass", f"class {_NOUNS[number % 12].title()}:", "    name: str", "    size: int = 0", ""]
    lines += ["    def label(self) -> str:", '        return f"{self.name}:{self.size}"']
    for index, verb in enumerate(_VERBS):
        lines += ["", "", f"def {verb}(first: int, second: int = 1) -> int:"]
        lines += _statements(dice, 10, "    ")
        call = f"{_VERBS[index + 1]}(first, total)" if index + 1 < len(_VERBS) else "total"
        lines += [f"    return {call}"]
    return "\n".join([*lines, ""])


def _statements(dice: random.Random, count: int, indent: str) -> list[str]:
    """Return a docstring and about so many lines, some of them comments."""
    noun, verb = dice.choice(_NOUNS), dice.choice(_VERBS)
    lines = [f'{indent}"""{verb.title()} what is given of the {noun}.', "", f"{indent}It returns a number that"]
    lines += [f"{indent}callers may {verb} again.", f'{indent}"""', f"{indent}total = 0"]
    while len(lines) < count + 5:
        match dice.randrange(5):
            case 0:
                lines.append(f"{indent}total = total + {dice.randrange(9)}")
            case 1:
                lines += [f"{indent}for each in range({dice.randrange(9)}):", f"{indent}    total += each", ""]
            case 2:
                lines += [f"{indent}if total > {dice.randrange(99)}:", f"{indent}    total = abs(total)", ""]
            case 3:
                lines += [f"{indent}# the {dice.choice(_NOUNS)} comes first", f'{indent}{verb} = "{noun}"']
            case _:
                lines.append(f"{indent}{noun} = total")
    return lines
