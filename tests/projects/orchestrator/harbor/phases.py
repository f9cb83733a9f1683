from enum import Enum, auto


class StartPhase(Enum):
    INIT = auto()
    CONFIGURATION = "configuration"
    CONNECTIONS = "connections"
    SERVICES = "services"
    INTEGRATION = "integration"
    CACHES = "caches"
    READINESS = "readiness"
