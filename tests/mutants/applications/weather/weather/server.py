import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from fastapi import FastAPI, Request

from weather.jobs import refresh
from weather.resources import Client, Forecaster, open_cache


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with AsyncExitStack() as stack:
        app.state.refreshed = []
        app.state.client = await stack.enter_async_context(Client("https://weather.example"))
        cache = await stack.enter_async_context(open_cache(app, 16))
        app.state.forecaster = Forecaster(app.state.client, cache)
        await app.state.forecaster.now("oslo")
        task = asyncio.create_task(refresh(app, "oslo"))
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def create() -> FastAPI:
    app = FastAPI(lifespan=lifespan)

    @app.get("/now/{town}")
    async def now(town: str, request: Request):
        return await request.app.state.forecaster.now(town)

    @app.get("/history")
    async def history(request: Request):
        cache = request.app.state.cache
        return {"kept": list(cache.items), "size": cache.size}

    @app.get("/status")
    async def status():
        return {"calls": app.state.client.calls, "refreshed": len(app.state.refreshed)}

    return app
