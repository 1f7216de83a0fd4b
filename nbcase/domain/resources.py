"""Where the program's own files are, wherever it is installed."""

from functools import cache
from importlib.resources import files
from pathlib import Path


@cache
def resource_path(name: str) -> Path:
    """Path of a file or folder below `resources/`, such as ``theme/tokens.toml``."""
    return Path(str(files("resources").joinpath(name)))
