"""The desk at which every item is tried."""

from tests.parts.counter import counter_for  # noqa: F401 - the fixture is for every test below
