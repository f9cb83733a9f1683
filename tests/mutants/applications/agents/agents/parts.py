class Pool:
    def __init__(self, size: int) -> None:
        self.size = size
        self.used = 0

    async def warm(self) -> None:
        self.used = 1

    async def drain(self) -> None:
        self.used = 0


class Registry:
    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}

    def add(self, kind: str, model: str) -> None:
        self.kinds[kind] = model


class Bridge:
    def __init__(self, pool: Pool, registry: Registry) -> None:
        self.pool = pool
        self.registry = registry
        self.sockets: list[object] = []

    def attach(self, socket: object) -> int:
        self.sockets.append(socket)
        return len(self.sockets)


class Supervisor:
    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.runs: list[str] = []

    async def run(self, kind: str) -> str:
        self.runs.append(self.registry.kinds[kind])
        return self.runs[-1]


class Health:
    def __init__(self, checks: dict[str, object]) -> None:
        self.checks = checks

    def report(self) -> list[str]:
        return sorted(self.checks)
