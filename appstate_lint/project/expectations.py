"""What a test expects of a request: that it succeeds, or something else, or nothing."""

from __future__ import annotations

import re
from http import HTTPStatus

from appstate_lint.facts import flow
from appstate_lint.facts.flow import Block, Expr
from appstate_lint.project.fixtures import own
from appstate_lint.project.symbols import statements

_STATUS_NAME = re.compile(r"HTTP_(\d{3})_\w+")
_BAD_REQUEST = 400
_STATUS = frozenset({"status_code", "is_success", "is_error", "is_client_error", "is_server_error", "raise_for_status"})
_ASSERTING = frozenset({"assertEqual", "assertEquals"})


def expected(body: Block, call: flow.Call) -> bool | None:
    """Tell whether a test says that a request succeeds; ``None`` if it may fail, as far as it says."""
    holding = [
        statement.targets[0].id
        for statement in statements(body)
        if isinstance(statement, flow.Bind) and len(statement.targets) == 1
        and isinstance(statement.targets[0], flow.Name) and statement.value is not None
        and any(node is call for node in flow.nodes(statement.value))
    ]  # fmt: skip
    name = holding[0] if holding else ""
    later = sorted(
        target.at[0]
        for statement in statements(body)
        if isinstance(statement, flow.Bind)
        for target in statement.targets
        if isinstance(target, flow.Name) and target.id == name and target.at[0] > call.at[0]
    )
    end = later[0] if later else None
    verdict = False
    for statement in statements(body):
        for node in flow.nodes(own(statement)):
            if isinstance(node, flow.Attr) and node.at[0] >= call.at[0] and (end is None or node.at[0] <= end):
                of_it = node.value == call or (
                    isinstance(node.value, flow.Name) and node.value.id == name
                    and (end is None or node.at[0] < end)
                )  # fmt: skip
                if of_it and node.name in _STATUS:
                    said = _says(statement, node)
                    if said is None:
                        return None
                    verdict = verdict or said
    return verdict


def _says(statement: flow.Stmt, status: flow.Attr) -> bool | None:
    """Tell whether a statement says that a status is one of success; ``None`` where it says something else."""
    if status.name == "raise_for_status":
        return True
    if status.name == "is_success" and isinstance(statement, flow.Assert) and statement.test == status:
        return True
    parts: list[Expr] = [statement.test] if isinstance(statement, flow.Assert) else []
    while any(isinstance(each, flow.Bool) and each.op == "and" for each in parts):
        parts = [p for each in parts for p in (each.values if isinstance(each, flow.Bool) else (each,))]
    for part in parts:
        if isinstance(part, flow.Compare) and status in (part.left, part.right):
            other = part.right if part.left == status else part.left
            codes = other.items if isinstance(other, flow.Sequence) else (other,)
            if part.op in ("==", "in") and all(0 < _code(each) < _BAD_REQUEST for each in codes):
                return True
    if isinstance(statement, flow.Do) and isinstance(statement.value, flow.Call):
        call = statement.value
        said = flow.last_name(call.func) in _ASSERTING and status in call.args
        if said and all(each == status or 0 < _code(each) < _BAD_REQUEST for each in call.args[:2]):
            return True
    return None


def _code(expr: Expr) -> int:
    """Return the status code that an expression says, 0 if it says none."""
    if isinstance(expr, flow.Const):
        return expr.value if isinstance(expr.value, int) else 0
    name = flow.last_name(expr)
    if name in HTTPStatus.__members__:
        return int(HTTPStatus[name])
    named = _STATUS_NAME.fullmatch(name)
    return int(named[1]) if named else 0
