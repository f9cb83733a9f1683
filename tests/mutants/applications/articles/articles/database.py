import logging

from fastapi import FastAPI

from articles.config import Settings

logger = logging.getLogger(__name__)
TABLES = {"articles": ["first", "second"], "tags": ["old", "new"], "users": ["ann"]}


class Pool:
    def __init__(self, dsn: str, size: int) -> None:
        self.dsn = dsn
        self.size = size

    async def fetch(self, table: str) -> list[str]:
        return TABLES[table]

    async def close(self) -> None:
        self.size = 0


async def create_pool(dsn: str, size: int) -> Pool:
    return Pool(dsn, size)


async def connect(app: FastAPI, settings: Settings) -> None:
    logger.info("connecting")
    app.state.pool = await create_pool(settings.dsn, settings.pool_size)
    logger.info("connected")


async def close_pool(app: FastAPI) -> None:
    logger.info("closing")
    await app.state.pool.close()
