from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from campus import booking, courses
from campus.lifespans import merge


@asynccontextmanager
async def summary_lifespan(app: FastAPI):
    app.state.summary = {"courses": len(app.state.courses.names()), "taken": app.state.booking.taken("logic")}
    yield


app = FastAPI(lifespan=merge(courses.courses_lifespan, booking.booking_lifespan, summary_lifespan))
app.include_router(courses.router)
app.include_router(booking.router)


@app.get("/summary")
async def summary(request: Request):
    return {**request.app.state.summary, "waiting": request.app.state.waiting.length()}
