from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, Request

from campus.courses import Courses

router = APIRouter(prefix="/seats")


class Booking:
    def __init__(self, courses: Courses) -> None:
        self.counts = dict.fromkeys(courses.names(), 0)

    def take(self, name: str) -> int:
        self.counts[name] += 1
        return self.counts[name]

    def taken(self, name: str) -> int:
        return self.counts[name]


class Waiting:
    def __init__(self, names: list[str]) -> None:
        self.lines = {name: [] for name in names}

    def length(self) -> int:
        return sum(map(len, self.lines.values()))


@asynccontextmanager
async def booking_lifespan(app):
    app.state.booking = Booking(app.state.courses)
    app.state.waiting = Waiting(app.state.courses.names())
    try:
        yield
    finally:
        app.state.booking.counts.clear()


def booking_of(request: Request) -> Booking:
    return request.app.state.booking


@router.post("/{name}")
def take(name: str, request: Request, booking: Booking = Depends(booking_of)):
    return {"seat": booking.take(name), "waiting": request.app.state.waiting.length()}
