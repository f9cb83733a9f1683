"""project → timeline: each application's life interpreted on abstract values (DESIGN section 5)."""

from appstate_lint.timeline.questions import Component, Life, Timeline

__all__ = ["Component", "Life", "Timeline"]
