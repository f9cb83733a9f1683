class Store:
    def __init__(self) -> None:
        self.chunks: list[str] = []
        self.indexed = False

    def add(self, chunks: list[str]) -> int:
        self.chunks += chunks
        return len(self.chunks)

    def find(self, word: str) -> list[str]:
        return [chunk for chunk in self.chunks if word in chunk]

    def close(self) -> None:
        self.chunks.clear()


def build_store() -> Store:
    return Store()


async def ensure_index(store: Store) -> None:
    store.indexed = True
