"""What a project declares of its components, read, and compared with the timeline of its applications."""

from appstate_lint.contracts.compliance import Compliance, Obligation
from appstate_lint.contracts.declared import Contract, contracts_of
from appstate_lint.contracts.objects import unread
from appstate_lint.contracts.vacuous import Vacuous, vacuous
from appstate_lint.contracts.verdicts import Status, Verdict, verdicts

__all__ = [
    "Compliance",
    "Contract",
    "Obligation",
    "Status",
    "Vacuous",
    "Verdict",
    "contracts_of",
    "unread",
    "vacuous",
    "verdicts",
]
