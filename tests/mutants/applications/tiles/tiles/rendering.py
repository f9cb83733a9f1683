class Renderer:
    def __init__(self, catalog) -> None:
        self.catalog = catalog
        self.made = 0

    def render(self, table: str, zoom: int) -> str:
        self.made += 1
        return f"{table}@{zoom}"
