"""Services are started once, whatever else goes on on the machine."""

import socket

import pytest

from harness.errors import StackNotReady
from harness.stack import services
from harness.stack.compose import Service
from harness.stack.interpolation import environment_for
from harness.stack.session import Session

pytestmark = pytest.mark.engine


def test_a_port_that_somebody_takes_in_between(
    owner: Session, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Another one is chosen; when each is taken, the engine's own words are told."""
    redis = Service(image="redis")
    network = services.create_network(owner)
    image = environment_for(request.config.rootpath).get("REDIS_IMAGE", "redis:8")
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        taken = somebody.getsockname()[1]
        free = services._free_port()
        found = iter([taken, taken, free])
        monkeypatch.setattr(services, "_free_port", lambda: next(found, taken))
        started = services.start(
            redis,
            image=image,
            session=owner,
            network=network,
            place="redis",
            alias="redis",
            environment={},
            ports=[6379],
            weight=3,
        )
        assert services.host_port(started, 6379) == free
        assert started.attrs["HostConfig"]["CpuShares"] == 3 * 1024
        with pytest.raises(StackNotReady, match="could not be started"):
            services.start(
                redis,
                image=image,
                session=owner,
                network=network,
                place="another",
                alias="another",
                environment={},
                ports=[6379],
            )
