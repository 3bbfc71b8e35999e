"""Faults on processes: they end, or they stand still."""
