"""What the probe costs a job: CPU of real workers, with it and without it.

It exists because a probe that slows the app down would change what it shows. Two
workers, twins of a lane's own, work side by side through as many `power` jobs each, on
the same broker and database; only one of them is watched. Wall-clock time says nothing
on a busy machine (-14 to +148 %, `containers.md`): CPU is read, block by block.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev
from typing import Any
from urllib.parse import urlsplit

import harness
from harness.bench.measured import Measured
from harness.clock import wait_until
from harness.errors import StackLost
from harness.stack import stack
from harness.stack.lane import Lane
from harness.stack.lane_plan import LanePlan

_DESIGN = "late_ack"
_BLOCKS, _JOBS_PER_BLOCK = 20, 150
# The first jobs fill caches and open connections.
_WARM_UP_JOBS = 100
# The 97.5 % quantile of Student's t with 19 degrees of freedom.
_T = 2.093
_BLOCK_WITHIN_SECONDS = 120

# Run inside the lane's web, where the app is: stores jobs and publishes them.
_SUBMIT = """
from jobs.models import Job
for _ in range({jobs}):
    Job.objects.create(type="power", argument=8)
"""


def measure(tell: Callable[[str], None]) -> Iterator[Measured]:
    """Let both workers do their jobs, and compare what each block of them cost."""
    project = Path(harness.__file__).parents[1]
    up = stack.up(project, lanes=(LanePlan(design=_DESIGN),), keep=False, tell=tell)
    try:
        without, watched = _milliseconds_per_job(up.lanes[_DESIGN], up, tell)
    finally:
        stack.leave(up, tell)
    cost, error = _cost(without, watched)
    yield Measured(
        what="a power job's CPU in the worker", value=fmean(without), unit="ms"
    )
    yield Measured(what="    watched by the probe", value=fmean(watched), unit="ms")
    yield Measured(what="    the probe's share", value=cost, unit="%", at_most=5)
    for end, value in (("from", cost - error), ("to", cost + error)):
        yield Measured(what=f"    its 95 % interval: {end}", value=value, unit="%")


def _cost(without: Sequence[float], watched: Sequence[float]) -> tuple[float, float]:
    """Return what the probe adds, in percent, and the half of its 95 % interval.

    The blocks are pairs: both workers met the same machine at the same time.
    """
    base = fmean(without)
    added = [
        100 * (more - less) / base for less, more in zip(without, watched, strict=True)
    ]
    return fmean(added), _T * stdev(added) / len(added) ** 0.5


def _milliseconds_per_job(
    lane: Lane, up: stack.Stack, tell: Callable[[str], None]
) -> tuple[list[float], list[float]]:
    """Return each block's CPU per job, without the probe and with it."""
    jobs = _WARM_UP_JOBS + (_BLOCKS + 1) * _JOBS_PER_BLOCK
    twins = {"bench_without": {"PROBE_LOG": ""}, "bench_watched": {}}
    for vhost in twins:
        tell(f"publishing {jobs} power jobs for {vhost.removeprefix('bench_')}")
        lane.broker.create_vhost(vhost)
        _submit(lane, vhost, jobs)
    tell(f"{_BLOCKS} blocks of {_JOBS_PER_BLOCK} jobs each")
    workers = {
        vhost: _twin(up, lane, vhost, environment)
        for vhost, environment in twins.items()
    }
    with ThreadPoolExecutor(len(workers)) as pool:
        measured = pool.map(
            lambda vhost: _blocks(lane, vhost, workers[vhost], jobs), workers
        )
        without, watched = measured
    return without, watched


def _submit(lane: Lane, vhost: str, jobs: int) -> None:
    web = lane.roles["web"]
    answer = web.exec_run(
        ["python", "manage.py", "shell", "-c", _SUBMIT.format(jobs=jobs)],
        environment={"PROBE_LOG": "", "BROKER_URL": _broker_url(web, vhost)},
    )
    if answer.exit_code != 0:
        raise StackLost(f"jobs could not be submitted: {answer.output.decode()}")


def _twin(up: stack.Stack, lane: Lane, vhost: str, environment: dict[str, str]) -> Any:
    """Start a worker like the lane's own, with one child, on a vhost of its own."""
    worker = lane.roles["worker"]
    config, host = worker.attrs["Config"], worker.attrs["HostConfig"]
    return up.engine.containers.run(
        config["Image"],
        config["Cmd"],
        environment={
            **_environment(worker),
            "BROKER_URL": _broker_url(worker, vhost),
            "WORKER_CONCURRENCY": "1",
            **environment,
        },
        labels=config["Labels"],
        volumes=host["Binds"],
        network=next(iter(worker.attrs["NetworkSettings"]["Networks"])),
        init=True,
        detach=True,
    )


def _environment(container: Any) -> dict[str, str]:
    return dict(each.split("=", 1) for each in container.attrs["Config"]["Env"])


def _broker_url(container: Any, vhost: str) -> str:
    url = urlsplit(_environment(container)["BROKER_URL"])
    return url._replace(path=f"/{vhost}").geturl()


def _blocks(lane: Lane, vhost: str, worker: Any, jobs: int) -> list[float]:
    """Return the CPU per job, in ms, of each block of jobs that the worker does."""

    def done() -> int:
        (queue,) = lane.broker.queues(vhost)
        return jobs - queue.ready - queue.unacknowledged

    def wait_for(count: int) -> tuple[float, float]:
        if not wait_until(
            lambda: done() >= count,
            within_seconds=_BLOCK_WITHIN_SECONDS,
            every_seconds=0.02,
        ):
            raise StackLost(f"the worker of {vhost} did not do {count} jobs")
        before, cpu, after = done(), _cpu_milliseconds(worker), done()
        return (before + after) / 2, cpu

    readings = [
        wait_for(_WARM_UP_JOBS + number * _JOBS_PER_BLOCK)
        for number in range(_BLOCKS + 1)
    ]
    return [
        (cpu - cpu_before) / (count - count_before)
        for (count_before, cpu_before), (count, cpu) in pairwise(readings)
    ]


def _cpu_milliseconds(container: Any) -> float:
    """Return the CPU that all processes of the container have had, exactly."""
    stats = container.stats(stream=False, one_shot=True)
    return float(stats["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e6
