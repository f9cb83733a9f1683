import logging

from fastapi import APIRouter, FastAPI

from rulebook.api import router as api_router
from rulebook.config import load_settings
from rulebook.managers import Activity, ConnectionManager
from rulebook.provider import DatabaseProvider

root_router = APIRouter()


@root_router.get("/ping")
def ping():
    return {"ping": "pong"}


def configure_logging(app: FastAPI) -> None:
    level = app.state.settings.log_level.upper()
    logging.getLogger("rulebook").setLevel(level)
    app.state.activity = Activity(level)


def setup_routes(app: FastAPI) -> None:
    app.include_router(root_router)
    app.include_router(api_router)


def setup_database(app: FastAPI) -> None:
    settings = app.state.settings
    provider = DatabaseProvider(settings.database_url)
    app.state.provider = provider
    app.router.add_event_handler("shutdown", provider.close)


def create_app() -> FastAPI:
    settings = load_settings()
    app = FastAPI(title="Rulebook")
    app.state.settings = settings
    app.state.connections = ConnectionManager()

    configure_logging(app)
    setup_database(app)
    setup_routes(app)
    return app
