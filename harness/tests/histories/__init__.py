"""Histories to judge: small hand-made ones on disk, and a builder for more.

`NAME.jsonl` shows exactly the anomaly NAME, and `NAME.clean.jsonl` is its neighbour
that shows none; `NAME.cause.jsonl` shows one anomaly whose cause is proven. They were
written by `python -m harness.tests.histories`, line for line as an outsider would from
the schema, and are read by the tests as they lie there.
"""
