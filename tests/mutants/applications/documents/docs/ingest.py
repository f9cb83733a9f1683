import asyncio


def split(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


async def ingest(request, text: str) -> int:
    """Cut a text into chunks beside the event loop and store them."""
    state = request.app.state
    loop = asyncio.get_running_loop()
    chunks = await loop.run_in_executor(state.thread_pool, split, text, state.chunk_size)
    return state.store.add(chunks)
