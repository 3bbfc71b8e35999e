"""Faults of Redis itself: what it does when it is in trouble, or is told to."""
