"""The faults that a scenario can name. One file each; read any of them alone.

A fault is frozen data with four verbs: `inject` it, `confirm` that it bites, `heal`
it, `verify` that it is gone. Target, direction and timing are arguments.
"""

from harness.faults.clock.shift_clock import shift_clock
from harness.faults.fault import Fault
from harness.faults.messages.deliver_again import deliver_again
from harness.faults.messages.undecodable_body import undecodable_body
from harness.faults.messages.unknown_task import unknown_task
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
from harness.faults.postgres.asynchronous_commit import asynchronous_commit
from harness.faults.postgres.exhaust_connections import exhaust_connections
from harness.faults.postgres.kill_backend import kill_backend
from harness.faults.postgres.lock_row import lock_row
from harness.faults.postgres.lock_table import lock_table
from harness.faults.postgres.read_only import read_only
from harness.faults.postgres.terminate_backends import terminate_backends
from harness.faults.process.crash import crash
from harness.faults.process.crash_loop import crash_loop
from harness.faults.process.kill import kill
from harness.faults.process.kill_child import kill_child
from harness.faults.process.pause import pause
from harness.faults.process.poison import poison
from harness.faults.process.restart import restart
from harness.faults.process.stop import stop
from harness.faults.process.suspend import suspend
from harness.faults.rabbitmq.ack_timeout import ack_timeout
from harness.faults.rabbitmq.alarm import disk_alarm, memory_alarm
from harness.faults.rabbitmq.close_connections import close_connections
from harness.faults.rabbitmq.delete_queue import delete_queue
from harness.faults.rabbitmq.limit_message_size import limit_message_size
from harness.faults.rabbitmq.limit_queue import limit_queue
from harness.faults.rabbitmq.purge_queue import purge_queue
from harness.faults.rabbitmq.revoke_permissions import revoke_permissions
from harness.faults.redis.exhaust_clients import exhaust_clients
from harness.faults.redis.kill_clients import kill_clients
from harness.faults.redis.limit_maxmemory import limit_maxmemory
from harness.faults.redis.pause_clients import pause_clients
from harness.faults.resources.fill_disk import fill_disk
from harness.faults.resources.limit_memory import limit_memory
from harness.faults.resources.limit_processes import limit_processes
from harness.faults.resources.starve_cpu import starve_cpu

__all__ = [
    "Fault",
    "accept_then_close",
    "ack_timeout",
    "asynchronous_commit",
    "close_connections",
    "crash",
    "crash_loop",
    "delete_queue",
    "deliver_again",
    "disk_alarm",
    "exhaust_clients",
    "exhaust_connections",
    "fill_disk",
    "flap",
    "freeze",
    "kill",
    "kill_backend",
    "kill_child",
    "kill_clients",
    "kill_connections",
    "latency",
    "limit_maxmemory",
    "limit_memory",
    "limit_message_size",
    "limit_processes",
    "limit_queue",
    "lock_row",
    "lock_table",
    "memory_alarm",
    "packet_loss",
    "partition",
    "pause",
    "pause_clients",
    "poison",
    "purge_queue",
    "read_only",
    "refuse",
    "reset",
    "restart",
    "revoke_permissions",
    "shift_clock",
    "silence",
    "starve_cpu",
    "stop",
    "suspend",
    "terminate_backends",
    "throttle",
    "truncate",
    "undecodable_body",
    "unknown_task",
    "unplug",
]
