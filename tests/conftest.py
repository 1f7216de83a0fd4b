"""Parts that several areas share; each fixture is documented where it is made."""

pytest_plugins = ["tests.parts.postgres", "tests.parts.centres", "tests.parts.desks", "tests.parts.sender"]
