from harbor import initializers
from harbor.phases import StartPhase


class Boot:
    def __init__(self, app):
        self.app = app
        self.phase = None

    async def run(self):
        await self._phase1_init()
        self._verify("started")
        await self._phase2_configuration()
        self._verify("tide_bridge")
        await self._phase3_connections()
        self._verify("connection_pool")
        await self._phase4_services()
        self._verify("berths")
        await self._phase5_integration()
        self._verify("session_cache")
        await self._phase6_warm_up()
        self._verify("charts")
        await self._phase7_readiness()
        self._verify("event_store")

    def _set_phase(self, phase: StartPhase):
        self.phase = phase

    def _verify(self, name):
        if not hasattr(self.app.state, name) or getattr(self.app.state, name) is None:
            raise RuntimeError(f"{name} is missing after {self.phase}")

    async def _phase1_init(self):
        self._set_phase(StartPhase.INIT)
        self.app.state.started = True

    async def _phase2_configuration(self):
        self._set_phase(StartPhase.CONFIGURATION)
        initializers.build_bridge(self.app)

    async def _phase3_connections(self):
        self._set_phase(StartPhase.CONNECTIONS)
        await initializers.open_pool(self.app)

    async def _phase4_services(self):
        self._set_phase(StartPhase.SERVICES)
        self.app.state.berths = {}

    async def _phase5_integration(self):
        self._set_phase(StartPhase.INTEGRATION)
        initializers.fill_cache(self.app)

    async def _phase6_warm_up(self):
        self._set_phase(StartPhase.CACHES)
        self.app.state.charts = []

    async def _phase7_readiness(self):
        self._set_phase(StartPhase.READINESS)
        initializers.open_store(self.app.state)
