"""Papers: layouts in millimetres as data, rendered to reproducible PDF, handed to a printer."""
