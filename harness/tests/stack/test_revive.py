"""Whatever a container is by then, each way back may be gone again and again."""

import signal
from collections.abc import Iterator
from typing import Any

import docker
import pytest

from harness.errors import FaultNotHealed
from harness.stack import processes, revive, services
from harness.stack.engine import connect
from harness.stack.interpolation import environment_for

pytestmark = pytest.mark.engine


@pytest.fixture(name="engine")
def _engine() -> Iterator[docker.DockerClient]:
    engine = connect()
    yield engine
    engine.close()


@pytest.fixture(name="container")
def _container(
    request: pytest.FixtureRequest, engine: docker.DockerClient
) -> Iterator[Any]:
    image = environment_for(request.config.rootpath).get("REDIS_IMAGE", "redis:8")
    container = engine.containers.run(
        image,
        ["600"],
        entrypoint="sleep",
        detach=True,
        init=True,
        labels={"celery-proving-ground.test": "revive"},
    )
    container.reload()
    yield container
    container.remove(force=True, v=True)


def _state(container: Any) -> dict[str, Any]:
    container.reload()
    state: dict[str, Any] = container.attrs["State"]
    return state


def test_what_has_died_is_started(engine: docker.DockerClient, container: Any) -> None:
    """And what is only about to die dies first; a second time nothing happens."""
    for end in (container.kill, lambda: None):
        dead = _state(container)["Pid"]
        end()

        revive.start(engine, container.id, dead=dead, restart_policy="no")
        lives = _state(container)["Pid"]
        assert lives not in (0, dead)
        revive.start(engine, container.id, dead=dead, restart_policy="no")
        assert _state(container)["Pid"] == lives


def test_a_restart_policy_goes_back(
    engine: docker.DockerClient, container: Any
) -> None:
    """One that the fault lent to the container must not outlive it."""
    dead = _state(container)["Pid"]
    container.update(restart_policy={"Name": "always"})

    revive.start(engine, container.id, dead=dead, restart_policy="no")

    assert _state(container)["Running"]
    assert revive.restart_policy_of(container) == "no"


def test_what_stands_still_goes_on(engine: docker.DockerClient, container: Any) -> None:
    """A container, and one process in it."""
    container.pause()
    revive.unpause(engine, container.id)
    revive.unpause(engine, container.id)
    assert not _state(container)["Paused"]

    main = processes.main_of(container)
    assert main != 1  # that is the init's
    processes.send(container, main, signal.SIGSTOP)
    assert _is_stopped(container, main)
    revive.resume(engine, container.id, main)
    revive.resume(engine, container.id, main)
    assert not _is_stopped(container, main)


def test_a_paused_container_is_restarted(
    engine: docker.DockerClient, container: Any
) -> None:
    """The hard way works on whatever a container is."""
    before = _state(container)["Pid"]
    container.pause()

    revive.restart(engine, container.id)

    after = _state(container)
    assert after["Running"]
    assert not after["Paused"]
    assert after["Pid"] != before


def test_a_container_that_is_gone_is_nobodys(engine: docker.DockerClient) -> None:
    """The soft ways leave it to whoever looks next; the hard one says so."""
    revive.start(engine, "c0ffee", dead=1, restart_policy="no")
    revive.unpause(engine, "c0ffee")
    revive.resume(engine, "c0ffee", 1)
    with pytest.raises(FaultNotHealed, match="c0ffee could not be restarted"):
        revive.restart(engine, "c0ffee")


def _is_stopped(container: Any, process: int) -> bool:
    stat = services.ask(container, ["cat", f"/proc/{process}/stat"])
    return stat.rpartition(b")")[2].split()[0] == b"T"
