"""One of several processes that use a cache at once: ``python tests/cache_worker.py ROOT FOLDER``.

Each line of input is an order, ``cold`` or ``stored``: without a cache, or with the one in FOLDER. Each line of output
is all that the analysis told but the counts of files, on one line of JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec

from appstate_lint import engine
from appstate_lint.cache import Store
from appstate_lint.config import Settings


def told(root: Path, store: Store | None) -> str:
    plain = msgspec.to_builtins(engine.analyze(root, Settings(), store=store))
    del plain["coverage"]["files"]
    if store is not None:
        store.close()
        plain["troubles"] = store.troubles
    return json.dumps(plain)


def main() -> None:
    root, folder = map(Path, sys.argv[1:])
    for order in sys.stdin:
        print(told(root, Store(folder, root) if order == "stored\n" else None), flush=True)


if __name__ == "__main__":
    main()
