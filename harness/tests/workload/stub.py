"""A little web service on loopback that answers as each test wants.

It exists because what a client makes of a reset or a cut body can only be tested
against a server that really resets and really cuts.
"""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the stub does with one request: wait, write, then close or reset."""

    text: bytes = b""
    after_seconds: float = 0
    reset: bool = False


@dataclass(slots=True, kw_only=True)
class Seen:
    """What the stub was asked: (method, path, headers, body) in order of arrival."""

    base_url: str = ""
    requests: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)


Behave = Callable[[str, str, Any], Answer]


def http(status: int, body: object, *, cut_bytes: int = 0) -> bytes:
    """Return a whole HTTP answer, or one whose body lacks its last `cut_bytes`."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} Stub\r\nContent-Length: {len(text)}\r\n\r\n".encode()
    return head + (text[:-cut_bytes] if cut_bytes else text)


class _Server(ThreadingHTTPServer):
    """Each connection has a thread, and all threads have ended when the server has.

    asyncio's own server, in Python 3.11, leaves a connection open that comes in the
    very turn of its loop in which it is closed: a later test was blamed for that.
    """

    daemon_threads = False  # so that `server_close` waits for them
    request_queue_size = 128

    def shutdown_request(self, request: Any) -> None:
        self.close_request(request)  # with no FIN before it: a reset stays a reset

    def handle_error(self, request: Any, client_address: Any) -> NoReturn:
        # In the connection's thread, where pytest sees it.
        raise RuntimeError("the stub's own error")


@contextmanager
def serving(behave: Behave) -> Iterator[Seen]:
    """Serve on a free port until the block ends."""
    seen = Seen()
    over = threading.Event()

    class Conversation(BaseHTTPRequestHandler):
        timeout = 5  # seconds; who asks nothing does not hold up the end for ever

        def handle(self) -> None:
            with suppress(ConnectionError):  # the client left
                super().handle()

        def converse(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.requests.append((self.command, self.path, headers, body))
            answer = behave(self.command, self.path, body)
            if over.wait(answer.after_seconds):
                return
            if answer.reset:
                at_once = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            self.wfile.write(answer.text)

        # The names that http.server looks for.
        do_GET = do_POST = do_DELETE = do_PATCH = converse  # noqa: N815

    with _Server(("127.0.0.1", 0), Conversation) as server:
        seen.base_url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield seen
        finally:
            over.set()
            server.shutdown()
            thread.join()
