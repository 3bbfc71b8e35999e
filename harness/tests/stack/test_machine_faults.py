"""Limits, disks and clocks are what they were after an undo, whatever came in between:
the undo itself, a restart, or the end of all that it is about.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from harness.clock import wait_until
from harness.errors import FaultNotInjected
from harness.stack import (
    clocks,
    disks,
    limits,
    needs,
    processes,
    services,
    session,
    sidecar,
)
from harness.stack.engine import connect
from harness.stack.undoing import GrowDisk, SetClock, UpdateContainer

pytestmark = pytest.mark.engine

KINDS = ("CpuPeriod", "CpuQuota", "Memory", "MemorySwap", "PidsLimit")


@pytest.fixture(name="engine")
def _engine() -> Iterator[docker.DockerClient]:
    engine = connect()
    yield engine
    engine.close()


def _start(
    engine: docker.DockerClient, owner: session.Session, place: str, **options: Any
) -> Any:
    """Start a container of the session that has two processes and does nothing.

    What it returns runs its command: the engine calls a container started before that.
    """
    container = engine.containers.run(
        sidecar.IMAGE,
        ["sh", "-c", "sleep 600 & echo $! > /tmp/child; exec sleep 600"],
        detach=True,
        init=True,
        labels=owner.labels() | {session.PLACE: place},
        **options,
    )
    assert wait_until(
        lambda: _can(container, "test -s /tmp/child"), within_seconds=10
    ), container.logs()
    return container


def _can(container: Any, command: str) -> bool:
    return bool(container.exec_run(["sh", "-c", command]).exit_code == 0)


def test_a_limit_is_taken_back(
    engine: docker.DockerClient, owner: session.Session
) -> None:
    """Twice, and after the container was started in between, in vain."""
    container = _start(engine, owner, "outbox/worker")
    before = limits.limits_of(container, *KINDS)
    undo = UpdateContainer(container=container.id, limits=before, restart_policy="no")
    for _ in range(2):
        limits.update(
            engine,
            container.id,
            {"CpuPeriod": 100_000, "CpuQuota": 5_000, "PidsLimit": 1},
        )
        assert not limits.may_fork(container)
        container.restart(timeout=0)
        undo.softly(engine)
        undo.softly(engine)

        assert limits.may_fork(container)
        assert limits.limits_of(container, *KINDS) == before
        throttled = limits.throttled_seconds(container)
        assert _can(container, "timeout 0.3 sh -c 'while :; do :; done'; true")
        assert limits.throttled_seconds(container) == throttled


def test_the_kernel_kills_who_it_is_told_to(
    engine: docker.DockerClient, owner: session.Session
) -> None:
    """A child alone, or the main process and all; then there is memory again."""
    container = _start(engine, owner, "outbox/worker")
    undo = UpdateContainer(
        container=container.id,
        limits=limits.limits_of(container, "Memory", "MemorySwap"),
        restart_policy="no",
    )
    child = int(services.ask(container, ["cat", "/tmp/child"]))

    limits.kill_by_memory(container, child)

    assert _can(container, f"test -z $(cat /proc/{child}/cmdline)")  # a zombie has none
    limits.kill_by_memory(container, processes.main_of(container))
    container.wait(timeout=10)
    container.reload()
    assert container.attrs["State"]["OOMKilled"]
    undo.softly(engine)
    undo.softly(engine)
    assert _can(container, "head -c 100M /dev/zero | tail -c 100M | wc -c")


def test_a_full_disk_has_room_again(
    engine: docker.DockerClient, owner: session.Session
) -> None:
    """What was on it is there all the time, also for who is started anew."""
    disk = disks.make(engine, owner, "postgres")
    mounted = {disk: {"bind": "/disk", "mode": "rw"}}
    container = _start(engine, owner, "postgres", volumes=mounted)
    _start(engine, owner, "toxiproxy", volumes=mounted)
    assert disks.disk_of(container) == disk
    assert _can(container, "echo kept > /disk/file")
    undo = GrowDisk(container=container.id, disk=disk)

    for free_megabytes in (0, 3):
        disks.shrink(engine, disk, free_megabytes=free_megabytes)
        size = f"if=/dev/zero of=/disk/more bs=1M count={free_megabytes or 1}"
        assert _can(container, f"dd {size}") == bool(free_megabytes)
        assert not _can(container, "dd if=/dev/zero of=/disk/more bs=1M count=4")
        container.kill()
        undo.softly(engine)
        undo.softly(engine)

        assert _can(container, "grep kept /disk/file")
        assert _can(container, "dd if=/dev/zero of=/disk/more bs=1M count=8")
        assert _can(container, "rm /disk/more")
    session.remove(engine, owner.id)
    undo.softly(engine)  # nothing is left, and nothing comes back by it
    assert session.everything(engine, owner.id) == []


def test_a_stack_without_the_fitting(
    engine: docker.DockerClient, owner: session.Session
) -> None:
    """Its disk is the machine's own, and is never made full."""
    container = _start(engine, owner, "postgres")

    with pytest.raises(FaultNotInjected, match="no disk of a limited size"):
        disks.disk_of(container)


def test_a_clock_is_set_and_set_right(
    engine: docker.DockerClient, owner: session.Session, tmp_path: Path
) -> None:
    """For who runs and for who comes later; monotonic time and file times go on."""
    tmp_path.chmod(0o755)
    clocks.fit(engine, tmp_path)
    file = tmp_path / clocks.file_name("worker")
    clocks.shift(file, 0)
    container = _start(
        engine,
        owner,
        "outbox/worker",
        environment=clocks.environment("/clock/clock-worker"),
        volumes={str(tmp_path): {"bind": clocks.FOLDER, "mode": "ro"}},
    )
    assert clocks.read(container) == (0, True)
    for seconds in (3600, -3600):
        clocks.shift(file, seconds)

        off, its_own = clocks.read(container)
        assert its_own
        assert abs(off - seconds) <= clocks.ERROR_SECONDS
        assert _can(container, _TIMES_GO_ON)
        container.restart(timeout=0)
        assert abs(clocks.read(container)[0] - seconds) <= clocks.ERROR_SECONDS

        for _ in range(2):
            SetClock(file=str(file)).softly(engine)
        assert clocks.read(container) == (0, True)
    SetClock(file=str(tmp_path / "gone" / "clock-worker")).softly(engine)


# A file that is touched twice is as old as it is, and half a second is half a second.
_TIMES_GO_ON = """python3 -c '
import os, pathlib, subprocess, time
begun = time.monotonic()
file = pathlib.Path("/tmp/touched")
file.touch()
file.touch()
time.sleep(0.5)
true = float(subprocess.check_output(["env", "-u", "LD_PRELOAD", "date", "+%s.%N"]))
assert abs(true - os.stat(file).st_mtime) < 5, (true, os.stat(file).st_mtime)
assert 0.5 <= time.monotonic() - begun < 5
assert abs(time.time() - true) > 1000
'"""


@pytest.mark.parametrize("need", sorted(needs.FITTINGS))
def test_what_has_no_sidecar_says_so(
    need: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its image could not be made, these are not possible, and say why."""
    monkeypatch.setattr(sidecar, "IMAGE", "ours/none:such")

    assert needs.why_not.__wrapped__(need) == (
        "there is no image ours/none:such; `harness setup` says why"
    )


@pytest.mark.parametrize("need", [needs.DROP_PACKETS, needs.SMALL_DISKS, needs.CLOCKS])
def test_ctrl_c_in_a_trial_is_heard_and_leaves_nothing(
    engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, need: str
) -> None:
    """It comes while the sidecar runs; that is no word on what is possible here."""

    def ctrl_c(container: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("docker.models.containers.Container.wait", ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        needs._TRIALS[need](engine)
    assert not session.everything(engine, session.of_trials().id)
