from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import uvicorn
from docs.config import CHUNK_SIZE, STORE_KIND, StoreKind
from docs.middleware import security_middleware
from docs.routes import documents, status
from docs.store import build_store, ensure_index
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.thread_pool = ThreadPoolExecutor(max_workers=2)
    app.state.store = build_store()
    if STORE_KIND == StoreKind.LOCAL:
        await ensure_index(app.state.store)

    yield

    app.state.thread_pool.shutdown(wait=True)
    app.state.store.close()


app = FastAPI(lifespan=lifespan)
app.middleware("http")(security_middleware)
app.state.chunk_size = CHUNK_SIZE
app.state.extract_images = False
app.state.keys = {"secret"}
app.include_router(documents.router)
app.include_router(status.router)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=8000)
