from functools import partial

from fastapi import APIRouter, FastAPI, Request

from warehouse.middleware import LedgerMiddleware
from warehouse.startup import close_ledger, load_stock, make_locks, open_ledger

router = APIRouter(prefix="/stock")


@router.get("")
async def names(request: Request):
    return request.app.state.stock.names()


@router.get("/{name}")
async def amount(name: str, request: Request):
    return {"amount": request.app.state.stock.amounts[name], "unit": request.app.state.unit.upper()}


@router.post("/{name}")
async def add(name: str, request: Request):
    request.app.state.locks[name].take()
    return request.app.state.stock.add(name)


async def lines(request: Request):
    state = request.app.state
    return {"lines": state.ledger.lines, "locks": sum(lock.taken for lock in state.locks.values())}


def build_app() -> FastAPI:
    async def stock() -> None:
        await load_stock(app)

    async def ledger() -> None:
        await open_ledger(app)

    async def close() -> None:
        await close_ledger(app)

    app = FastAPI(on_startup=[stock, ledger], on_shutdown=[close])
    app.router.on_startup.append(partial(make_locks, app))
    app.state.unit = "piece"
    app.add_middleware(LedgerMiddleware, word="asked")
    app.include_router(router)
    app.add_api_route("/log", lines)
    return app
