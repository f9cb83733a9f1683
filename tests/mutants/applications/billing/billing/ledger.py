from fastapi import FastAPI


class Ledger:
    def __init__(self, accounts: dict[int, int]) -> None:
        self.accounts = accounts

    def balance(self, account: int) -> int:
        return self.accounts[account]

    def draw(self, account: int, amount: int) -> None:
        self.accounts[account] -= amount

    async def close(self) -> None:
        self.accounts = {}


def setup_ledger(app: FastAPI) -> None:
    async def on_startup() -> None:
        app.state.ledger = Ledger(dict(app.state.settings.accounts))

    async def on_shutdown() -> None:
        await app.state.ledger.close()

    app.router.add_event_handler("startup", on_startup)
    app.router.add_event_handler("shutdown", on_shutdown)


def get_ledger(app: FastAPI) -> Ledger:
    ledger: Ledger = app.state.ledger
    return ledger
