"""What an undo puts back is named, so that no two faults of a lane undo each other."""

import pytest

from harness.stack.toxiproxy import Proxy
from harness.stack.undoing import (
    CallBroker,
    GrowDisk,
    HealProxies,
    NothingToUndo,
    PlugIn,
    RemoveRules,
    Resume,
    RunInside,
    SetClock,
    StartContainer,
    TellPostgres,
    Undo,
    Unpause,
    UpdateContainer,
    puts_back,
)


def proxies(*names: str) -> HealProxies:
    """Return the undo of a fault on these proxies."""
    its = (Proxy(name=name, port=1, upstream="-") for name in names)
    return HealProxies(container="one", toxiproxy_url="-", proxies=tuple(its))


def memory(container: str) -> UpdateContainer:
    """Return the undo of a limit that ends nobody."""
    return UpdateContainer(container=container, limits={"Memory": 1})


KILLED = StartContainer(container="one", dead=1, restart_policy="no")
OOM = UpdateContainer(container="one", limits={"Memory": 9}, restart_policy="no")
ALARM = RunInside(container="one", commands=(("rabbitmqctl", "eval"),))
OVER = CallBroker(url="-", user="-", password="-", calls=(("PUT", "-", None),))
WRITABLE = TellPostgres(container="one", dsn="-", statements=("ALTER",))
PLUGGED = PlugIn(plugs=())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (proxies("web", "relay"), proxies("relay", "worker")),
        (RemoveRules(chains={"one": ("a", "b")}), RemoveRules(chains={"one": ("b",)})),
        (KILLED, Unpause(container="one")),
        (Unpause(container="one"), Resume(container="one", process=7)),
        (memory("one"), OOM),
        (KILLED, OOM),
        (GrowDisk(container="one", disk="d"), GrowDisk(container="one", disk="d")),
        (SetClock(file="clock"), SetClock(file="clock")),
        *((same, same) for same in (ALARM, OVER, WRITABLE, PLUGGED)),
    ],
)
def test_undos_that_would_meet(one: Undo, other: Undo) -> None:
    """They put back the same thing, whatever it was for each of them."""
    assert puts_back(one) & puts_back(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (proxies("web"), proxies("relay")),
        (RemoveRules(chains={"one": ("a",)}), RemoveRules(chains={"two": ("a",)})),
        (memory("one"), memory("two")),
        (memory("one"), KILLED),
        (memory("one"), UpdateContainer(container="one", limits={"PidsLimit": 1})),
        (ALARM, WRITABLE),
        (NothingToUndo(), NothingToUndo()),
    ],
)
def test_undos_that_leave_each_other_alone(one: Undo, other: Undo) -> None:
    """Two faults may be on at once where they do not meet."""
    assert not puts_back(one) & puts_back(other)
