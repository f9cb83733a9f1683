class Session:
    def __init__(self, rows: list[str]) -> None:
        self.rows = rows
        self.closed = False

    def add(self, row: str) -> None:
        self.rows.append(row)


class DatabaseProvider:
    def __init__(self, url: str) -> None:
        self.url = url
        self.rows = ["start"]

    def session(self) -> Session:
        return Session(self.rows)

    async def close(self) -> None:
        self.rows = []
