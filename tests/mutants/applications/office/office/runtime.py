class Scheduler:
    def __init__(self, agents) -> None:
        self.agents = agents
        self.ticks = 0

    async def tick(self) -> int:
        self.ticks += 1
        return self.ticks


class Desk:
    def __init__(self, messages) -> None:
        self.messages = messages

    def greet(self, text: str) -> str:
        self.messages.send("desk", text)
        return text.upper()


def start_runtime(app_state) -> None:
    """Put what works with the open stores into the state."""
    app_state.scheduler = Scheduler(app_state.agents)
    app_state.desk = Desk(app_state.messages)


async def stop_runtime(app_state) -> None:
    await app_state.scheduler.tick()
