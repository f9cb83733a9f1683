from contextlib import asynccontextmanager

from fastapi import FastAPI

from office.routes import agents, system
from office.runtime import start_runtime, stop_runtime
from office.stores import AgentStore, MessageStore


def create_app(folder: str = "data") -> FastAPI:
    agent_store = AgentStore(f"{folder}/agents.db")
    message_store = MessageStore(f"{folder}/messages.db")

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        await agent_store.init()
        await message_store.init()
        app.state.agents = agent_store
        app.state.messages = message_store
        start_runtime(app.state)
        await app.state.scheduler.tick()
        app.state.ready = True
        yield
        await stop_runtime(app.state)
        await agent_store.close()

    app = FastAPI(lifespan=lifespan)
    app.state.folder = folder
    app.state.config = {"theme": "light", "folder": folder}
    agents.register(app)
    app.include_router(system.router)
    return app
