"""Toxiproxy, as far as we use it: proxies that can be closed, and toxics on them.

It exists so that toxiproxy-python is imported in one place and is safe there. Of that
library we use what carries a call: `APIConsumer` and its exceptions. Its `Proxy` and
`Toxiproxy` objects are left alone, since they pass no time-out and all read one
server's address from one class. Here each server has a consumer of its own, and every
call has a time-out, no proxy from the environment, a quoted name and a checked answer
(`faults.md` §2.6). Listeners are `[::]:port`: with `0.0.0.0`, Toxiproxy takes any
update for a new address and drops connections and toxics (§2.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import requests
from toxiproxy.api import APIConsumer
from toxiproxy.exceptions import (
    InvalidToxic,
    NotFound,
    ProxyExists,
)

from harness.errors import HarnessError

Stream = Literal["upstream", "downstream"]
Step = Literal["soft", "recreated"]

# Toxiproxy itself gives up after 25 s; nothing that is well takes longer than 1 s.
TIMEOUT_SECONDS = 5.0
# Requests falls back to HTTP_PROXY for any scheme that is not said to have none.
NO_PROXIES = {"http": None, "https": None, "all": None}

# Each toxic's attributes with the least and the largest value that makes sense
# (Toxiproxy takes negative latencies without a word). Milliseconds, but rate in
# kB/s, sizes in bytes and the slicer's delay in microseconds.
LARGEST = 2**31 - 1
TOXICS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "latency": {"latency": (0, LARGEST), "jitter": (0, LARGEST)},
    "bandwidth": {"rate": (0, LARGEST)},
    "slow_close": {"delay": (0, LARGEST)},
    "timeout": {"timeout": (0, LARGEST)},
    "reset_peer": {"timeout": (0, LARGEST)},
    "slicer": {
        "average_size": (1, LARGEST),
        "size_variation": (0, LARGEST),
        "delay": (0, LARGEST),
    },
    "limit_data": {"bytes": (0, LARGEST)},
}
# Without these the toxic does nothing, or crashes the server (slicer).
REQUIRED: Mapping[str, frozenset[str]] = {
    "latency": frozenset({"latency"}),
    "bandwidth": frozenset({"rate"}),
    "slow_close": frozenset({"delay"}),
    "timeout": frozenset({"timeout"}),
    "reset_peer": frozenset({"timeout"}),
    "slicer": frozenset({"average_size", "size_variation"}),
    "limit_data": frozenset({"bytes"}),
}


class ToxiproxyError(HarnessError):
    """Toxiproxy did not do what was asked of it, or not in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy as it is meant to be: all that it takes to make it again."""

    name: str
    port: int
    upstream: str

    @property
    def listen(self) -> str:
        """Return the address that it listens on, in Toxiproxy's own words."""
        return f"[::]:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyState:
    """What a proxy is now. `toxics` are the names of those on it, in order."""

    name: str
    listen: str
    upstream: str
    enabled: bool
    toxics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Toxiproxy:
    """One server, at a URL like `http://127.0.0.1:8474`. May be used by many threads.

    Every method raises ToxiproxyError when the server refuses, fails or takes longer
    than TIMEOUT_SECONDS.
    """

    url: str

    def create(self, proxy: Proxy) -> None:
        """Make an enabled proxy; its upstream is host:port as the server sees it."""
        if not 1 <= proxy.port <= 65535:
            raise ToxiproxyError(
                f"proxy {proxy.name}: {proxy.port} is no port that it could listen on."
            )
        if "/" in proxy.name:
            raise ToxiproxyError(
                f"proxy {proxy.name!r}: its name must have no slash in it."
            )
        settings = {
            "name": proxy.name,
            "listen": proxy.listen,
            "upstream": proxy.upstream,
            "enabled": True,
        }
        self._call("post", "/proxies", json=settings)

    def delete(self, name: str) -> None:
        """Remove the proxy and close its connections; one that is gone is fine."""
        try:
            self._call("delete", _path(name))
        except _Missing:
            return

    def disable(self, name: str) -> None:
        """Refuse new connections and close those that stand; toxics stay."""
        self._call("post", _path(name), json={"enabled": False})

    def enable(self, name: str) -> None:
        """Accept connections again; toxics that stayed apply again."""
        self._call("post", _path(name), json={"enabled": True})

    def redirect(self, name: str, upstream: str) -> None:
        """Lead the proxy elsewhere; connections that stand are closed."""
        self._call("post", _path(name), json={"upstream": upstream})

    def add_toxic(
        self, name: str, type: str, stream: Stream, attributes: Mapping[str, int]
    ) -> str:
        """Put a toxic on every connection of the proxy; return the toxic's name.

        Always with toxicity 1: luck is drawn in the harness, from the seed.
        """
        _check_toxic(name, type, stream, attributes)
        toxic = {
            "name": f"{type}_{stream}",
            "type": type,
            "stream": stream,
            "toxicity": 1.0,
            "attributes": dict(attributes),
        }
        self._call("post", _path(name, "toxics"), json=toxic)
        return f"{type}_{stream}"

    def heal(self, proxy: Proxy) -> Step:
        """Bring the proxy back to what it is meant to be, however it is now.

        In the order that cannot hang: disable, delete the toxics, enable (§2.4).
        Connections through it are closed. Where a step fails, the proxy is deleted,
        which works even on one that is stuck, and made again. Targets that were
        paused must go on before.
        """
        try:
            self.disable(proxy.name)
            self._delete_toxics(proxy.name)
            self._call(
                "post",
                _path(proxy.name),
                json={"upstream": proxy.upstream, "enabled": True},
            )
            if self.is_well(proxy):
                return "soft"
        except ToxiproxyError:
            pass  # to make it again needs nothing of what failed
        return self._make_again(proxy)

    def release(self, proxy: Proxy) -> Step:
        """Heal a proxy whose toxics hold bytes back, and close none of its connections.

        What they hold is delivered. To delete a latency hangs behind a client that does
        not read (§2.4), and to delete a bandwidth where one has left in the middle of a
        word and the rate is not 0 (measured); then the proxy is made again.
        """
        try:
            self._delete_toxics(proxy.name)
            if self.is_well(proxy):
                return "soft"
        except ToxiproxyError:
            pass  # to make it again needs nothing of what failed
        return self._make_again(proxy)

    def is_well(self, proxy: Proxy) -> bool:
        """Say whether the proxy is what it is meant to be."""
        return self.state(proxy.name) == ProxyState(
            name=proxy.name,
            listen=proxy.listen,
            upstream=proxy.upstream,
            enabled=True,
            toxics=(),
        )

    def state(self, name: str) -> ProxyState:
        """Return what the proxy is now."""
        return _state(self._call("get", _path(name)).json())

    def all(self) -> dict[str, ProxyState]:
        """Return every proxy of the server by name."""
        proxies = self._call("get", "/proxies").json()
        return {name: _state(proxy) for name, proxy in proxies.items()}

    def version(self) -> str:
        """Return the server's version; "git" where its builder named none."""
        return str(self._call("get", "/version").json()["version"])

    def is_ready(self) -> bool:
        """Say whether the server answers."""
        try:
            self.version()
        except ToxiproxyError:
            return False
        return True

    def _make_again(self, proxy: Proxy) -> Step:
        self.delete(proxy.name)
        self.create(proxy)
        if not self.is_well(proxy):
            raise ToxiproxyError(
                f"proxy {proxy.name} was made again and is still not well: "
                f"{self.state(proxy.name)}. Restart the Toxiproxy container."
            )
        return "recreated"

    def _delete_toxics(self, name: str) -> None:
        for toxic in self.state(name).toxics:
            self._call("delete", _path(name, "toxics", toxic))

    def _call(self, method: str, path: str, **body: Any) -> requests.Response:
        """Call the server and check what it answers."""
        address = urlsplit(self.url)
        consumer = type(
            "Consumer", (APIConsumer,), {"host": address.hostname, "port": address.port}
        )
        asked = f"Toxiproxy at {self.url}, {method.upper()} {path}"
        try:
            answer: requests.Response = getattr(consumer, method)(
                path, timeout=TIMEOUT_SECONDS, proxies=NO_PROXIES, **body
            )
        except NotFound as error:
            raise _Missing(f"{asked}: there is no such proxy or toxic.") from error
        except (ProxyExists, InvalidToxic) as error:
            raise ToxiproxyError(f"{asked}: refused: {_words(error)}") from error
        except requests.Timeout as error:
            raise ToxiproxyError(
                f"{asked}: no answer in {TIMEOUT_SECONDS:g} s; the proxy may be stuck "
                "behind a client that does not read."
            ) from error
        except requests.RequestException as error:
            raise ToxiproxyError(f"{asked}: {error}") from error
        if not answer.ok:
            raise ToxiproxyError(f"{asked}: {answer.status_code}: {answer.text[:200]}")
        return answer


class _Missing(ToxiproxyError):
    """What was asked for is not there."""


def _path(*names: str) -> str:
    """Return the path of a proxy, of its toxics, or of one of them."""
    return "/proxies/" + "/".join(quote(name, safe="") for name in names)


def _state(proxy: Mapping[str, Any]) -> ProxyState:
    return ProxyState(
        name=proxy["name"],
        listen=proxy["listen"],
        upstream=proxy["upstream"],
        enabled=proxy["enabled"],
        toxics=tuple(toxic["name"] for toxic in proxy["toxics"]),
    )


def _words(error: Exception) -> str:
    """Return the server's own words, which the library passes on as bytes."""
    (said,) = error.args or ("",)
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _check_toxic(
    proxy: str, type: str, stream: str, attributes: Mapping[str, int]
) -> None:
    """Raise ToxiproxyError for a toxic that the server would take and misuse."""
    where = f"proxy {proxy}, toxic {type}"
    if type not in TOXICS:
        raise ToxiproxyError(f"{where}: choose from {', '.join(TOXICS)}.")
    if stream not in ("upstream", "downstream"):
        raise ToxiproxyError(f"{where}: {stream!r} is neither upstream nor downstream.")
    if missing := REQUIRED[type] - attributes.keys():
        raise ToxiproxyError(f"{where}: it needs {', '.join(sorted(missing))}.")
    for name, value in attributes.items():
        if name not in TOXICS[type]:
            raise ToxiproxyError(
                f"{where}: no attribute {name!r}, only {', '.join(TOXICS[type])}."
            )
        least, largest = TOXICS[type][name]
        if not (isinstance(value, int) and least <= value <= largest):
            raise ToxiproxyError(
                f"{where}: {name} is {value!r}, not a whole number "
                f"from {least} to {largest}."
            )
    if type == "slicer" and attributes["size_variation"] >= attributes["average_size"]:
        raise ToxiproxyError(f"{where}: size_variation must be below average_size.")
