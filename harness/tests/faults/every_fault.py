"""Every kind of fault, with a way to ask for it: what test_on_the_stack.py injects.

It exists because the list is long: one for each family, in the order of harness/faults.
"""

from dataclasses import dataclass
from typing import Any

from harness.conditions import Counts, waiting
from harness.faults import (
    Fault,
    accept_then_close,
    ack_timeout,
    asynchronous_commit,
    close_connections,
    crash,
    crash_loop,
    delete_queue,
    deliver_again,
    disk_alarm,
    exhaust_clients,
    exhaust_connections,
    fill_disk,
    flap,
    freeze,
    kill,
    kill_backend,
    kill_child,
    kill_clients,
    kill_connections,
    latency,
    limit_maxmemory,
    limit_memory,
    limit_message_size,
    limit_processes,
    limit_queue,
    lock_row,
    lock_table,
    memory_alarm,
    packet_loss,
    partition,
    pause,
    pause_clients,
    poison,
    purge_queue,
    read_only,
    refuse,
    reset,
    restart,
    revoke_permissions,
    shift_clock,
    silence,
    starve_cpu,
    stop,
    suspend,
    terminate_backends,
    throttle,
    truncate,
    undecodable_body,
    unknown_task,
    unplug,
)

SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class AtOnce:
    """The condition that is met from the beginning."""

    sentence: str = "the test begins"

    def is_met(self, _: Counts) -> bool:
        """Say so."""
        return True


NOW: Any = {"when": AtOnce(), "for_seconds": SECONDS}
# Where the fault hits messages, the test sees to it that some are there.
SOME_WAIT = waiting(3)
# A few that go all the ways in which a link can be broken and healed.
SAMPLE: list[Fault] = [
    refuse("*", "rabbitmq", **NOW),
    partition("worker", "rabbitmq", **NOW),
    kill("web", **NOW),
    pause("redis", **NOW),
    suspend("worker", **NOW),
]
_ROLES = ("web", "worker", "relay")
_SERVICES = ("postgres", "rabbitmq", "redis")
_NETWORK: list[Fault] = [
    refuse("*", "*", **NOW),
    freeze("worker", "*", **NOW),
    reset("worker", "*", **NOW),
    accept_then_close("*", "*", **NOW),
    silence("*", "*", lost="requests", **NOW),
    silence("*", "*", lost="replies", **NOW),
    silence("*", "*", lost="both", **NOW),
    freeze("*", "*", **NOW),
    latency("*", "*", milliseconds=300, jitter_milliseconds=100, **NOW),
    latency("worker", "postgres", milliseconds=50, direction="both", **NOW),
    throttle("*", "*", kilobytes_per_second=5, **NOW),
    throttle("worker", "*", kilobytes_per_second=2, direction="requests", **NOW),
    throttle("worker", "*", kilobytes_per_second=2, direction="replies", **NOW),
    truncate("*", "*", after_bytes=100, **NOW),
    truncate("worker", "*", after_bytes=400, direction="requests", **NOW),
    flap("*", "*", every_seconds=0.5, **NOW),
    reset("*", "*", **NOW),
    kill_connections("worker", "rabbitmq", when=AtOnce()),
    partition("*", "*", **NOW),
    packet_loss("*", "*", one_in=3, **NOW),
    packet_loss("worker", "rabbitmq", one_in=10, **NOW),
    unplug("worker", **NOW),
    unplug(("worker", "relay"), **NOW),
]
_PROCESS: list[Fault] = [
    *(kill(target, **NOW) for target in (*_ROLES[1:], *_SERVICES)),
    *(pause(target, **NOW) for target in (*_ROLES, *_SERVICES[:2])),
    *(stop(target, grace_seconds=1, **NOW) for target in (*_ROLES, *_SERVICES)),
    stop("worker", by="SIGQUIT", **NOW),
    *(crash(target, when=AtOnce()) for target in (*_ROLES, *_SERVICES)),
    *(restart(target, when=AtOnce()) for target in (*_ROLES, *_SERVICES)),
    *(
        crash_loop(target, when=AtOnce(), for_seconds=5, lives_seconds=1)
        for target in (*_ROLES, *_SERVICES)
    ),
    kill_child(when=AtOnce()),
    poison(**NOW),
]
_RABBITMQ: list[Fault] = [
    memory_alarm(**NOW),
    disk_alarm(**NOW),
    close_connections(when=AtOnce()),
    ack_timeout(within_seconds=60, **NOW),
    limit_queue(messages=3, overflow="drop-head", **NOW),
    limit_queue(messages=3, overflow="reject-publish", **NOW),
    limit_message_size(size_bytes=64, **NOW),
    revoke_permissions(**NOW),
    delete_queue(when=AtOnce()),
    purge_queue(when=SOME_WAIT),
]
_POSTGRES: list[Fault] = [
    kill_backend(when=AtOnce()),
    terminate_backends(when=AtOnce()),
    lock_table(**NOW),
    lock_row(**NOW),
    exhaust_connections(**NOW),
    read_only(**NOW),
    asynchronous_commit(**NOW),
]
_REDIS: list[Fault] = [
    pause_clients(**NOW),
    limit_maxmemory(**NOW),
    limit_maxmemory("allkeys-lru", **NOW),
    exhaust_clients(**NOW),
    kill_clients(when=AtOnce()),
]
_RESOURCES: list[Fault] = [
    *(starve_cpu(target, cpus=0.05, **NOW) for target in (*_ROLES, *_SERVICES)),
    starve_cpu("worker", cpus=0.02, **NOW),
    *(limit_memory(target, **NOW) for target in (*_ROLES, *_SERVICES)),
    limit_memory("worker", takes="child", **NOW),
    *(limit_processes(target, **NOW) for target in (*_ROLES, *_SERVICES)),
    *(fill_disk(service, **NOW) for service in _SERVICES[:2]),
]
_CLOCK: list[Fault] = [
    *(shift_clock(role, seconds=3600, **NOW) for role in _ROLES[1:]),
    shift_clock("worker", seconds=-3600, **NOW),
]
_MESSAGES: list[Fault] = [
    deliver_again(messages=3, when=SOME_WAIT),
    unknown_task(messages=3, when=SOME_WAIT),
    undecodable_body(messages=3, when=SOME_WAIT),
]
OTHERS = [
    *_NETWORK,
    *_PROCESS,
    *_RABBITMQ,
    *_POSTGRES,
    *_REDIS,
    *_RESOURCES,
    *_CLOCK,
    *_MESSAGES,
]
