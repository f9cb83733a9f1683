from fastapi import Request


async def security_middleware(request: Request, call_next):
    if request.method == "POST":
        request.state.allowed = "secret" in request.app.state.keys
    return await call_next(request)
