from fastapi import APIRouter, HTTPException, Request

from tiles.rendering import Renderer


def catalog_of(request: Request):
    catalog = getattr(request.app.state, "collection_catalog", None)
    if catalog is None:
        raise HTTPException(500, "no catalog")
    return catalog


class Endpoints:
    """The routes of the service."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.router = APIRouter()
        self.router.add_api_route("/collections", self.collections)
        self.router.add_api_route("/collections/{name}", self.collection)
        self.router.add_api_route("/tiles/{name}/{zoom}", self.tile)

    async def collections(self, request: Request):
        return {"title": self.title, "names": list(request.app.state.collection_catalog.tables)}

    async def collection(self, name: str, request: Request):
        return request.app.state.collection_catalog.get(name)

    async def tile(self, name: str, zoom: int, request: Request):
        renderer: Renderer = request.app.state.renderer
        return renderer.render(catalog_of(request).get(name), zoom)
