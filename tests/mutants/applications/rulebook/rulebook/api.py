from fastapi import APIRouter, Depends, Request, WebSocket
from fastapi.requests import HTTPConnection

from rulebook.managers import Activity
from rulebook.provider import Session

router = APIRouter()


async def get_session(connection: HTTPConnection):
    session = connection.app.state.provider.session()
    try:
        yield session
    finally:
        session.closed = True


def get_activity(request: Request) -> Activity:
    return request.app.state.activity


@router.get("/rules")
async def rules(session: Session = Depends(get_session)):
    return session.rows


@router.post("/rules/{rule}")
async def add(rule: str, session: Session = Depends(get_session), activity: Activity = Depends(get_activity)):
    session.add(rule)
    activity.log(rule)
    return len(session.rows)


@router.get("/activity")
async def activity(request: Request):
    state = request.app.state
    return {"lines": state.activity.lines, "url": state.provider.url, "active": len(state.connections.active)}


@router.websocket("/events")
async def events(websocket: WebSocket, session: Session = Depends(get_session)):
    manager = websocket.app.state.connections
    await manager.connect(websocket)
    await websocket.receive_text()
    await websocket.send_json({"rows": session.rows, "count": len(manager.active)})
    await websocket.close()
