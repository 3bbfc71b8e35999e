"""Says what a client in this container feels on its links. Prints one JSON object.

    python -I -S /probe/linkcheck.py [--timeout 1] name=scheme://host:port ...

It exists because a fault counts only where a client feels it: so it runs inside the
container of the role, and speaks the link's own protocol. A connect that succeeds
proves nothing (a proxy accepts for a service that is gone). For each link:

    sockets   how many sockets of this container go to that host and port, by state,
              counted before ours is made: {"ESTABLISHED": 2, "TIME_WAIT": 1}
    observed  served       an answer in the link's protocol
              refused      nobody listens there
              closed       connected, then ended without an answer
              reset        connected, then reset
              silent       no answer, or no connection, within the time-out
              unreachable  no route, or the name is not known
              garbled      an answer that is none
    detail    the start of the answer, or the error
    seconds   how long that took

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
        timeout, links = parse(arguments)
    except ValueError as error:
        print(f"linkcheck: {error}", file=sys.stderr)
        return 2
    table = sockets_by_peer()
    found = {name: blank(timeout) for name in links}
    threads = [
        threading.Thread(
            target=check, args=(found[name], table, *link, timeout), daemon=True
        )
        for name, link in links.items()
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + timeout + 0.5  # looking up a name has no time-out
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    print(json.dumps({"time": time.monotonic(), "links": found}))
    return 0


def blank(timeout: float) -> dict[str, object]:
    """Return what is said of a link whose name could not be looked up in time."""
    return {
        "sockets": {},
        "observed": "silent",
        "detail": "the name was not looked up in time",
        "seconds": timeout,
    }


def parse(arguments: list[str]) -> tuple[float, dict[str, tuple[str, str, int]]]:
    """Return the time-out and {name: (scheme, host, port)}."""
    arguments = list(arguments)
    timeout = 1.0
    if arguments[:1] == ["--timeout"]:
        timeout = float(arguments[1] if len(arguments) > 1 else "")
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
    return timeout, links


# --- sockets that are there ----------------------------------------------------


def sockets_by_peer() -> dict[tuple[str, int], dict[str, int]]:
    """Return {(address, port): {state: count}} of this network namespace."""
    table: dict[tuple[str, int], dict[str, int]] = {}
    for path, family in (
        ("/proc/net/tcp", socket.AF_INET),
        ("/proc/net/tcp6", socket.AF_INET6),
    ):
        try:
            with open(path) as lines:
                next(lines)
                rows = [line.split()[2:4] for line in lines]
        except OSError:
            continue  # a kernel without IPv6
        for peer, state in rows:
            address, port = peer.split(":")
            states = table.setdefault((readable(address, family), int(port, 16)), {})
            word = STATES.get(state, state)
            states[word] = states.get(word, 0) + 1
    return table


def readable(address: str, family: int) -> str:
    """Turn the kernel's hexadecimal words into an address as getaddrinfo writes it."""
    words = [int(address[i : i + 8], 16) for i in range(0, len(address), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    if packed[:12] == b"\0" * 10 + b"\xff\xff":  # IPv4 by way of an IPv6 socket
        packed, family = packed[12:], socket.AF_INET
    return socket.inet_ntop(family, packed)


# --- one fresh round trip -------------------------------------------------------


def check(
    found: dict[str, object],
    table: dict[tuple[str, int], dict[str, int]],
    scheme: str,
    host: str,
    port: int,
    timeout: float,
) -> None:
    """Fill in what is found on one link."""
    begun = time.monotonic()
    try:
        addresses = [
            str(info[4][0])
            for info in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        ]
    except OSError as error:
        found.update(observed="unreachable", detail=str(error), seconds=since(begun))
        return
    sockets: dict[str, int] = {}
    for address in dict.fromkeys(addresses):
        for state, count in table.get((address, port), {}).items():
            sockets[state] = sockets.get(state, 0) + count
    found["sockets"] = sockets
    observed, detail = round_trip(scheme, addresses[0], port, timeout)
    found.update(observed=observed, detail=detail, seconds=since(begun))


def since(begun: float) -> float:
    """Return the seconds since then, to the microsecond."""
    return round(time.monotonic() - begun, 6)


def round_trip(scheme: str, host: str, port: int, timeout: float) -> tuple[str, str]:
    """Connect, ask, and say what came back: (observed, detail)."""
    request, answers = TALK[scheme]
    end = time.monotonic() + timeout
    received = b""
    try:
        with socket.create_connection((host, port), timeout) as link:
            # Closing by reset leaves no TIME_WAIT: the next check counts the sockets
            # of the app, not those of this one.
            link.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            link.sendall(request.replace(b"{host}", host.encode()))
            while True:
                said = answers(received)
                if said is not None:
                    return ("served" if said else "garbled"), shown(received)
                link.settimeout(max(0.001, end - time.monotonic()))
                part = link.recv(4096)
                if not part:
                    return "closed", shown(received)
                received += part
    except ConnectionRefusedError as error:
        return "refused", str(error)
    except (ConnectionResetError, BrokenPipeError) as error:
        return "reset", str(error)
    except TimeoutError as error:
        return "silent", str(error)
    except OSError as error:
        return "unreachable", str(error)


def shown(received: bytes) -> str:
    """Return the start of an answer's first line, with a dot for what is no text."""
    line = received[:60].split(b"\r\n")[0]
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)


# Each of these returns None while the answer is too short to tell.


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
