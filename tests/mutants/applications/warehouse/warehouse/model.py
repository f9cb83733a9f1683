class Stock:
    def __init__(self, amounts: dict[str, int]) -> None:
        self.amounts = amounts

    def names(self) -> list[str]:
        return sorted(self.amounts)

    def add(self, name: str) -> int:
        self.amounts[name] += 1
        return self.amounts[name]


class Ledger:
    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        self.lines.append(line)


class Lock:
    def __init__(self, name: str) -> None:
        self.name = name
        self.taken = 0

    def take(self) -> None:
        self.taken += 1
