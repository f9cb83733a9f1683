from fastapi import APIRouter, Request

router = APIRouter()


@router.get("/backends")
async def backends(request: Request):
    return request.app.state.discovery.backends


@router.post("/route/{name}")
async def route(name: str, request: Request):
    return await forward(request, name)


async def forward(request: Request, name: str) -> dict:
    backend = request.app.state.balancer.route(name)
    request.app.state.stats.note(backend)
    return {"backend": backend, "session": request.app.state.session.open}


@router.get("/stats")
async def stats(request: Request):
    return {"names": request.app.state.stats.names, "sent": request.app.state.balancer.sent}
