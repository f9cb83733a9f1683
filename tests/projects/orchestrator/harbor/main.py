from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, WebSocket

from harbor.boot import Boot


@asynccontextmanager
async def lifespan(app: FastAPI):
    await Boot(app).run()
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/berths")
async def berths(request: Request):
    return request.app.state.berths, request.app.state.connection_pool, request.app.state.charts


@app.get("/events")
async def events(request: Request):
    return request.app.state.event_store, request.app.state.started


@app.websocket("/tide")
async def tide(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_json([websocket.app.state.tide_bridge, websocket.app.state.session_cache])
