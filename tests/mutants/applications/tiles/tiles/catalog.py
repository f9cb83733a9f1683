class Catalog:
    def __init__(self, tables: list[str]) -> None:
        self.tables = {table.partition(".")[2]: table for table in tables}
        self.age = 0

    def get(self, name: str) -> str:
        return self.tables[name]


async def register_catalog(app) -> None:
    connection = app.state.pool.acquire()
    tables = await connection.tables(app.state.schemas)
    app.state.collection_catalog = Catalog(tables)
