"""The containers' clock is compared with ours, on whichever kernel they run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.stack.engine import connect
from harness.stack.interpolation import environment_for
from harness.stack.ledgers import attempts

pytestmark = pytest.mark.engine


@pytest.fixture(name="container")
def _container(request: pytest.FixtureRequest) -> Iterator[Any]:
    engine = connect()
    environment = environment_for(request.config.rootpath)
    container = engine.containers.run(
        environment.get("PYTHON_IMAGE", "python:3.13-slim"),
        ["sleep", "600"],
        detach=True,
        init=True,
        labels={"celery-proving-ground.test": "clock"},
    )
    yield container
    container.remove(force=True, v=True)
    engine.close()


def test_the_offset_is_never_larger_than_its_error_where_the_clock_is_shared(
    container: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Known from the kernel's boot, or found by looking, as for another kernel's."""
    known = attempts.read_clock(container)
    monkeypatch.setattr(attempts, "_BOOT_ID", tmp_path / "none")
    found = attempts.read_clock(container)

    assert abs(found.offset_seconds) <= found.error_seconds < 2
    assert abs(known.offset_seconds) <= known.error_seconds < 2
    path = tmp_path / "attempts.jsonl"
    path.touch()
    assert attempts.AttemptLog(path, found).offset_seconds == 0
