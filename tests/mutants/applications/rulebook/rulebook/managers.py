class ConnectionManager:
    def __init__(self) -> None:
        self.active: list[object] = []

    async def connect(self, websocket) -> None:
        await websocket.accept()
        self.active.append(websocket)


class Activity:
    def __init__(self, level: str) -> None:
        self.level = level
        self.lines: list[str] = []

    def log(self, line: str) -> None:
        self.lines.append(f"{self.level} {line}")
