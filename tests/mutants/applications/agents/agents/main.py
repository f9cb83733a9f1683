from contextlib import asynccontextmanager

from fastapi import FastAPI

from agents.handlers import router
from agents.orchestrator import StartupOrchestrator


@asynccontextmanager
async def lifespan(app: FastAPI):
    orchestrator = StartupOrchestrator(app)
    await orchestrator.start()
    yield
    await orchestrator.stop()


app = FastAPI(lifespan=lifespan)
app.include_router(router)
