from fastapi import APIRouter, Depends, Request

router = APIRouter()


class Desk:
    """What a request needs to file a ticket."""

    def __init__(self, request: Request) -> None:
        self.store = request.app.state.store
        self.numbering = request.app.state.numbering
        self.index = request.app.state.index

    def file(self, text: str) -> int:
        number = self.numbering.next()
        self.store.add(number, text)
        self.index.learn(text)
        return number


@router.get("")
def all_tickets(request: Request):
    return request.app.state.store.texts


@router.post("/{text}")
def file_ticket(text: str, request: Request, desk: Desk = Depends()):
    number = desk.file(text)
    request.app.state.board.show(f"{number} {text}")
    return number
