"""Switches the probe on in every Python process that is told where to write.

Python imports `sitecustomize` at its start. It exists here so that the app is watched
without a change to its code or image: `PYTHONPATH=/probe` and `PROBE_LOG=<file>` do
it. Without `PROBE_LOG` it does nothing at all.
"""

import importlib
import os

if os.environ.get("PROBE_LOG"):
    try:
        importlib.import_module("celery_probe").start()
    except Exception as error:  # the app must run, whatever becomes of the probe
        os.write(2, f"probe: not started: {error!r}\n".encode())
