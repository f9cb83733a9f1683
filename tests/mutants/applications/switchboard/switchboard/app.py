from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, Request

from switchboard.parts import Session
from switchboard.routes import router
from switchboard.setup import initialize_all, parse


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.session = Session()
    app.state.balancer.discovery.backends.sort()
    yield
    await app.state.session.close()


app = FastAPI(lifespan=lifespan)
app.include_router(router)


@app.get("/engine")
async def engine(request: Request):
    return {"open": request.app.state.session.open, "window": app.state.stats.window}


def main() -> None:
    args = parse([])
    initialize_all(app, args)
    uvicorn.run(app, host="127.0.0.1", port=8001)


if __name__ == "__main__":
    main()
