"""Says what happens to who works with a service from this container: not only whether
it answers, but whether it does what the app needs of it. Prints one JSON object.

    python -I /probe/workcheck.py [--timeout 1] [--tries 1] [--size 1]
        name=scheme://host:port ...

It exists because a service in trouble may greet every client and serve none: a broker
with an alarm opens connections and takes no message, a database that is full lets
everybody look. So this logs in as the app does, by the URL for that host and port in
this container's environment, and has it do some work of so many bytes:

    amqp      takes a message for nobody, and confirms it
    postgres  lets the jobs be changed (the lock that a change needs, no change) and
              stores some bytes, all of it rolled back
    redis     stores some bytes for a few seconds, and gives them back

What is said of a link is what linkcheck.py says of it, but `observed` is

    served    it was done
    silent    it was not done within the time-out
    refused   it was not done, and `detail` says why in the service's own words

and the time of a try is that of the whole work. It imports the app's own client
libraries and nothing else of it.
"""

import json
import os
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from urllib.parse import unquote, urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from urllib.parse import SplitResult

    from harness.probe import linkcheck
else:  # it lies beside this file, and `python -I` does not look there
    sys.path.insert(0, __file__.rpartition("/")[0])
    import linkcheck

# The app's own table of jobs (app/jobs/models.py), and the one lock that every INSERT
# and UPDATE takes on it.
LOCK = "LOCK TABLE jobs_job IN ROW EXCLUSIVE MODE"
STORE = "CREATE TABLE workcheck AS SELECT repeat('x', %s)"


def main(arguments: list[str]) -> int:
    """Do some work on every link named by the arguments; return the exit code."""
    try:
        options, links = linkcheck.parse(arguments)
        urls = {name: url_for(*link[1:]) for name, link in links.items()}
    except ValueError as error:
        print(f"workcheck: {error}", file=sys.stderr)
        return 2
    found = {name: linkcheck.blank(options["timeout"]) for name in links}
    for name, (_, host, port) in links.items():
        linkcheck.count_sockets(found[name], linkcheck.sockets_by_peer(), host, port)
    threads = [
        threading.Thread(target=check, args=(found[name], url, options), daemon=True)
        for name, url in urls.items()
    ]
    for thread in threads:
        thread.start()
    # Several steps, each with the time-out: to connect, to log in, to work.
    end = time.monotonic() + options["timeout"] * options["tries"] * 3 + 0.5
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    said = {"time": time.monotonic(), "retransmitted": 0, "links": found}
    print(json.dumps(said))
    sys.stdout.flush()
    os._exit(0)  # a thread that still waits for a service shall not be waited for


def url_for(host: str, port: int) -> "SplitResult":
    """Return the URL by which the app in this container reaches that host and port."""
    for value in os.environ.values():
        with suppress(ValueError):
            url = urlsplit(value)
            if (url.hostname, url.port) == (host, port):
                return url
    raise ValueError(f"nothing in the environment is a URL for {host}:{port}")


def check(
    found: dict[str, object], url: "SplitResult", options: dict[str, float]
) -> None:
    """Fill in what came of the work on one link."""
    work = WORK["postgres" if url.scheme == "postgresql" else url.scheme]
    fastest = float("inf")
    for _ in range(int(options["tries"])):
        begun = time.monotonic()
        observed, detail = attempt(
            work, url, options["timeout"], int(options["size"]) or 1
        )
        fastest = min(fastest, linkcheck.since(begun))
        found.update(observed=observed, detail=detail, seconds=fastest)
        if observed != "served":
            break


def attempt(
    work: "Callable[[SplitResult, float, int], None]",
    url: "SplitResult",
    timeout: float,
    size: int,
) -> tuple[str, str]:
    """Do the work; return what is observed, and the error's first line."""
    try:
        work(url, timeout, size)
    except TimeoutError as error:
        return "silent", str(error)
    except Exception as error:
        first_line = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        waited_in_vain = "timeout" in first_line.lower()
        return "silent" if waited_in_vain else "refused", first_line[:200]
    return "served", ""


# --- the work --------------------------------------------------------------------


def publish(url: "SplitResult", timeout: float, size: int) -> None:
    """Publish a message that no queue takes; the broker confirms it all the same."""
    import amqp

    link = amqp.Connection(
        host=f"{url.hostname}:{url.port}",
        userid=unquote(url.username or "guest"),
        password=unquote(url.password or "guest"),
        virtual_host=unquote(url.path[1:]) or "/",
        connect_timeout=timeout,
        read_timeout=timeout,
        write_timeout=timeout,
        confirm_publish=True,
    )
    try:
        link.connect()
        message = amqp.Message(b"x" * size)
        link.channel().basic_publish_confirm(
            message, exchange="", routing_key="workcheck"
        )
    finally:
        transport = link.transport
        if transport is not None and transport.sock is not None:
            vanish(transport.sock.fileno())
        link.collect()


def change(url: "SplitResult", timeout: float, size: int) -> None:
    """Take the lock that a change of a job needs, store some bytes, take it back."""
    import psycopg2

    milliseconds = int(timeout * 1000)
    link = psycopg2.connect(
        url.geturl(),
        connect_timeout=max(2, int(timeout)),  # libpq takes no less
        application_name="workcheck",
        options=f"-c lock_timeout={milliseconds} -c statement_timeout={milliseconds}",
    )
    try:
        with link.cursor() as cursor:
            cursor.execute(LOCK)
            cursor.execute(STORE, [size])
        link.rollback()
    finally:
        vanish(link.fileno())
        link.close()


def store(url: "SplitResult", timeout: float, size: int) -> None:
    """Store some bytes for a few seconds, and ask for them."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client = redis.Redis.from_url(
        url.geturl(),
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        single_connection_client=True,
    )
    try:
        client.set("workcheck", b"x" * size, ex=5)
        if client.get("workcheck") is None:
            raise LookupError("what was stored is not there")
    finally:
        if client.connection is not None and client.connection._sock is not None:
            vanish(client.connection._sock.fileno())
        client.close()


def vanish(file: int) -> None:
    """Let a socket end by reset: the next check counts the sockets of the app."""
    with suppress(OSError), socket.socket(fileno=os.dup(file)) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


WORK = {"amqp": publish, "postgres": change, "redis": store}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
