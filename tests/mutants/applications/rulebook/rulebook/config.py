from dataclasses import dataclass


@dataclass
class Settings:
    database_url: str = "memory://rules"
    log_level: str = "info"


def load_settings() -> Settings:
    return Settings()
