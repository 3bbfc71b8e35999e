"""`revoke_permissions`: the app's user may do nothing any more in its lane's vhost, as
after a slip of whoever manages the broker. Connections are still made, and consumers
that are there still get messages; whoever publishes or declares is refused, on an open
channel as soon as RabbitMQ has forgotten that it once allowed it.
"""

from typing import Any
from urllib.parse import quote

from harness.conditions import Condition
from harness.faults.network.link_fault import SOME_WORK, LinkFault, Links, is_told
from harness.stack.lane import Lane
from harness.stack.undoing import CallBroker, Undo

_NOTHING = {"configure": "^$", "write": "^$", "read": "^$"}


def revoke_permissions(*, when: Condition, for_seconds: float) -> LinkFault:
    """Take all permissions in the lane's vhost from the app's user."""
    return LinkFault(
        type="revoke_permissions",
        roles=("*",),
        services=("rabbitmq",),
        when=when,
        for_seconds=for_seconds,
        does="it may neither declare, publish nor consume",
        begin=_revoke,
        feels=is_told("ACCESS_REFUSED"),
        undo=_give_back,
        check=SOME_WORK,
        hits="the app's user of rabbitmq",
    )


def _revoke(lane: Lane, links: Links) -> None:
    lane.broker.call("PUT", _path(lane), _NOTHING)


def _give_back(lane: Lane, links: Links) -> Undo:
    """Remember the permissions as they are."""
    broker = lane.broker
    were: dict[str, Any] = broker.call("GET", _path(lane)).json()
    return CallBroker(
        url=broker.url,
        user=broker.user,
        password=broker.password,
        calls=(("PUT", _path(lane), {name: str(were[name]) for name in _NOTHING}),),
    )


def _path(lane: Lane) -> str:
    return f"permissions/{quote(lane.id, safe='')}/{quote(lane.broker.user)}"
