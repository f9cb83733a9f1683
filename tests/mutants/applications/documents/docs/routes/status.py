from fastapi import APIRouter, Request

router = APIRouter()


@router.get("/health")
async def health(request: Request):
    state = request.app.state
    return {"indexed": state.store.indexed, "chunk": state.chunk_size + 0, "keys": len(state.keys)}
