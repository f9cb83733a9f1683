from fastapi import APIRouter, Request, WebSocket

router = APIRouter()


@router.get("/patients")
async def patients(request: Request):
    return sorted(request.app.state.records.names.values())


@router.get("/patients/{number}")
async def patient(number: int, request: Request):
    request.app.state.event_bus.publish(f"seen {number}")
    return request.app.state.records.name(number)


@router.websocket("/monitor")
async def monitor(websocket: WebSocket):
    await websocket.accept()
    state = websocket.app.state
    number = int(await websocket.receive_text())
    await websocket.send_json({"beat": state.pulse.beat(number), "ward": state.ward})
    await websocket.close()


@router.get("/audit")
async def audit(request: Request):
    return {"paths": request.app.state.audit.paths, "ward": request.app.state.ward.title()}
