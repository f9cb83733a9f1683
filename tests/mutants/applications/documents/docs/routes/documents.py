from fastapi import APIRouter, Request

from docs.ingest import ingest

router = APIRouter()


@router.get("/documents")
async def all_documents(request: Request):
    return request.app.state.store.chunks


@router.post("/documents/{text}")
async def add(text: str, request: Request):
    return {"chunks": await ingest(request, text), "images": bool(request.app.state.extract_images)}


@router.get("/query/{word}")
def query(word: str, request: Request):
    return request.app.state.store.find(word)
