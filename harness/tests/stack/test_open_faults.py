"""The record of open faults outlives whoever wrote it."""

from pathlib import Path

import pytest

from harness.stack.open_faults import (
    HealProxies,
    NothingToUndo,
    OpenFault,
    StartContainer,
    forget,
    on_record,
    read,
)

CUT = OpenFault(
    name="refuse",
    lane="tutorial",
    undo=HealProxies(toxiproxy_url="http://127.0.0.1:1", proxies=("a", "b")),
)
KILL = OpenFault(name="kill", lane="outbox", undo=StartContainer(container="c0ffee"))


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


def test_a_fault_that_ends_by_itself_is_on_record_too(tmp_path: Path) -> None:
    """What was open when the harness died is known, whatever undoes it."""
    fault = OpenFault(name="kill_child", lane="outbox", undo=NothingToUndo())

    with on_record(tmp_path, fault):
        assert read(tmp_path) == [fault]
