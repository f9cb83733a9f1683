import asyncio


class Hub:
    def __init__(self) -> None:
        self.queue: asyncio.Queue = asyncio.Queue()
        self.seen: list[str] = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error) -> None:
        self.seen.clear()

    async def publish(self, text: str) -> None:
        await self.queue.put(text)


class Journal:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.lines: list[str] = []

    async def __aenter__(self):
        self.lines.append("opened")
        return self

    async def __aexit__(self, *error) -> None:
        self.lines.append("closed")

    def note(self, text: str) -> int:
        self.lines.append(text)
        return len(self.lines)


async def consume(app) -> None:
    """Move what is published into the journal, for ever."""
    while True:
        text = await app.state.hub.queue.get()
        app.state.journal.note(text)
