class Store:
    """Rows in memory; usable once it is opened."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.rows: dict[str, list[str]] | None = None

    async def init(self) -> None:
        self.rows = {}

    async def close(self) -> None:
        self.rows = None


class AgentStore(Store):
    def add(self, name: str) -> None:
        self.rows[name] = []


class MessageStore(Store):
    def send(self, name: str, text: str) -> None:
        self.rows.setdefault(name, []).append(text)

    def inbox(self, name: str) -> list[str]:
        return self.rows.get(name, [])
