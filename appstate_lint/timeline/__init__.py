"""project → timeline: each application's life interpreted on abstract values (DESIGN section 5)."""

from appstate_lint.timeline.questions import Component, Life, Timeline
from appstate_lint.timeline.telling import Telling, interpret

__all__ = ["Component", "Life", "Telling", "Timeline", "interpret"]
