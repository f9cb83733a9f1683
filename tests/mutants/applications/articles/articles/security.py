class Tokens:
    def __init__(self, secret: str) -> None:
        self.secret = secret

    def issue(self, user: str) -> str:
        return f"{user}-{self.secret}"
