"""Setting up does what is missing, and is done at once where nothing is."""

from pathlib import Path

import pytest

from harness.clock import now
from harness.errors import UsageError
from harness.stack.setup import set_up

PROJECT = Path(__file__).parents[3]


def test_a_compose_file_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused before minutes of work: no engine is looked for."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    with pytest.raises(UsageError):
        set_up(tmp_path, print)


@pytest.mark.engine
def test_a_second_time_is_quick() -> None:
    """With an engine and every image there, it takes under two seconds."""
    set_up(PROJECT, print)
    told: list[str] = []
    before = now()
    set_up(PROJECT, told.append)
    assert now() - before < 2
    assert len(told) == 1
