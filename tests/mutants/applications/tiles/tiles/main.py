from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from tiles.catalog import register_catalog
from tiles.database import close_db_connection, connect_to_db
from tiles.factory import Endpoints
from tiles.middleware import CatalogAge
from tiles.rendering import Renderer
from tiles.settings import APISettings

settings = APISettings()


@asynccontextmanager
async def lifespan(app: FastAPI):
    await connect_to_db(app, settings.schemas)
    await register_catalog(app)
    app.state.renderer = Renderer(app.state.collection_catalog)

    yield

    await close_db_connection(app)


app = FastAPI(title=settings.name, lifespan=lifespan)
app.include_router(Endpoints(settings.name).router)
if settings.ttl:
    app.add_middleware(CatalogAge, ttl=settings.ttl)


@app.get("/healthz")
def ping(request: Request):
    return {"closed": request.app.state.pool.closed, "made": request.app.state.renderer.made}
