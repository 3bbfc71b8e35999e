"""What some faults need, and whether it is to be had here.

It exists so that a fault that this engine, kernel or image cannot do is never taken for
one that did no harm: what needs it is not run, and says why. Some of it is a fitting: a
stack has it only if it was started with it, as it costs something, and is started with
it where a selected story needs it.
"""

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import docker

from harness.errors import FaultNotInjected
from harness.stack import clocks, disks, sidecar
from harness.stack.engine import FAILURES, connect

DROP_PACKETS = "iptables"
CUT_CONNECTIONS = "ss -K"
LIMIT_CPU = "a limit to a container's CPU time"
LIMIT_MEMORY = "a limit to a container's memory and swap"
LIMIT_PROCESSES = "a limit to a container's processes"
SMALL_DISKS = "disks of a limited size"
CLOCKS = "clocks of its own"
# What a stack must have been started with.
FITTINGS = frozenset({SMALL_DISKS, CLOCKS})

_Trial = Callable[[docker.DockerClient], str | None]


@functools.cache
def why_not(need: str) -> str | None:
    """Say why this machine cannot do what some faults need; None if it can.

    Tried once in a process, in containers and on disks of its own. Raises
    EngineMissing.
    """
    if need not in _TRIALS:
        return f"nothing tries whether {need} is there"
    try:
        return _TRIALS[need](connect())
    except (FaultNotInjected, *FAILURES) as error:
        return str(error).splitlines()[0]


def _in_a_network(script: str) -> _Trial:
    def tried(engine: docker.DockerClient) -> str | None:
        if missing := sidecar.is_missing(engine):
            return missing
        sidecar.run(engine, script, cap_add=["NET_ADMIN"], network_mode="none")
        return None

    return tried


def _by_the_engine(*abilities: str) -> _Trial:
    """Take the engine's word: it has looked which controllers the kernel gives it."""

    def asked(engine: docker.DockerClient) -> str | None:
        info: dict[str, Any] = engine.info()
        lacking = [each for each in abilities if not info.get(each)]
        return f"the engine has no {' and no '.join(lacking)}" if lacking else None

    return asked


_TRIALS: Mapping[str, _Trial] = MappingProxyType(
    {
        DROP_PACKETS: _in_a_network(sidecar.TRY_TO_DROP),
        CUT_CONNECTIONS: _in_a_network(sidecar.TRY_TO_CUT),
        LIMIT_CPU: _by_the_engine("CpuCfsPeriod", "CpuCfsQuota"),
        LIMIT_MEMORY: _by_the_engine("MemoryLimit", "SwapLimit"),
        LIMIT_PROCESSES: _by_the_engine("PidsLimit"),
        SMALL_DISKS: disks.why_not,
        CLOCKS: clocks.why_not,
    }
)
