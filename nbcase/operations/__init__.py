"""Use cases: one function is one act, with its permission check, one unit of work and one commit."""
