"""What this computer is connected to: a change of it is the moment to try again."""

import socket

import psutil

Addresses = frozenset[tuple[str, str]]
"""Interface and address, of all interfaces that are up."""


def addresses() -> Addresses:
    """The addresses now; asks the system only, nothing is sent (0.2 ms)."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    return frozenset(
        (name, entry.address)
        for name, entries in psutil.net_if_addrs().items()
        if name in up
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6)
    )
