class Store:
    def __init__(self) -> None:
        self.texts: dict[int, str] = {1: "screen is dark"}
        self.closed = False

    def add(self, number: int, text: str) -> None:
        self.texts[number] = text

    def close(self) -> None:
        self.closed = True


class Numbering:
    def __init__(self, first: int) -> None:
        self.last = first

    def next(self) -> int:
        self.last += 1
        return self.last


class Index:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.words = {word for text in store.texts.values() for word in text.split()}

    def learn(self, text: str) -> None:
        self.words |= set(text.split())
