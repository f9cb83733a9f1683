from collections.abc import Awaitable, Callable

from fastapi import FastAPI

from articles.config import Settings
from articles.database import close_pool, connect
from articles.security import Tokens


def start_handler(app: FastAPI, settings: Settings) -> Callable[[], Awaitable[None]]:
    async def start() -> None:
        await connect(app, settings)
        app.state.tags = await app.state.pool.fetch("tags")
        app.state.tokens = Tokens(settings.secret)

    return start


def stop_handler(app: FastAPI) -> Callable[[], Awaitable[None]]:
    async def stop() -> None:
        await close_pool(app)

    return stop
