"""Cases that are written for FastAPI, line by line under other frameworks; what they have no shape for is left out.

Each function takes a whole file and returns it with the same lines, and a few more at its end, or ``None``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator

from pages import Case

_OTHER = re.compile(
    r"\b(?:APIRouter|Depends|BackgroundTasks?|TestClient|middleware|Middleware|exception_handler|mount|Mount|include_router|"
    r"add_\w+|on_event|uvicorn|SimpleNamespace|State|starlette|fastapi\.\w+|vars|__dict__|_state|scope|globals|router|"
    r"websocket|WebSocket|KeyError|ASGITransport|state\.keys|lifespan_context|on_startup|on_shutdown|Protocol|TYPE_CHECKING)\b"
    r"|yield \{|FastAPI\((?!\)|lifespan=\w+\))|request\.state|\bstate\b(?!\.)|->"
)
_IMPORT = re.compile(r"^from fastapi import (?:FastAPI|Request|, )+$", re.MULTILINE)
_MADE = re.compile(r"^( *)(\w+) = FastAPI\((?:lifespan=(\w+))?\)$", re.MULTILINE)
_ROUTE = re.compile(r"^@(\w+)\.(get|post|put|delete|patch)\((\"[^\"]*\")\)\n((?:async )?def (\w+))", re.MULTILINE)
_MANAGED = re.compile(r"^@asynccontextmanager\n(async def (\w+))", re.MULTILINE)
_APPLICATION = r"(\b(?:request\.|self\.)?_?app)"


def litestar(body: str) -> str | None:
    """Return FastAPI code as Litestar code: handlers are registered at the end."""
    routes = _routes(body)
    if routes is None:
        return None
    body = _IMPORT.sub("from litestar import Litestar, Request, delete, get, patch, post, put", body)
    body = _MADE.sub(lambda made: f"{made[1]}{made[2]} = Litestar({f'lifespan=[{made[3]}]' if made[3] else ''})", body)
    body = _ROUTE.sub(r"@\2(\3)\n\4", body).replace(": FastAPI", ": Litestar")
    return _whole(body, (f"{owner}.register({function})" for owner, _, _, _, function in routes))


def aiohttp(body: str) -> str | None:
    """Return FastAPI code as aiohttp code: components are items, lifespans are contexts."""
    routes = _routes(body)
    if routes is None:
        return None
    body = _IMPORT.sub("from aiohttp import web", body)
    body = _MANAGED.sub(r"\n\1", body)
    body = _MADE.sub(_made_by_aiohttp, body)
    body = _ROUTE.sub(r"\n\4", body).replace(": FastAPI", ": web.Application").replace(": Request", "")
    body = _items(body, "{}")
    return _whole(body, (f"{owner}.router.add_{verb}({path}, {name})" for owner, verb, path, _, name in routes))


def quart(body: str) -> str | None:
    """Return FastAPI code as Quart code: components are extensions, and lifespans take no argument."""
    if _OTHER.search(body) or not re.search(r"^app = FastAPI", body, re.MULTILINE) or re.search(r"self|request=", body):
        return None
    body = _IMPORT.sub("from quart import Quart, current_app", body)
    body = _MANAGED.sub(r"\n\1", body)
    body = _MADE.sub(_made_by_quart, body)
    for name in re.findall(r"app\.while_serving\((\w+)\)", body):
        body = re.sub(rf"(def {name})\(app(?:: FastAPI)?\)", r"\1()", body)
    body = body.replace("request: Request", "").replace("request.app", "current_app").replace(": FastAPI", ": Quart")
    return _whole(
        _items(body.replace("current_app", "current.app"), "{}.extensions").replace("current.app", "current_app")
    )


def sanic(body: str) -> str | None:
    """Return FastAPI code without a lifespan as Sanic code: components are on another attribute."""
    if _OTHER.search(body) or "lifespan" in body:
        return None
    body = _IMPORT.sub("from sanic import Request, Sanic", body)
    body = _MADE.sub(r'\1\2 = Sanic("shop")', body)
    body = re.sub(r"\.state\b", ".ctx", body).replace(": FastAPI", ": Sanic")
    return _whole(body)


def _routes(body: str) -> list[tuple[str, str, str, str, str]] | None:
    """Return owner, verb, path, definition and name of the routes, ``None`` for what cannot be told at the end."""
    routes: list[tuple[str, str, str, str, str]] = _ROUTE.findall(body)
    known = all(re.search(rf"^{owner} = ", body, re.MULTILINE) for owner, *_ in routes)
    return routes if known and not _OTHER.search(body) else None


def _made_by_aiohttp(made: re.Match[str]) -> str:
    made_only = f"{made[1]}{made[2]} = web.Application()"
    return f"{made_only}; {made[2]}.cleanup_ctx.append({made[3]})" if made[3] else made_only


def _made_by_quart(made: re.Match[str]) -> str:
    made_only = f"{made[1]}{made[2]} = Quart(__name__)"
    return f"{made_only}; {made[2]}.while_serving({made[3]})" if made[3] else made_only


def _items(body: str, holder: str) -> str:
    """Return code that takes components as items of ``holder``, where braces stand for the application."""
    named = holder.format(r"\1")
    body = re.sub(rf"getattr\({_APPLICATION}\.state, (\"\w+\"), ", rf"{named}.get(\2, ", body)
    body = re.sub(rf"hasattr\({_APPLICATION}\.state, (\"\w+\")\)", rf"(\2 in {named})", body)
    body = re.sub(rf"{_APPLICATION}\.state\.(\w+)", rf'{named}["\2"]', body)
    return body.replace("AttributeError", "KeyError")


def _whole(body: str, more: Iterable[str] = ()) -> str | None:
    """Return code with more lines at its end, ``None`` if something of FastAPI is left in it."""
    left = r"\bfastapi\b|FastAPI" if "litestar" in body else r"\bfastapi\b|FastAPI|\.state\b"
    return None if re.search(left, body) else body + "".join(f"{line}\n" for line in more)


TRANSLATIONS: dict[str, Callable[[str], str | None]] = {
    "aiohttp": aiohttp, "litestar": litestar, "quart": quart, "sanic": sanic,
}  # fmt: skip


def translated(cases: Iterable[Case]) -> Iterator[Case]:
    """Yield cases under each framework that has their shape."""
    for case in cases:
        if not any("FastAPI" in text for text in case.files.values()):
            continue
        for framework, translate in TRANSLATIONS.items():
            files = {file: translate(text) if file.endswith(".py") else text for file, text in case.files.items()}
            known = {file: text for file, text in files.items() if text is not None}
            if len(known) == len(files):
                yield dataclasses.replace(case, framework=framework, files=known)
