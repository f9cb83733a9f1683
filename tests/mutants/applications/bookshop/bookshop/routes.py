from fastapi import APIRouter, BackgroundTasks, Depends, Request

from bookshop.dependencies import get_catalog, get_db, get_mailer, get_title
from bookshop.storage import Catalog, Database, Mailer

router = APIRouter()


@router.get("/books")
async def list_books(catalog: Catalog = Depends(get_catalog)):
    return catalog.titles()


@router.get("/books/{number}")
async def show_book(request: Request, title: str = Depends(get_title)):
    return {"title": title, "order": request.app.state.orders.value}


def confirm(app, title: str) -> None:
    app.state.mailer.send(f"{title}, order {app.state.orders.value}")


@router.post("/orders/{number}")
async def order(
    number: int,
    request: Request,
    tasks: BackgroundTasks,
    title: str = Depends(get_title),
    database: Database = Depends(get_db),
):
    placed = request.app.state.orders.add()
    tasks.add_task(confirm, request.app, title)
    return {"order": placed, "open": database.open}


@router.get("/report")
def report(request: Request, mailer: Mailer = Depends(get_mailer)):
    state = request.app.state
    return {"sent": len(mailer.sent), "shop": state.settings["name"], "orders": state.orders.value}
