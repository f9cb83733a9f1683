from fastapi import FastAPI

from billing.ledger import Ledger, get_ledger


class Notifier:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.receipts: list[str] = []

    def notify(self, receipt: str) -> None:
        self.receipts.append(receipt)

    def amounts(self) -> list[int]:
        return list(self.ledger.accounts.values())


def setup_notifier(app: FastAPI) -> None:
    def on_startup() -> None:
        app.state.notifier = Notifier(get_ledger(app))

    app.router.add_event_handler("startup", on_startup)
