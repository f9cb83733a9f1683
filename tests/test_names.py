"""The name that a reader probably meant: a slip, fewer or more words of the same, another suffix, an abbreviation."""

from __future__ import annotations

import pytest

from appstate_lint.timeline.names import nearest


@pytest.mark.parametrize(
    ("name", "candidates", "meant"),
    [
        ("event_buss", ["event_bus", "pool"], "event_bus"),
        ("bus", ["domain_event_bus", "cache"], "domain_event_bus"),
        ("websocket_bridge", ["agent_websocket_bridge", "websocket_manager"], "agent_websocket_bridge"),
        ("user_service", ["user_store", "users_table"], "user_store"),
        ("notif_store", ["notifications", "notebook"], "notifications"),
        ("notif_count", ["notifications"], None),
        ("cart_url", ["cart_setup_tasks"], None),
        ("cart_url", ["cart_tasks", "cart_urls"], "cart_urls"),
        ("job_cmd_lock", ["job_command_lock", "job_factory", "job_restart"], "job_command_lock"),
        ("app_cfg", ["app_config", "app_router"], "app_config"),
        ("pool", ["cache", "engine"], None),
        ("pool", ["pool"], None),
    ],
)
def test_the_nearest_name(name: str, candidates: list[str], meant: str | None) -> None:
    assert nearest(name, candidates) == meant
