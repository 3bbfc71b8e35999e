"""Says what a client in this container feels on its links. Prints one JSON object.

    python -I -S /probe/linkcheck.py [--timeout 1] [--tries 1] [--size 0]
        name=scheme://host:port ...

It exists because a fault counts only where a client feels it: so it runs inside the
container of the role, and speaks the link's own protocol. A connect that succeeds
proves nothing (a proxy accepts for a service that is gone). For each link:

    sockets   how many sockets of this container go to that host and port, by state,
              counted before ours is made: {"ESTABLISHED": 2, "TIME_WAIT": 1}
    ports     the local ports of the established ones: these name a connection, so that
              the next check sees whether it still stands
    observed  served       an answer in the link's protocol
              refused      nobody listens there
              closed       connected, then ended without an answer, or in its middle
              reset        connected, then reset
              silent       no answer, or no connection, within the time-out
              unreachable  no route, or the name is not known
              garbled      an answer that is none
    detail    the start of the answer, or the error
    seconds   how long that took
    sent, received
              how many bytes

With --tries, `seconds` is the fastest try's, and the first try that is not served is
what is observed. With --size, the request has about so many bytes, and the whole answer
is awaited, which is as long where the protocol has an echo. `retransmitted` counts
what this container's kernel had to send again while all this went on.

Schemes: amqp, postgres (or postgresql), redis, http. All links are checked at once.
Exit code 0 whatever was observed, 2 for arguments that make no sense. Standard library
only, and little of it: a start takes some 40 ms.
"""

import json
import socket
import struct
import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # the real one costs an import of 10 ms
    from collections.abc import Callable

# include/net/tcp_states.h, as /proc/net/tcp prints them
STATES = {
    "01": "ESTABLISHED",
    "02": "SYN_SENT",
    "03": "SYN_RECV",
    "04": "FIN_WAIT1",
    "05": "FIN_WAIT2",
    "06": "TIME_WAIT",
    "08": "CLOSE_WAIT",
    "09": "LAST_ACK",
    "0B": "CLOSING",
}
PORTS = {"amqp": 5672, "postgres": 5432, "redis": 6379, "http": 80}


def main(arguments: list[str]) -> int:
    """Check every link named by the arguments; return the exit code."""
    try:
        options, links = parse(arguments)
    except ValueError as error:
        print(f"linkcheck: {error}", file=sys.stderr)
        return 2
    table = sockets_by_peer()
    before = retransmitted()
    found = {name: blank(options["timeout"]) for name in links}
    threads = [
        threading.Thread(
            target=check, args=(found[name], table, *link, options), daemon=True
        )
        for name, link in links.items()
    ]
    for thread in threads:
        thread.start()
    # looking up a name has no time-out
    end = time.monotonic() + options["timeout"] * options["tries"] + 0.5
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    said = {
        "time": time.monotonic(),
        "retransmitted": retransmitted() - before,
        "links": found,
    }
    print(json.dumps(said))
    return 0


def blank(timeout: float) -> dict[str, object]:
    """Return what is said of a link whose name could not be looked up in time."""
    return {
        "sockets": {},
        "ports": [],
        "observed": "silent",
        "detail": "the name was not looked up in time",
        "seconds": timeout,
        "sent": 0,
        "received": 0,
    }


def parse(
    arguments: list[str],
) -> tuple[dict[str, float], dict[str, tuple[str, str, int]]]:
    """Return the options, and {name: (scheme, host, port)}."""
    arguments = list(arguments)
    options: dict[str, float] = {"timeout": 1.0, "tries": 1, "size": 0}
    while arguments and arguments[0].startswith("--"):
        option, value = arguments[0][2:], arguments[1] if len(arguments) > 1 else ""
        if option not in options:
            raise ValueError(f"no option --{option}, only {', '.join(options)}")
        options[option] = float(value)
        del arguments[:2]
    links = {}
    for argument in arguments:
        name, _, url = argument.partition("=")
        scheme, separator, rest = url.partition("://")
        scheme = "postgres" if scheme == "postgresql" else scheme
        host, _, port = rest.partition("/")[0].rpartition("@")[2].partition(":")
        if not (name and separator and host and scheme in PORTS):
            raise ValueError(
                f"{argument!r} is not name=scheme://host:port "
                f"with a scheme of {', '.join(PORTS)}"
            )
        links[name] = (scheme, host, int(port or PORTS[scheme]))
    return options, links


# --- what this network namespace knows -----------------------------------------

# (address, port) of a peer -> (state, local port) of each socket that goes there
Table = dict[tuple[str, int], list[tuple[str, int]]]


def sockets_by_peer() -> Table:
    """Return the sockets of this network namespace by where they go."""
    table: Table = {}
    for path, family in (
        ("/proc/net/tcp", socket.AF_INET),
        ("/proc/net/tcp6", socket.AF_INET6),
    ):
        try:
            with open(path) as lines:
                next(lines)
                # Own address, peer, state: while sockets come and go, the kernel may
                # list one twice.
                rows = {tuple(line.split()[1:4]) for line in lines}
        except OSError:
            continue  # a kernel without IPv6
        for own, peer, state in rows:
            address, port = peer.split(":")
            sockets = table.setdefault((readable(address, family), int(port, 16)), [])
            sockets.append((STATES.get(state, state), int(own.split(":")[1], 16)))
    return table


def readable(address: str, family: int) -> str:
    """Turn the kernel's hexadecimal words into an address as getaddrinfo writes it."""
    words = [int(address[i : i + 8], 16) for i in range(0, len(address), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    if packed[:12] == b"\0" * 10 + b"\xff\xff":  # IPv4 by way of an IPv6 socket
        packed, family = packed[12:], socket.AF_INET
    return socket.inet_ntop(family, packed)


def retransmitted() -> int:
    """Return how many segments the kernel has sent again (RFC 1213, tcpRetransSegs)."""
    try:
        with open("/proc/net/snmp") as lines:
            names, values = (line.split() for line in lines if line.startswith("Tcp:"))
    except OSError:
        return 0
    return int(values[names.index("RetransSegs")])


# --- fresh round trips ----------------------------------------------------------


def check(
    found: dict[str, object],
    table: Table,
    scheme: str,
    host: str,
    port: int,
    options: dict[str, float],
) -> None:
    """Fill in what is found on one link."""
    addresses = count_sockets(found, table, host, port)
    if not addresses:
        return
    fastest = float("inf")
    for _ in range(int(options["tries"])):
        begun = time.monotonic()
        request, answers = talk(scheme, addresses[0], int(options["size"]))
        observed, detail, received = round_trip(
            request, answers, addresses[0], port, options["timeout"]
        )
        fastest = min(fastest, since(begun))
        found.update(
            observed=observed,
            detail=detail,
            seconds=fastest,
            sent=len(request),
            received=received,
        )
        if observed != "served":
            break


def count_sockets(
    found: dict[str, object], table: Table, host: str, port: int
) -> list[str]:
    """Fill in this container's sockets to a peer; return the peer's addresses."""
    begun = time.monotonic()
    try:
        addresses = [
            str(info[4][0])
            for info in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        ]
    except OSError as error:
        found.update(observed="unreachable", detail=str(error), seconds=since(begun))
        return []
    sockets = [
        each
        for address in dict.fromkeys(addresses)
        for each in table.get((address, port), [])
    ]
    states = [state for state, _ in sockets]
    found["sockets"] = {state: states.count(state) for state in states}
    found["ports"] = [own for state, own in sockets if state == "ESTABLISHED"]
    return addresses


def since(begun: float) -> float:
    """Return the seconds since then, to the microsecond."""
    return round(time.monotonic() - begun, 6)


def round_trip(
    request: bytes,
    answers: "Callable[[bytes], bool | None]",
    host: str,
    port: int,
    timeout: float,
) -> tuple[str, str, int]:
    """Connect, ask, and say what came back: (observed, detail, bytes received)."""
    end = time.monotonic() + timeout
    received = b""
    try:
        with socket.create_connection((host, port), timeout) as link:
            # Closing by reset leaves no TIME_WAIT: the next check counts the sockets
            # of the app, not those of this one.
            link.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            link.sendall(request)
            while True:
                said = answers(received)
                if said is not None:
                    observed = "served" if said else "garbled"
                    return observed, shown(received), len(received)
                link.settimeout(max(0.001, end - time.monotonic()))
                part = link.recv(4096)
                if not part:
                    return "closed", shown(received), len(received)
                received += part
    except ConnectionRefusedError as error:
        return "refused", str(error), 0
    except (ConnectionResetError, ConnectionAbortedError, BrokenPipeError) as error:
        return "reset", str(error), len(received)
    except TimeoutError as error:
        return "silent", str(error), len(received)
    except OSError as error:
        return "unreachable", str(error), 0


def shown(received: bytes) -> str:
    """Return the start of an answer's first line, with a dot for what is no text."""
    line = received[:60].split(b"\r\n")[0]
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)


# --- what each protocol asks, and takes for an answer ---------------------------


def talk(
    scheme: str, host: str, size: int
) -> "tuple[bytes, Callable[[bytes], bool | None]]":
    """Return the request for a link, and what judges its answer.

    A judge returns None while the answer is too short to tell. With a `size`, request
    and answer are long, and the answer is told by its end.
    """
    if size and scheme in LONG_TALK:
        make, answers = LONG_TALK[scheme]
        return make(size), answers
    request, answers = TALK[scheme]
    return request.replace(b"{host}", host.encode()), answers


def amqp_answers(received: bytes) -> bool | None:
    """Expect the method frame Connection.Start (10, 10) on channel 0."""
    if len(received) < 11:
        return None if received[:1] in (b"", b"\x01") else False
    return received[:3] == b"\x01\0\0" and received[7:11] == b"\0\x0a\0\x0a"


def postgres_answers(received: bytes) -> bool | None:
    """Expect S or N, the answer to "do you speak TLS?"."""
    return received[:1] in (b"S", b"N") if received else None


def redis_answers(received: bytes) -> bool | None:
    """Expect a status or an error: both are said by a living Redis."""
    return received[:1] in (b"+", b"-") if b"\r\n" in received else None


def http_answers(received: bytes) -> bool | None:
    """Expect a status line, whatever the status."""
    return received.startswith(b"HTTP/1.") if b"\r\n" in received else None


TALK = {
    "amqp": (b"AMQP\0\0\x09\x01", amqp_answers),
    "postgres": (struct.pack("!II", 8, 80877103), postgres_answers),
    "redis": (b"PING\r\n", redis_answers),
    "http": (
        b"GET /health/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
        http_answers,
    ),
}


def long_amqp(size: int) -> bytes:
    """Say hello, and log in as nobody with a long description of ourselves."""

    def short(text: bytes) -> bytes:
        return bytes([len(text)]) + text

    def long(text: bytes) -> bytes:
        return struct.pack("!I", len(text)) + text

    # With this capability the broker says no by a frame instead of by a silence.
    capabilities = short(b"authentication_failure_close") + b"t\x01"
    properties = short(b"capabilities") + b"F" + long(capabilities)
    properties += short(b"about") + b"S" + long(b"x" * size)
    start_ok = struct.pack("!HH", 10, 11) + long(properties) + short(b"PLAIN")
    start_ok += long(b"\0linkcheck\0linkcheck") + short(b"en_US")
    return TALK["amqp"][0] + b"\x01\0\0" + long(start_ok) + b"\xce"


def long_amqp_answers(received: bytes) -> bool | None:
    """Expect two whole frames: Connection.Start and Connection.Close (10, 50)."""
    if amqp_answers(received) is not True:
        return amqp_answers(received)
    start_ends = 8 + struct.unpack("!I", received[3:7])[0]
    close = received[start_ends:]
    if len(close) < 11 or len(close) < 8 + struct.unpack("!I", close[3:7])[0]:
        return None
    return close[7:11] == b"\0\x0a\0\x32"


def long_postgres(size: int) -> bytes:
    """Begin a session with an option that no server knows; its name is told back."""
    options = b"user\0linkcheck\0_pq_." + b"x" * size + b"\0\0\0"
    return struct.pack("!II", 8 + len(options), 3 << 16) + options


def long_postgres_answers(received: bytes) -> bool | None:
    """Expect a whole NegotiateProtocolVersion, which lists unknown options."""
    if received[:1] not in (b"", b"v"):
        return False
    if len(received) < 5:
        return None
    return len(received) >= 1 + struct.unpack("!I", received[1:5])[0] or None


def long_redis(size: int) -> bytes:
    """Ask for an echo."""
    return b"*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n" % (size, b"x" * size)


def long_redis_answers(received: bytes) -> bool | None:
    """Expect a whole bulk string, or an error."""
    head, newline, rest = received.partition(b"\r\n")
    if not newline or head[:1] == b"-":
        return True if newline else None
    if head[:1] != b"$":
        return False
    return True if len(rest) >= int(head[1:]) + 2 else None


LONG_TALK = {
    "amqp": (long_amqp, long_amqp_answers),
    "postgres": (long_postgres, long_postgres_answers),
    "redis": (long_redis, long_redis_answers),
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
