from fastapi import FastAPI

from billing.ledger import setup_ledger
from billing.notifier import setup_notifier
from billing.payments import setup_gateway
from billing.routes import setup_routes
from billing.settings import ApplicationSettings


def create_app(settings: ApplicationSettings | None = None) -> FastAPI:
    app_settings = settings or ApplicationSettings()
    app = FastAPI(title="Billing", version=app_settings.version)
    app.state.settings = app_settings
    assert app.state.settings.version == "2.1"

    setup_ledger(app)
    setup_gateway(app)
    setup_notifier(app)
    setup_routes(app)
    return app
