class Backend:
    def __init__(self) -> None:
        self.pages = ["home", "news"]
        self.users = ["root"]

    def stop(self) -> None:
        self.pages = []


class Flags:
    def __init__(self, users: list[str]) -> None:
        self.values = dict.fromkeys(users, True)

    def all(self) -> dict[str, bool]:
        return self.values
