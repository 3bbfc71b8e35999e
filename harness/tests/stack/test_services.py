"""Services are started once, whatever else goes on on the machine."""

import os
import shutil
import socket
from collections.abc import Iterator

import pytest

from harness.errors import StackNotReady
from harness.stack import services
from harness.stack.compose import Service
from harness.stack.engine import connect
from harness.stack.interpolation import environment_for
from harness.stack.session import Session, claim, new_session, remove

pytestmark = pytest.mark.engine


@pytest.fixture(name="session")
def _session() -> Iterator[Session]:
    new = new_session(keep=False, fingerprint="-")
    held = claim(new)
    assert held is not None
    yield new
    remove(connect(), new.id)
    os.close(held)
    shutil.rmtree(new.folder)


def test_a_port_that_somebody_takes_in_between(
    session: Session, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Another one is chosen; when each is taken, the engine's own words are told."""
    redis = Service(image="redis")
    network = services.create_network(session)
    image = environment_for(request.config.rootpath).get("REDIS_IMAGE", "redis:8")
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        taken = somebody.getsockname()[1]
        free = services._free_port()
        found = iter([taken, taken, free])
        monkeypatch.setattr(services, "_free_port", lambda: next(found, taken))
        started = services.start(
            redis,
            image=image,
            session=session,
            network=network,
            place="redis",
            alias="redis",
            environment={},
            ports=[6379],
        )
        assert services.host_port(started, 6379) == free
        with pytest.raises(StackNotReady, match="could not be started"):
            services.start(
                redis,
                image=image,
                session=session,
                network=network,
                place="another",
                alias="another",
                environment={},
                ports=[6379],
            )
