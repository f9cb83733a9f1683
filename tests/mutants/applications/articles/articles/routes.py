from fastapi import APIRouter, Depends, HTTPException, Request

from articles.dependencies import repository
from articles.repositories import Articles, Users

articles = APIRouter(prefix="/articles")
users = APIRouter()


@articles.get("")
async def all_articles(repo: Articles = Depends(repository(Articles))):
    return await repo.all()


@articles.get("/{slug}")
async def article(slug: str, request: Request, repo: Articles = Depends(repository(Articles))):
    if slug not in await repo.all():
        raise HTTPException(404)
    return {"slug": slug, "tags": list(request.app.state.tags)}


@users.post("/login/{name}")
async def login(name: str, request: Request, repo: Users = Depends(repository(Users))):
    if not await repo.known(name):
        raise HTTPException(403)
    return request.app.state.tokens.issue(name)


@users.get("/tags")
async def tags(request: Request):
    return {"count": len(request.app.state.tags), "title": request.app.state.settings.title}
