import logging

from fastapi import FastAPI

from agents.parts import Bridge, Health, Pool, Registry, Supervisor


class StartupOrchestrator:
    """Brings the service up, one phase after the other."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.logger = logging.getLogger(__name__)

    async def start(self) -> None:
        self.app.state.startup_complete = False
        self._phase1_foundation()
        await self._phase2_resources()
        self._phase3_agents()
        self._phase4_integration()
        self.app.state.startup_complete = True

    def _phase1_foundation(self) -> None:
        self.app.state.models = {"plan": "small", "write": "large"}

    async def _phase2_resources(self) -> None:
        pool = Pool(4)
        await pool.warm()
        self.app.state.pool = pool
        self.logger.info("pool of %d", self.app.state.pool.size)

    def _phase3_agents(self) -> None:
        registry = Registry()
        for kind, model in self.app.state.models.items():
            registry.add(kind, model)
        self.app.state.registry = registry
        self.app.state.supervisor = Supervisor(registry)

    def _phase4_integration(self) -> None:
        state = self.app.state
        state.bridge = Bridge(state.pool, state.registry)
        state.health = Health({"pool": state.pool, "bridge": state.bridge})

    async def stop(self) -> None:
        await self.app.state.pool.drain()
