from fastapi import APIRouter, HTTPException, Request, WebSocket

router = APIRouter()


@router.get("/system")
async def system(request: Request):
    state = request.app.state
    if not state.ready:
        raise HTTPException(503)
    return {"ticks": await state.scheduler.tick(), "folder": state.folder.upper()}


@router.websocket("/desk")
async def desk(websocket: WebSocket):
    await websocket.accept()
    text = await websocket.receive_text()
    await websocket.send_json(websocket.app.state.desk.greet(text))
    await websocket.close()
