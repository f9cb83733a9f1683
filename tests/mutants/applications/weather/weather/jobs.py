import asyncio


async def refresh(app, town: str) -> None:
    while True:
        app.state.refreshed.append(town)
        await app.state.forecaster.now(town)
        await asyncio.sleep(60)
