from articles.database import Pool


class Repository:
    def __init__(self, pool: Pool) -> None:
        self.pool = pool


class Articles(Repository):
    async def all(self) -> list[str]:
        return await self.pool.fetch("articles")


class Users(Repository):
    async def known(self, name: str) -> bool:
        return name in await self.pool.fetch("users")
