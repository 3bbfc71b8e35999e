"""Proof that verdicts can be trusted: defects planted on purpose, and who finds them.

A harness that never finds anything looks just like a system without faults. Here the
app's own designs are broken in one place each (`defects.py`), in a copy of the project
(`plant.py`), run through short stories (`stories.py`) over many seeds (`prove.py`), and
counted: each must be found, by the anomaly that names it, and clean designs must not
be (`tally.py`).
"""
