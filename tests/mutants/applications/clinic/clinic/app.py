from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from clinic import monitoring
from clinic.records import close_records, init_records
from clinic.routes import router


@asynccontextmanager
async def lifespan(app: FastAPI):
    try:
        await init_records(app)
        monitoring.init_monitoring(app)
        monitoring.init_audit(app.state)
        yield
    finally:
        await close_records(app)


app = FastAPI(lifespan=lifespan)
app.state.ward = "north"
app.include_router(router)


@app.middleware("http")
async def audit_requests(request: Request, call_next):
    request.app.state.audit.note(request.url.path)
    return await call_next(request)
