from contextlib import AsyncExitStack, asynccontextmanager


def merge(*lifespans):
    """Return one lifespan that enters all of them in order."""

    @asynccontextmanager
    async def merged(app):
        async with AsyncExitStack() as stack:
            for lifespan in lifespans:
                await stack.enter_async_context(lifespan(app))
            yield

    return merged
