"""The faults that a scenario can name. One file each; read any of them alone.

A fault is frozen data with four verbs: `inject` it, `confirm` that it bites, `heal`
it, `verify` that it is gone. Target, direction and timing are arguments.
"""

from harness.faults.fault import Fault
from harness.faults.refuse import refuse
from harness.faults.silence import silence

__all__ = ["Fault", "refuse", "silence"]
