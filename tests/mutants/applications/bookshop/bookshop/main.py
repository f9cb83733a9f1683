import logging
from contextlib import asynccontextmanager

from fastapi import FastAPI

from bookshop.routes import router
from bookshop.storage import Catalog, Counter, Database, Mailer

logger = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(app: FastAPI):
    settings = app.state.settings
    app.state.db = Database(settings["url"])
    await app.state.db.connect()
    app.state.catalog = Catalog(app.state.db)
    app.state.mailer = Mailer(settings["sender"])
    app.state.orders = Counter()
    logger.info("%d books in %s", len(app.state.catalog.titles()), app.state.db.url)
    yield
    await app.state.db.close()
    logger.info("%d orders", app.state.orders.value)


app = FastAPI(title="Bookshop", lifespan=lifespan)
app.state.settings = {"name": "Bookshop", "url": "memory://books", "sender": "shop"}
app.include_router(router)
