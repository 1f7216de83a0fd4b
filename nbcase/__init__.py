"""nbcase: the counter program for the people who serve Ningbo's new residents."""

__version__ = "0.1.0"
