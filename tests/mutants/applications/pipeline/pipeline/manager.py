import logging
from collections.abc import Awaitable, Callable

from fastapi import FastAPI

logger = logging.getLogger(__name__)
Step = Callable[[FastAPI], Awaitable[None]]


class StartupManager:
    """Runs its steps in the order in which they were added."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def add(self, step: Step) -> None:
        self.steps.append(step)

    async def run(self, app: FastAPI) -> None:
        for step in self.steps:
            logger.info("step %s", step.__name__)
            await step(app)
