"""A desk's contact with the centre: one loop of named stages, without a window."""
