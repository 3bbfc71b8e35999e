"""What runs inside the app's containers, and nowhere else.

This folder is mounted there as `/probe`, read-only. `sitecustomize.py` is loaded by
Python itself (`PYTHONPATH=/probe`) and writes the attempts ledger; `linkcheck.py` is
run by hand (`docker exec`) and says what a client in that container feels. Nothing
here imports anything of the harness.
"""
