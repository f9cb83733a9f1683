from fastapi import Depends, Request

from bookshop.storage import Catalog, Database, Mailer


def get_db(request: Request) -> Database:
    return request.app.state.db


def get_catalog(request: Request) -> Catalog:
    return request.app.state.catalog


def get_mailer(request: Request) -> Mailer:
    return request.app.state.mailer


def get_title(number: int, catalog: Catalog = Depends(get_catalog)) -> str:
    return catalog.title(number)
