from fastapi import FastAPI, Request

from portal.backend import Flags

admin = FastAPI(title="Administration")


@admin.get("/users")
async def users(request: Request):
    return request.app.state.backend.users


@admin.get("/flags")
async def flags(request: Request):
    return request.app.state.flags.all()


def prepare(backend) -> None:
    admin.state.backend = backend
    admin.state.flags = Flags(admin.state.backend.users)
