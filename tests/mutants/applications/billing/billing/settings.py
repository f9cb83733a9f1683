class ApplicationSettings:
    def __init__(self) -> None:
        self.accounts = {1: 50, 2: 20}
        self.gateway = "https://pay.example"
        self.version = "2.1"
