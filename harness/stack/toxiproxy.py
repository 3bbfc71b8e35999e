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
from dataclasses import dataclass, field
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
    # How to make a proxy again that is too stuck to tell.
    _seen: dict[str, dict[str, Any]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def create(self, name: str, *, listen_port: int, upstream: str) -> None:
        """Make an enabled proxy; `upstream` is host:port as the server sees it."""
        if not 1 <= listen_port <= 65535:
            raise ToxiproxyError(
                f"proxy {name}: {listen_port} is no port that it could listen on."
            )
        if "/" in name:
            raise ToxiproxyError(f"proxy {name!r}: its name must have no slash in it.")
        proxy = _proxy(name, f"[::]:{listen_port}", upstream)
        self._call("post", "/proxies", json=proxy)
        self._seen[name] = proxy

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

    def heal(self, name: str) -> Step:
        """Bring the proxy back to enabled and without toxics, however it is now.

        In the order that cannot hang: disable, delete the toxics, enable (§2.4).
        Connections through it are closed. Where a step fails, the proxy is deleted,
        which works even on one that is stuck, and made again. Targets that were
        paused must go on before.
        """
        try:
            self.disable(name)
            for toxic in self.state(name).toxics:
                self._call("delete", _path(name, "toxics", toxic))
            self.enable(name)
            if _is_clean(self.state(name)):
                return "soft"
        except ToxiproxyError:
            if name not in self._seen:
                raise
        self._recreate(name)
        return "recreated"

    def state(self, name: str) -> ProxyState:
        """Return what the proxy is now."""
        state = _state(self._call("get", _path(name)).json())
        self._seen[name] = _proxy(name, state.listen, state.upstream)
        return state

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

    def _recreate(self, name: str) -> None:
        self.delete(name)
        self._call("post", "/proxies", json=self._seen[name])
        if not _is_clean(state := self.state(name)):
            raise ToxiproxyError(
                f"proxy {name} was made again and is still not clean: {state}. "
                "Restart the Toxiproxy container."
            )

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


def _proxy(name: str, listen: str, upstream: str) -> dict[str, Any]:
    return {"name": name, "listen": listen, "upstream": upstream, "enabled": True}


def _state(proxy: Mapping[str, Any]) -> ProxyState:
    return ProxyState(
        name=proxy["name"],
        listen=proxy["listen"],
        upstream=proxy["upstream"],
        enabled=proxy["enabled"],
        toxics=tuple(toxic["name"] for toxic in proxy["toxics"]),
    )


def _is_clean(state: ProxyState) -> bool:
    return state.enabled and not state.toxics


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
