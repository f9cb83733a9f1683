import logging

from fastapi import FastAPI

logger = logging.getLogger(__name__)


class Bus:
    def __init__(self) -> None:
        self.messages: list[str] = []

    def publish(self, message: str) -> int:
        self.messages.append(message)
        return len(self.messages)


class Pulse:
    def __init__(self, bus: Bus, names: dict[int, str]) -> None:
        self.bus = bus
        self.names = names

    def beat(self, number: int) -> str:
        self.bus.publish(self.names[number])
        return f"{self.names[number]} 72"


def init_bus(app: FastAPI) -> Bus:
    app.state.event_bus = Bus()
    return app.state.event_bus


def init_monitoring(app: FastAPI) -> None:
    bus = init_bus(app)
    app.state.pulse = Pulse(bus, app.state.records.names)
    logger.info("monitoring %d patients", len(app.state.pulse.names))


class Audit:
    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.paths: list[str] = []

    def note(self, path: str) -> None:
        self.paths.append(path)


def init_audit(state) -> None:
    state.audit = Audit(state.event_bus)
