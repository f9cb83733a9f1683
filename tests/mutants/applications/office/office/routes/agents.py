from fastapi import APIRouter, FastAPI, Request

router = APIRouter(prefix="/agents")


@router.get("")
async def all_agents(request: Request):
    return list(request.app.state.agents.rows)


@router.post("/{name}")
async def add(name: str, request: Request):
    request.app.state.agents.add(name)
    request.app.state.messages.send(name, "welcome")
    return {"theme": request.app.state.config["theme"]}


@router.get("/{name}/inbox")
async def inbox(name: str, request: Request):
    return request.app.state.messages.inbox(name)


def register(app: FastAPI) -> None:
    app.include_router(router)
