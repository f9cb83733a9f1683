class Connection:
    async def tables(self, schemas: tuple[str, ...]) -> list[str]:
        return [f"{schema}.roads" for schema in schemas]


class Pool:
    def __init__(self) -> None:
        self.closed = False

    def acquire(self) -> Connection:
        return Connection()

    def close(self) -> None:
        self.closed = True


async def connect_to_db(app, schemas: tuple[str, ...]) -> None:
    app.state.pool = Pool()
    app.state.schemas = schemas


async def close_db_connection(app) -> None:
    app.state.pool.close()
