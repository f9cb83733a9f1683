from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from portal.admin import admin, prepare
from portal.backend import Backend


async def pages(request):
    return JSONResponse(request.app.state.backend.pages)


async def count(request):
    request.app.state.visits.append("count")
    return JSONResponse(len(request.app.state.visits))


@asynccontextmanager
async def lifespan(app):
    backend = Backend()
    app.state.backend = backend
    app.state.visits = []
    prepare(backend)
    yield
    app.state.backend.stop()


app = Starlette(
    routes=[Route("/pages", pages), Route("/count", count), Mount("/admin", admin)],
    lifespan=lifespan,
)
