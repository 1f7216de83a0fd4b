"""The centre as a process: HTTP in front of the same operations, stores and domain as everywhere."""
