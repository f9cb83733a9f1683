from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.responses import JSONResponse


class Feeds(HTTPEndpoint):
    async def get(self, request):
        return JSONResponse(request.app.state.journal.lines)

    async def post(self, request):
        await request.app.state.hub.publish("posted")
        return JSONResponse({"limit": request.app.state.limit + 1})


class Live(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, websocket):
        await websocket.accept()
        websocket.app.state.listeners.append(websocket)

    async def on_receive(self, websocket, data):
        await websocket.app.state.hub.publish(data)
        await websocket.send_json({"listeners": len(websocket.app.state.listeners)})

    async def on_disconnect(self, websocket, close_code):
        websocket.app.state.listeners.remove(websocket)
