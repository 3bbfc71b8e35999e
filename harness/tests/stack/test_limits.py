"""An engine's refusal is one error, whatever it looks like."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import docker
import docker.errors
import pytest

from harness.stack import limits


class _Refusal(BaseHTTPRequestHandler):
    body: bytes

    def do_POST(self) -> None:
        self.send_response(500)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(name="engine", params=(b"", b"busy", b'{"message": "busy"}'))
def _engine(request: pytest.FixtureRequest) -> Iterator[docker.DockerClient]:
    handler = type("Handler", (_Refusal,), {"body": request.param})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        engine = docker.DockerClient(
            base_url=f"http://127.0.0.1:{server.server_port}", version="1.41"
        )
        yield engine
        engine.close()
        server.shutdown()


def test_a_refusal_with_and_without_a_message(engine: docker.DockerClient) -> None:
    """Who undoes a limit tries again after that error, and after no other."""
    with pytest.raises(docker.errors.APIError) as refused:
        limits.update(engine, "some-container", {"PidsLimit": 1})
    assert refused.value.status_code == 500
