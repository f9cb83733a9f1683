from functools import lru_cache


class Settings:
    title = "Articles"
    dsn = "memory://articles"
    secret = "salt"
    pool_size = 3


@lru_cache
def get_settings() -> Settings:
    return Settings()
