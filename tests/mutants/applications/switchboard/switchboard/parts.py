class Discovery:
    def __init__(self, backends: list[str]) -> None:
        self.backends = backends

    def find(self, name: str) -> str:
        return next(each for each in self.backends if each.startswith(name))


class Balancer:
    def __init__(self, discovery: Discovery) -> None:
        self.discovery = discovery
        self.sent = 0

    def route(self, name: str) -> str:
        self.sent += 1
        return self.discovery.find(name)


class Stats:
    def __init__(self, window: float) -> None:
        self.window = window
        self.names: list[str] = []

    def note(self, name: str) -> None:
        self.names.append(name)


class Session:
    def __init__(self) -> None:
        self.open = True

    async def close(self) -> None:
        self.open = False
