"""A shelf of books in memory, and what is built on it."""


class Database:
    def __init__(self, url: str) -> None:
        self.url = url
        self.rows = {1: "Emma", 2: "Persuasion"}
        self.open = False

    async def connect(self) -> None:
        self.open = True

    async def close(self) -> None:
        self.open = False


class Catalog:
    def __init__(self, database: Database) -> None:
        self.database = database

    def titles(self) -> list[str]:
        return sorted(self.database.rows.values())

    def title(self, number: int) -> str:
        return self.database.rows[number]


class Mailer:
    def __init__(self, sender: str) -> None:
        self.sender = sender
        self.sent: list[str] = []

    def send(self, text: str) -> None:
        self.sent.append(f"{self.sender}: {text}")


class Counter:
    def __init__(self) -> None:
        self.value = 0

    def add(self) -> int:
        self.value += 1
        return self.value
