from fastapi import APIRouter, HTTPException, Request, WebSocket

router = APIRouter()


class ChatHandler:
    def __init__(self, websocket: WebSocket) -> None:
        self.websocket = websocket
        self.bridge = websocket.app.state.bridge

    async def handle(self) -> None:
        await self.websocket.accept()
        place = self.bridge.attach(self.websocket)
        text = await self.websocket.receive_text()
        answer = await self.websocket.app.state.supervisor.run("plan")
        await self.websocket.send_json({"place": place, "text": text, "answer": answer})
        await self.websocket.close()


@router.websocket("/chat")
async def chat(websocket: WebSocket):
    await ChatHandler(websocket).handle()


@router.get("/runs")
async def runs(request: Request):
    supervisor = request.app.state.supervisor
    return {"runs": supervisor.runs, "kinds": list(request.app.state.registry.kinds)}


@router.post("/runs/{kind}")
async def run(kind: str, request: Request):
    if kind not in request.app.state.models:
        raise HTTPException(404)
    return await request.app.state.supervisor.run(kind)


@router.get("/health")
async def health(request: Request):
    if not request.app.state.startup_complete:
        raise HTTPException(503)
    return request.app.state.health.report()
