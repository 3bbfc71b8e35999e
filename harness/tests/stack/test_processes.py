"""Processes inside containers are found and killed by their own ids."""

from collections.abc import Iterator
from typing import Any

import pytest

from harness.clock import now, wait_until
from harness.errors import StackLost
from harness.stack import processes, services
from harness.stack.engine import connect
from harness.stack.interpolation import environment_for

pytestmark = pytest.mark.engine


@pytest.fixture(name="container")
def _container(request: pytest.FixtureRequest) -> Iterator[Any]:
    engine = connect()
    image = environment_for(request.config.rootpath).get("REDIS_IMAGE", "redis:8")
    container = engine.containers.run(
        image,
        ["-c", "sleep 600 & echo $!; sleep 600"],
        entrypoint="sh",
        detach=True,
        init=True,
        labels={"celery-proving-ground.test": "processes"},
    )
    yield container
    container.remove(force=True, v=True)
    engine.close()


@pytest.mark.parametrize("by_exec", [False, True])
def test_a_process_is_seen_until_it_is_killed(
    container: Any, monkeypatch: pytest.MonkeyPatch, *, by_exec: bool
) -> None:
    """By the host's table and by `docker exec` alike."""
    if by_exec:
        monkeypatch.setattr(processes, "_shares_our_processes", lambda _: False)
    assert wait_until(container.logs, within_seconds=10)
    process = int(container.logs())

    assert processes.is_running(container, process, since=now())
    assert not processes.is_running(container, process, since=0)
    assert not processes.is_running(container, 4242, since=now())

    processes.kill(container, process)
    wait_until(
        lambda: not processes.is_running(container, process, since=now()),
        within_seconds=5,
    )
    assert not processes.is_running(container, process, since=now())
    processes.kill(container, process)  # gone already: nothing happens


def test_a_main_process_is_waited_for_while_init_has_none(
    container: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the moment after a start; one that is not to come is told in the end."""
    looks = [None, None]
    look = processes._child_of_init
    monkeypatch.setattr(
        processes, "_child_of_init", lambda c: looks.pop() if looks else look(c)
    )
    main = processes.main_of(container)
    assert not looks
    assert processes.is_running(container, main, since=now())

    container.kill()
    with pytest.raises(StackLost):
        processes.main_of(container)


def test_an_answer_that_the_engine_loses_is_asked_for_again(container: Any) -> None:
    """As a busy engine does; a command that fails is not asked again."""
    times = services.ask(container, ["mktemp"]).decode().strip()
    once = f"echo >> {times}; test $(wc -l < {times}) -lt 3 || echo well"
    assert services.ask(container, ["sh", "-c", once]) == b"well\n"

    with pytest.raises(StackLost, match="did not answer sh: no\n"):
        services.ask(container, ["sh", "-c", "echo no; exit 1"])
    with pytest.raises(StackLost, match="by nothing at all"):
        services.ask(container, ["true"])
