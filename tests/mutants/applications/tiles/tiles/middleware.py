class CatalogAge:
    """Notes how often the catalog was asked since it was made."""

    def __init__(self, app, ttl: int) -> None:
        self.app = app
        self.ttl = ttl

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "http":
            catalog = scope["app"].state.collection_catalog
            catalog.age += 1
        await self.app(scope, receive, send)
