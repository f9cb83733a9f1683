from fastapi import APIRouter, WebSocket

router = APIRouter()


class Board:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def show(self, line: str) -> None:
        self.lines.append(line)


async def setup(app) -> None:
    lines = list(app.state.store.texts.values())
    app.state.board = Board(lines)


@router.websocket("/board")
async def follow(socket: WebSocket):
    await socket.accept()
    await socket.receive_text()
    board = socket.app.state.board
    await socket.send_json(board.lines)
    await socket.close()
