"""Synthetic stations and people: for demonstrations, training, tests and measurements. Nobody in it exists."""
