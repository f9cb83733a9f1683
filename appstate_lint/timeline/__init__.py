"""project → timeline: each application's life interpreted on abstract values (DESIGN section 5)."""
