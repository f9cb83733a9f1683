from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket

from billing.ledger import get_ledger
from billing.payments import Gateway

router = APIRouter()


def get_app(request: Request) -> FastAPI:
    return request.app


def get_gateway(app: Annotated[FastAPI, Depends(get_app)]) -> Gateway:
    return Gateway.get_from_app_state(app)


@router.get("/accounts/{account}")
async def balance(account: int, app: Annotated[FastAPI, Depends(get_app)]):
    return get_ledger(app).balance(account)


@router.post("/pay/{account}")
async def pay(account: int, request: Request, gateway: Annotated[Gateway, Depends(get_gateway)]):
    receipt = await gateway.pay(account, 5)
    request.app.state.notifier.notify(receipt)
    return receipt


@router.get("/receipts")
async def receipts(app: Annotated[FastAPI, Depends(get_app)]):
    return {"receipts": app.state.notifier.receipts, "amounts": app.state.notifier.amounts()}


@router.websocket("/receipts")
async def follow(socket: WebSocket):
    await socket.accept()
    account = int(await socket.receive_text())
    app = socket.app
    await socket.send_json([get_ledger(app).balance(account), len(app.state.notifier.receipts)])
    await socket.close()


@router.get("/meta")
async def meta(request: Request):
    return {"version": request.app.state.settings.version}


def setup_routes(app: FastAPI) -> None:
    app.include_router(router)
