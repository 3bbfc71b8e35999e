"""Histories are written line by line, safely."""

import os
import threading
from pathlib import Path

import pytest

from harness.errors import EvidenceNotWritten
from harness.history import End, Phase, read
from harness.recorder import Recorder


def test_many_threads_write_whole_lines(tmp_path: Path) -> None:
    """No line is mixed with another, and the end counts them all."""
    recorder = Recorder(tmp_path / "a" / "history.jsonl")

    def write() -> None:
        for number in range(200):
            recorder.record(Phase(time=number, name="x" * 500))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.end()

    history = read(recorder.path)
    ends = [event for event in history if isinstance(event, End)]
    assert history.broken is None
    assert [end.events for end in ends] == [1600]


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    """The message says what could not be written and what to do."""
    (tmp_path / "file").write_text("")

    with pytest.raises(EvidenceNotWritten, match=r"--reports"):
        Recorder(tmp_path / "file" / "history.jsonl")


def test_nothing_is_written_after_a_failure(tmp_path: Path) -> None:
    """A line that a full disk cut stays the last one."""
    recorder = Recorder(tmp_path / "history.jsonl")
    os.close(recorder._file)
    recorder._file = os.open("/dev/full", os.O_WRONLY)

    for _ in range(2):
        with pytest.raises(EvidenceNotWritten, match="No space left"):
            recorder.record(Phase(time=0, name="workload"))
