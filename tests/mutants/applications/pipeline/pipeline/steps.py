from fastapi import FastAPI

from pipeline.work import Limiter, Queue, Results, Worker


async def connect_queue(app: FastAPI) -> None:
    app.state.queue = Queue(capacity=10)


async def open_results(app: FastAPI) -> None:
    results = Results()
    results.put("warm-up", 0)
    app.state.results = results


async def start_worker(app: FastAPI) -> None:
    app.state.worker = Worker(app.state.queue, app.state.results)
    app.state.worker.check()


async def set_limits(app: FastAPI) -> None:
    capacity = app.state.queue.capacity
    app.state.limiter = Limiter(capacity // 2)
