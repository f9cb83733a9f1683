from fastapi import FastAPI

from warehouse.model import Ledger, Lock, Stock


async def load_stock(app: FastAPI) -> None:
    app.state.stock = Stock({"bolts": 4, "nuts": 9})


async def open_ledger(app: FastAPI) -> None:
    ledger = Ledger(app.state.stock)
    ledger.write("opened")
    app.state.ledger = ledger


def make_locks(app: FastAPI) -> None:
    app.state.locks = {name: Lock(name) for name in app.state.stock.names()}


async def close_ledger(app: FastAPI) -> None:
    app.state.ledger.write("closed")
