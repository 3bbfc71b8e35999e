"""The faults that a scenario can name. One file each; read any of them alone.

A fault is frozen data with four verbs: `inject` it, `confirm` that it bites, `heal`
it, `verify` that it is gone. Target, direction and timing are arguments.
"""

from harness.faults.clock.shift_clock import shift_clock
from harness.faults.fault import Fault
from harness.faults.network.accept_then_close import accept_then_close
from harness.faults.network.flap import flap
from harness.faults.network.freeze import freeze
from harness.faults.network.kill_connections import kill_connections
from harness.faults.network.latency import latency
from harness.faults.network.packets import packet_loss, partition
from harness.faults.network.refuse import refuse
from harness.faults.network.reset import reset
from harness.faults.network.silence import silence
from harness.faults.network.throttle import throttle
from harness.faults.network.truncate import truncate
from harness.faults.network.unplug import unplug
from harness.faults.process.crash import crash
from harness.faults.process.crash_loop import crash_loop
from harness.faults.process.kill import kill
from harness.faults.process.kill_child import kill_child
from harness.faults.process.pause import pause
from harness.faults.process.poison import poison
from harness.faults.process.restart import restart
from harness.faults.process.stop import stop
from harness.faults.process.suspend import suspend
from harness.faults.rabbitmq.alarm import memory_alarm
from harness.faults.resources.fill_disk import fill_disk
from harness.faults.resources.limit_memory import limit_memory
from harness.faults.resources.limit_processes import limit_processes
from harness.faults.resources.starve_cpu import starve_cpu

__all__ = [
    "Fault",
    "accept_then_close",
    "crash",
    "crash_loop",
    "fill_disk",
    "flap",
    "freeze",
    "kill",
    "kill_child",
    "kill_connections",
    "latency",
    "limit_memory",
    "limit_processes",
    "memory_alarm",
    "packet_loss",
    "partition",
    "pause",
    "poison",
    "refuse",
    "reset",
    "restart",
    "shift_clock",
    "silence",
    "starve_cpu",
    "stop",
    "suspend",
    "throttle",
    "truncate",
    "unplug",
]
