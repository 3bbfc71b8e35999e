"""Lanes are worked on side by side; a run that is to end does not wait for them."""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.cell import Cell
from harness.clock import now, wait_until
from harness.recorder import Recorder
from harness.run import _Lanes

NOTHING: Any = SimpleNamespace()


def test_a_phase_of_a_run_that_is_to_end(tmp_path: Path) -> None:
    """It ends at once, and its lanes never look as if they had been through it."""
    cell = Cell(
        design=NOTHING,
        lane=NOTHING,
        recorder=Recorder(tmp_path / "history.jsonl", watch=lambda _: None),
        key_prefix="",
        session_folder=tmp_path,
        tell=print,
    )
    stop = threading.Event()

    def settles_slowly(_: Cell) -> None:
        stop.set()
        wait_until(lambda: False, within_seconds=60)

    begun = now()
    with _Lanes([cell], faults=0, stop=stop) as lanes:
        lanes.do("settle", settles_slowly)
        assert lanes.alive == []
    cell.recorder.close()
    assert now() - begun < 5
    assert "the run was ended before" in (tmp_path / "history.jsonl").read_text()
