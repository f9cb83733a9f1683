from fastapi import FastAPI

from billing.ledger import Ledger, get_ledger


class Gateway:
    def __init__(self, url: str, ledger: Ledger) -> None:
        self.url = url
        self.ledger = ledger

    async def pay(self, account: int, amount: int) -> str:
        self.ledger.draw(account, amount)
        return f"{self.url}/{account}"

    @classmethod
    def get_from_app_state(cls, app: FastAPI) -> "Gateway":
        gateway: Gateway = app.state.gateway
        return gateway

    def set_to_app_state(self, app: FastAPI) -> None:
        app.state.gateway = self


def setup_gateway(app: FastAPI) -> None:
    async def on_startup() -> None:
        gateway = Gateway(app.state.settings.gateway, get_ledger(app))
        gateway.set_to_app_state(app)

    app.router.add_event_handler("startup", on_startup)
