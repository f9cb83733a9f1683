from enum import Enum


class StoreKind(Enum):
    LOCAL = "local"
    REMOTE = "remote"


STORE_KIND = StoreKind.LOCAL
CHUNK_SIZE = 2
