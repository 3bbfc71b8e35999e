"""Many processes append to one ledger, and are killed at any moment."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

from harness.history import AttemptLeft
from harness.stack.ledgers.attempts import AttemptLog
from harness.tests.probe.little_app import environment

# Eight writers; again and again one of them is killed, and another one takes its place.
# How many writes had returned to whom stands in memory that they share.
WRITERS = """
    import json, mmap, os, random, signal, sys, time
    sys.path.insert(0, os.environ["PYTHONPATH"])
    from celery_probe import lines

    # A store in one step: what `struct` writes is zero for a moment.
    board = memoryview(mmap.mmap(-1, 8 * 8)).cast("q")
    slots = {}
    told = {}

    def begin(slot):
        board[slot] = 0
        writer = os.fork()
        if writer:
            slots[slot] = writer
            return
        number = 0
        while True:
            number += 1
            lines.write("attempt_left", job=number, task="t" * 36,
                        outcome="raised", error="e" * 400)
            board[slot] = number

    def kill(slot):
        writer = slots.pop(slot)
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        told[writer] = board[slot]

    luck = random.Random(7)
    for slot in range(8):
        begin(slot)
    for _ in range(60):
        time.sleep(luck.uniform(0, 0.02))
        slot = luck.randrange(8)
        kill(slot)
        begin(slot)
    for slot in range(8):
        kill(slot)
    print(json.dumps(told))
"""


def test_no_line_is_lost(tmp_path: Path) -> None:
    """A write that returned is in the ledger; at most a killed writer's last is not.

    Some of those are cut, where two pages of the file meet.
    """
    path = tmp_path / "attempts.jsonl"
    path.touch()
    ledger = AttemptLog(path)
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(WRITERS)],
        env=environment(tmp_path),
        capture_output=True,
        timeout=60,
        check=True,
    )
    told = {int(writer): count for writer, count in json.loads(ended.stdout).items()}
    found: dict[int, list[int]] = {writer: [] for writer in told}
    for event in ledger.read():
        assert isinstance(event, AttemptLeft)
        found[event.process].append(event.job)

    assert len(told) == 68
    assert sum(told.values()) > 5_000
    for writer, count in told.items():
        assert found[writer] == list(range(1, len(found[writer]) + 1))
        assert len(found[writer]) in (count, count + 1)
