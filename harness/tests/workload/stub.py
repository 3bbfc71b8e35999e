"""A little web service on loopback that answers as each test wants.

It exists because what a client makes of a reset or a cut body can only be tested
against a server that really resets and really cuts.
"""

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


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


@contextmanager
def serving(behave: Behave) -> Iterator[Seen]:
    """Serve on a free port until the block ends."""
    seen = Seen()
    listener = socket.create_server(("127.0.0.1", 0))
    seen.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            writer.close()

    async def converse(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {
            name.lower(): value
            for name, _, value in (line.partition(": ") for line in head[1:] if line)
        }
        length = int(headers.get("content-length", 0))
        body = json.loads(await reader.readexactly(length)) if length else None
        seen.requests.append((method, path, headers, body))
        answer = behave(method, path, body)
        await asyncio.sleep(answer.after_seconds)
        if answer.reset:
            own = writer.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.write(answer.text)
        await writer.drain()

    async def serve() -> None:
        over = asyncio.Event()
        server = await asyncio.start_server(handle, sock=listener)
        stopper.set_result((asyncio.get_running_loop(), over))
        await over.wait()
        server.close()  # what still converses is cancelled by asyncio.run

    stopper: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    loop, over = stopper.result()
    try:
        yield seen
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
