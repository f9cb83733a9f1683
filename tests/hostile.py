"""What hostile files are laid beside: a small service of which the findings are known."""

from __future__ import annotations

GOOD = {
    "shop/__init__.py": "",
    "shop/main.py": (
        "from fastapi import FastAPI, Request\nfrom shop.boot import lifespan\n\napp = FastAPI(lifespan=lifespan)\n\n\n"
        '@app.get("/")\ndef index(request: Request):\n    return request.app.state.pool, request.app.state.bus\n'
    ),
    "shop/boot.py": (
        "from contextlib import asynccontextmanager\n\n\n@asynccontextmanager\nasync def lifespan(app):\n"
        "    app.state.pool = 1\n    yield\n"
    ),
}
STATE = "\n\ndef touch(app):\n    return app.state.pool\n"
"""Makes a file one that is parsed: it mentions a holder."""
