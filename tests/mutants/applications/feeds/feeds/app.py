import asyncio
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute

from feeds.endpoints import Feeds, Live
from feeds.hub import Hub, Journal, consume


async def count(request):
    state = request.app.state
    return JSONResponse({"lines": len(state.journal.lines), "listeners": len(state.listeners)})


@asynccontextmanager
async def lifespan(app):
    async with Hub() as hub:
        app.state.hub = hub
        app.state.listeners = []
        async with Journal(app.state.hub) as journal:
            app.state.journal = journal
            consumer = asyncio.create_task(consume(app))
            yield
            consumer.cancel()


app = Starlette(
    routes=[Route("/feeds", Feeds), Route("/count", count), WebSocketRoute("/live", Live)],
    lifespan=lifespan,
)
app.state.limit = 9
