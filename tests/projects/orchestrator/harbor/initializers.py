from harbor.parts import EventStore, Register, SessionCache, TideBridge


async def open_pool(app):
    app.state.connection_pool = Register()


def build_bridge(app):
    app.state.tide_bridge = TideBridge()


def open_store(state):
    state.event_store = EventStore(state.connection_pool)


def fill_cache(app):
    app.state.session_cache = SessionCache()
