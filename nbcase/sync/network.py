"""What this computer is connected to: a change of it is the moment to try again."""

import socket

import psutil

Addresses = frozenset[tuple[str, str]]
"""Interface and address, of all interfaces that are up."""


def addresses() -> Addresses:
    """The addresses now, none where the system does not tell; asks the system only, nothing is sent (0.2 ms)."""
    try:
        up = {name for name, state in psutil.net_if_stats().items() if state.isup}
        found = psutil.net_if_addrs()
    except (OSError, psutil.Error):
        return frozenset()
    return frozenset(
        (name, entry.address)
        for name, entries in found.items()
        if name in up
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6)
    )
