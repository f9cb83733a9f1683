import logging

import board
import tickets
from fastapi import FastAPI
from store import Index, Numbering, Store

log = logging.getLogger("ticketing")
app = FastAPI()


@app.on_event("startup")
async def open_store() -> None:
    app.state.store = Store()
    app.state.numbering = Numbering(first=100)


@app.on_event("startup")
def build_index() -> None:
    app.state.index = Index(app.state.store)
    log.info("%d words", len(app.state.index.words))


@app.on_event("startup")
async def open_board() -> None:
    await board.setup(app)


@app.on_event("shutdown")
async def close_store() -> None:
    app.state.store.close()


app.include_router(tickets.router, prefix="/tickets")
app.include_router(board.router)


@app.get("/health")
def health():
    return {"tickets": len(app.state.store.texts), "words": len(app.state.index.words)}
