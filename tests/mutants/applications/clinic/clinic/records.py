from fastapi import FastAPI


class Records:
    def __init__(self) -> None:
        self.names = {7: "Ada", 8: "Grace"}
        self.closed = False

    def name(self, number: int) -> str:
        return self.names[number]

    def close(self) -> None:
        self.closed = True


async def init_records(app: FastAPI) -> None:
    records = Records()
    app.state.records = records


async def close_records(app: FastAPI) -> None:
    records = getattr(app.state, "records", None)
    if records is not None:
        records.close()
