"""What a container may use of the machine, and what the kernel says of it.

It exists because the engine's own words are odd here: a limit that was none is not
taken back by 0, which means "as it is", but by a number of its own for each kind.
Values are those of the engine's API (POST /containers/{id}/update).
"""

import math
from collections.abc import Mapping
from http.client import CONFLICT
from typing import Any

import docker
import docker.errors
import requests

from harness.errors import FaultNotInjected

CPU_PERIOD_MICROSECONDS = 100_000
# No limit, for each kind. Of memory, -1 is refused, and of swap too while memory has a
# limit (cgroup v1): so it is more than there ever is, and swap the kernel's largest
# number of bytes in whole pages, of which memory is a part.
_NO_LIMIT = {
    "CpuPeriod": CPU_PERIOD_MICROSECONDS,
    "CpuQuota": -1,
    "Memory": 1 << 62,
    "MemorySwap": (1 << 63) - 4096,
    "PidsLimit": -1,
}
# How much more than it has a container may still take before it runs out of memory, and
# how much is asked for at most.
_ROOM_MEGABYTES, _MOST_MEGABYTES = 24, 48
# The kernel's thousandth of a limit is in whole pages (of 4 KiB, on most machines), and
# what is over is dropped: in a small container it took what uses the memory up, which
# had some pages more than a thousand of those. Of this multiple nothing is dropped.
_THOUSAND_PAGES = 1000 * 4096
# Less than the 1000 of who is to be killed; the kernel takes who has most.
_FILLER = 990
# The kernel counts a container's processes that it killed for want of memory: in
# cgroup v2's file, or in v1's. What uses the memory up is a process that has it for
# itself, and that the kernel would take before anybody of the container: on a busy
# machine somebody may ask for memory before what a dead one had is given back. Who
# fills it goes before it: they are small, and it ends when they do.
_USE_UP_MEMORY = f"""
for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
    [ -r $file ] && break
done
killed() {{
    while read -r name number; do
        [ "$name" = oom_kill ] && echo "$number"
    done < $file
}}
before=$(killed)
echo 1000 > /proc/$1/oom_score_adj || exit 1
{{
    echo {_FILLER} > /proc/self/oom_score_adj
    for megabyte in $(seq {_MOST_MEGABYTES}); do
        head -c 1M /dev/zero
        [ "$(killed)" = "$before" ] || break
    done
}} | {{ echo $2 > /proc/self/oom_score_adj && exec tail -c 1G > /dev/null; }}
[ "$(killed)" = "$before" ] || exit 0
echo "the kernel killed nobody"
exit 1
"""


def limits_of(container: Any, *kinds: str) -> dict[str, int]:
    """Return what sets these limits of a container to what they are now."""
    container.reload()
    now = container.attrs["HostConfig"]
    return {kind: int(now[kind] or _NO_LIMIT[kind]) for kind in kinds}


def update(
    engine: docker.DockerClient, container_id: str, limits: Mapping[str, int]
) -> None:
    """Set a container's limits, whether it runs or not.

    docker-py's own `update` knows no limit of processes. Raises what is in
    `engine.FAILURES`.
    """
    api = engine.api
    answer = api.post(
        f"{api.base_url}/v{api.api_version}/containers/{container_id}/update",
        json=dict(limits),
        timeout=api.timeout,
    )
    try:
        answer.raise_for_status()
    except requests.HTTPError as error:
        # Not every refusal of the engine has a message, or is JSON at all.
        docker.errors.create_api_error_from_http_exception(error)


def throttled_seconds(container: Any) -> float:
    """Return how long the kernel has kept the container's processes from running.

    Since its start; each process by itself, so that it may grow by more than a second
    in a second.
    """
    throttling = _stats(container)["cpu_stats"]["throttling_data"]
    return float(throttling["throttled_time"] / 1e9)


def kill_by_memory(container: Any, process: int) -> None:
    """Let a container run out of memory; the kernel kills that process of it.

    The kernel takes the largest, unless it is told which: `process` is its id inside
    the container. Raises FaultNotInjected unless the kernel counts one that it killed.
    """
    used = _stats(container)["memory_stats"]
    if not used:
        raise FaultNotInjected(f"{container.name} does not run: it has no memory")
    pages = used["stats"]  # what is only cached goes by itself
    cached = sum(
        pages.get(f"total_{kind}", pages.get(kind, 0))
        for kind in ("active_file", "inactive_file")
    )
    least = used["usage"] - cached + (_ROOM_MEGABYTES << 20)
    most = math.ceil(least / _THOUSAND_PAGES) * _THOUSAND_PAGES
    update(container.client, container.id, {"Memory": most, "MemorySwap": most})
    # The kernel takes who has most, where each thousandth counts as one of the limit:
    # it takes `process` first, however small, then who fills the memory, and then what
    # has it.
    next_one = max(0, 1000 - 1000 * (_MOST_MEGABYTES << 20) // most)
    ended = container.exec_run(
        ["sh", "-c", _USE_UP_MEMORY, "sh", str(process), str(next_one)]
    )
    # The command itself dies where the container does.
    if ended.exit_code == 1:
        said = ended.output.decode(errors="replace").strip()
        raise FaultNotInjected(f"{container.name} did not run out of memory: {said}")


def may_fork(container: Any) -> bool:
    """Say whether a process in the container can start another one.

    None can in one that has ended, or is about to be started once more.
    """
    # The shell, which every image has, forks for a bracket, or ends in an error.
    try:
        answer = container.exec_run(["sh", "-c", "(:); true"])
    except docker.errors.APIError as error:
        if error.status_code != CONFLICT:
            raise
        return False
    return bool(answer.exit_code == 0)


def _stats(container: Any) -> Any:
    return container.stats(stream=False, one_shot=True)
