"""project, timeline → migrations: what accessors are declared, who still uses them, and which are not declared yet."""
