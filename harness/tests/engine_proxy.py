"""A way to the container engine that a test can cut: `python -m` this, with a socket.

It exists because no test may stop the engine of the machine that it runs on: for a
harness that talks to this socket the engine is gone as soon as this process is.
"""

import asyncio
import sys
from urllib.parse import urlsplit

from harness.stack.engine import connect


async def _pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()


async def _serve(path: str, engine: str) -> None:
    async def both_ways(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        its_reader, its_writer = await asyncio.open_unix_connection(engine)
        await asyncio.gather(_pass_on(reader, its_writer), _pass_on(its_reader, writer))
        writer.close()
        its_writer.close()

    server = await asyncio.start_unix_server(both_ways, path)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    found = urlsplit(connect().api.base_url)
    real = found.path if found.scheme == "unix" else "/var/run/docker.sock"
    asyncio.run(_serve(sys.argv[1], real))
