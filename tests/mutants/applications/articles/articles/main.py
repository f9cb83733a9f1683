from fastapi import APIRouter, FastAPI

from articles import routes
from articles.config import get_settings
from articles.events import start_handler, stop_handler


def get_application() -> FastAPI:
    settings = get_settings()
    application = FastAPI(title=settings.title)
    application.state.settings = settings
    application.router.add_event_handler("startup", start_handler(application, settings))
    application.router.add_event_handler("shutdown", stop_handler(application))
    api = APIRouter()
    api.include_router(routes.articles)
    api.include_router(routes.users)
    application.include_router(api)
    return application


app = get_application()
