from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request

from pipeline import steps
from pipeline.manager import StartupManager

manager = StartupManager()
manager.add(steps.connect_queue)
manager.add(steps.open_results)
manager.add(steps.start_worker)
manager.add(steps.set_limits)


@asynccontextmanager
async def lifespan(app: FastAPI):
    await manager.run(app)
    yield


app = FastAPI(lifespan=lifespan)


def limited(request: Request) -> None:
    if not request.app.state.limiter.allows(len(request.app.state.queue.jobs)):
        raise HTTPException(429)


def work_off(request: Request) -> None:
    request.app.state.worker.work()


@app.get("/jobs", dependencies=[Depends(limited)])
async def jobs(request: Request):
    return request.app.state.results.done


@app.post("/jobs/{name}")
async def submit(name: str, request: Request, tasks: BackgroundTasks):
    request.app.state.queue.put(name)
    tasks.add_task(work_off, request)
    return {"free": request.app.state.worker.check()}


@app.get("/limits")
async def limits(request: Request):
    return {"most": request.app.state.limiter.most}
