from contextlib import asynccontextmanager


class Client:
    def __init__(self, base: str) -> None:
        self.base = base
        self.calls = 0

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error) -> None:
        self.calls = -1

    async def fetch(self, town: str) -> dict:
        self.calls += 1
        return {"town": town, "degrees": len(town)}


class Cache:
    def __init__(self, size: int) -> None:
        self.size = size
        self.items: dict[str, dict] = {}

    def put(self, key: str, value: dict) -> None:
        self.items[key] = value

    async def clear(self) -> None:
        self.items.clear()


class Forecaster:
    def __init__(self, client: Client, cache: Cache) -> None:
        self.client = client
        self.cache = cache

    async def now(self, town: str) -> dict:
        if town not in self.cache.items:
            self.cache.put(town, await self.client.fetch(town))
        return self.cache.items[town]


@asynccontextmanager
async def open_cache(app, size: int):
    cache = Cache(size)
    app.state.cache = cache
    yield cache
    await cache.clear()
