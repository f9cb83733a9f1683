from collections.abc import Callable

from fastapi import Depends
from starlette.requests import Request

from articles.database import Pool
from articles.repositories import Repository


def _pool(request: Request) -> Pool:
    return request.app.state.pool


def repository(kind: type[Repository]) -> Callable[[Pool], Repository]:
    def make(pool: Pool = Depends(_pool)) -> Repository:
        return kind(pool)

    return make
