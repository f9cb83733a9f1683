class Pool:
    pass


class Register(Pool):
    pass


class TideBridge:
    def __init__(self, store=None):
        self.store = store


class EventStore:
    def __init__(self, pool):
        self.pool = pool


class SessionCache:
    pass
