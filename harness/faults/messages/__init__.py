"""Faults of messages: what a worker gets is not what it should be, or comes again."""
