"""Faults of the database itself: what it does when it is in trouble, or is told to."""
