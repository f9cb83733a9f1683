from starlette.middleware.base import BaseHTTPMiddleware


class LedgerMiddleware(BaseHTTPMiddleware):
    """Writes every request down."""

    def __init__(self, app, word: str) -> None:
        super().__init__(app)
        self.word = word

    async def dispatch(self, request, call_next):
        ledger = request.app.state.ledger
        ledger.write(f"{self.word} {request.url.path}")
        response = await call_next(request)
        response.headers["x-lines"] = str(len(ledger.lines))
        return response
