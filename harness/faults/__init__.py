"""The faults that a scenario can name. One file each; read any of them alone.

A fault is frozen data with four verbs: `inject` it, `confirm` that it bites, `heal`
it, `verify` that it is gone. Target, direction and timing are arguments.
"""

from harness.faults.fault import Fault
from harness.faults.kill import kill
from harness.faults.kill_child import kill_child
from harness.faults.poison import poison
from harness.faults.refuse import refuse
from harness.faults.silence import silence

__all__ = ["Fault", "kill", "kill_child", "poison", "refuse", "silence"]
