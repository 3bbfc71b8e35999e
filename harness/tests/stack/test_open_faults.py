"""The record of open faults outlives whoever wrote it."""

from contextlib import suppress
from pathlib import Path
from typing import cast

import docker
import pytest

from harness.stack.open_faults import OpenFault, forget, on_record, read, undo_all
from harness.stack.services import Plug
from harness.stack.toxiproxy import Proxy
from harness.stack.undoing import (
    CallBroker,
    GrowDisk,
    HealProxies,
    NothingToUndo,
    PlugIn,
    RemoveRules,
    RunInside,
    SetClock,
    StartContainer,
    TellPostgres,
    Undo,
    UpdateContainer,
)

CUT = OpenFault(
    name="refuse",
    lane="tutorial",
    undo=HealProxies(
        container="c0ffee",
        toxiproxy_url="http://127.0.0.1:1",
        proxies=(
            Proxy(name="a", port=20001, upstream="redis:6379"),
            Proxy(name="b", port=20002, upstream="redis:6379"),
        ),
    ),
)
KILL = OpenFault(
    name="kill",
    lane="outbox",
    undo=StartContainer(container="c0ffee", dead=11, restart_policy="no"),
)


def test_a_fault_is_on_record_while_it_is_open(tmp_path: Path) -> None:
    """And off it once it is healed; oldest first in between."""
    with on_record(tmp_path, CUT):
        with on_record(tmp_path, KILL):
            assert read(tmp_path) == [CUT, KILL]
        assert read(tmp_path) == [CUT]
    assert read(tmp_path) == []


def test_what_could_not_be_healed_stays_on_record(tmp_path: Path) -> None:
    """So that the guard, or `harness recover`, finds it."""

    def fail() -> None:
        with on_record(tmp_path, CUT):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert read(tmp_path) == [CUT]
    forget(tmp_path, CUT)
    assert read(tmp_path) == []


def test_a_session_without_faults_has_no_record(tmp_path: Path) -> None:
    """There is nothing to heal then."""
    assert read(tmp_path) == []


@pytest.mark.parametrize(
    "undo",
    [
        NothingToUndo(),
        RemoveRules(chains={"c0ffee": ("proving-ground-20001",)}),
        PlugIn(
            plugs=(
                Plug(
                    container="c0ffee",
                    network="stack",
                    aliases=("outbox-worker",),
                    address="172.18.0.9",
                ),
            )
        ),
        UpdateContainer(
            container="c0ffee",
            limits={"CpuPeriod": 100_000, "CpuQuota": -1},
            restart_policy="on-failure",
        ),
        GrowDisk(container="c0ffee", disk="stack-postgres"),
        SetClock(file="/probe-log/clock-worker"),
        RunInside(container="c0ffee", commands=(("rm", "-f", "/filler"),)),
        TellPostgres(
            container="c0ffee",
            dsn="postgresql://jobs:jobs@127.0.0.1:1/outbox",
            statements=("ALTER SYSTEM RESET synchronous_commit",),
        ),
        CallBroker(
            url="http://127.0.0.1:1",
            user="jobs",
            password="jobs",
            calls=(
                ("DELETE", "policies/outbox/chaos", None),
                ("PUT", "permissions/outbox/jobs", {"read": ".*"}),
            ),
        ),
    ],
)
def test_every_undo_comes_back_as_it_was(tmp_path: Path, undo: Undo) -> None:
    """What was open when the harness died is known, whatever undoes it."""
    fault = OpenFault(name="some fault", lane="outbox", undo=undo)

    with on_record(tmp_path, fault):
        assert read(tmp_path) == [fault]


def test_one_that_cannot_be_undone_keeps_no_other_from_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever fails there: a full disk is no error that an undo foresees."""
    clock = tmp_path / "clock-worker"
    clock.with_suffix(".draft").mkdir()
    stuck = OpenFault(name="clock", lane="outbox", undo=SetClock(file=str(clock)))
    over = OpenFault(name="over", lane="outbox", undo=NothingToUndo())
    for fault in (over, stuck):
        with suppress(RuntimeError), on_record(tmp_path, fault):
            raise RuntimeError

    assert undo_all(tmp_path, cast(docker.DockerClient, None)) == [stuck]
    assert read(tmp_path) == [stuck]
    assert "clock of outbox: not healed" in capsys.readouterr().err
