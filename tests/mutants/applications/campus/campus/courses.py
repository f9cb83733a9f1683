from contextlib import asynccontextmanager

from fastapi import APIRouter, Request

router = APIRouter(prefix="/courses")


class Courses:
    def __init__(self) -> None:
        self.seats = {"logic": 2, "music": 3}

    def names(self) -> list[str]:
        return sorted(self.seats)

    async def save(self) -> None:
        self.seats.clear()


@asynccontextmanager
async def courses_lifespan(app):
    courses = Courses()
    app.state.courses = courses
    yield
    await courses.save()


@router.get("")
async def names(request: Request):
    return request.app.state.courses.names()


@router.get("/{name}")
async def seats(name: str, request: Request):
    free = request.app.state.courses.seats[name] - request.app.state.booking.taken(name)
    return {"free": free}
