"""A language server driven over its pipes, as an editor drives it: just enough of the protocol for tests."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

PATIENCE = 60
"""Seconds after which an answer is missing."""

Message = dict[str, Any]


@contextmanager
def serving(
    command: Sequence[str], root: Path, settings: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> Iterator[Client]:
    """Run the server ``command`` in ``root``, give it ``settings`` as an editor does, and yield a client of it."""
    process = subprocess.Popen(
        command, cwd=root, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin
    assert process.stdout
    try:
        client = Client(process.stdin, process.stdout)
        client.request("initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": {}})
        client.notify("initialized", {})
        client.notify("workspace/didChangeConfiguration", {"settings": settings})
        yield client
        client.request("shutdown", None)
        client.notify("exit", None)
        process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


class Client:
    """One conversation with a server; documents are known by their paths."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests = requests
        self._ids = 0
        self._versions: dict[Path, int] = {}
        self._incoming: queue.Queue[Message] = queue.Queue()
        self._waiting: list[Message] = []
        threading.Thread(target=_read, args=(answers, self._incoming), daemon=True).start()

    def open(self, path: Path, text: str) -> None:
        """Open ``path`` in a window that shows ``text``."""
        self._versions[path] = 1
        document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def change(self, path: Path, text: str) -> None:
        """Replace the text that the window of ``path`` shows, without saving it."""
        self._versions[path] += 1
        document = {"uri": path.as_uri(), "version": self._versions[path]}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def save(self, path: Path) -> None:
        """Tell the server that ``path`` was saved; writing the file is left to the caller."""
        self.notify("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})

    def diagnostics(self, path: Path) -> list[Message]:
        """Wait for the next diagnostics of ``path`` and return them; raises ``queue.Empty`` if none come."""

        def published(message: Message) -> bool:
            return (
                message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == path.as_uri()
            )

        found: list[Message] = self._next(published)["params"]["diagnostics"]
        return found

    def request(self, method: str, parameters: Any) -> Message:
        """Send a request and return its answer."""
        self._ids += 1
        number = self._ids
        self._send({"id": number, "method": method, "params": parameters})
        return self._next(lambda message: message.get("id") == number and "method" not in message)

    def notify(self, method: str, parameters: Any) -> None:
        """Send what needs no answer."""
        self._send({"method": method, "params": parameters})

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._requests.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._requests.flush()

    def _next(self, wanted: Any) -> Message:
        for message in self._waiting:
            if wanted(message):
                self._waiting.remove(message)
                return message
        while not wanted(message := self._incoming.get(timeout=PATIENCE)):
            if "id" in message and "method" in message:
                self._send({"id": message["id"], "result": None})
            else:
                self._waiting.append(message)
        return message


def _read(answers: IO[bytes], incoming: queue.Queue[Message]) -> None:
    """Put each message of the server on the queue, until it closes its pipe."""
    while header := answers.readline():
        length = int(header.split(b":")[1])
        while answers.readline().strip():
            pass
        incoming.put(json.loads(answers.read(length)))
