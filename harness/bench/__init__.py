"""Benchmarks: what the harness may cost, measured and held against its limits.

To add one: a module with a `measure` that yields `Measured`, and its line in the
command `harness bench` (`harness/commands.py`).
"""
