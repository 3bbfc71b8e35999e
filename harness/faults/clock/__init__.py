"""Faults of time: a wall clock that is wrong."""
