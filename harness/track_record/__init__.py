"""The track record: how often each failure of the catalogue shows on this stack.

It exists because a failure that is told of may be rare, mended since, or never have
been so. Each has a story and a design in which it must show; `harness track-record`
runs that some twenty times and counts, and the README's table is what it counted.
"""
