"""`freeze`: the network holds every byte and loses none. Connections stay open, also
when it thaws, and what was said meanwhile arrives late. It shows who acts on old news:
an acknowledgement or a write of somebody who has been given up.

Toxiproxy's `bandwidth` toxic with 0 holds what comes; once it is removed the bytes go
on and the connection lives (`faults.md` §2.1).
"""

from functools import partial

from harness.conditions import Condition
from harness.faults.arguments import Names, several
from harness.faults.network.link_fault import (
    LinkFault,
    add_toxic,
    observes,
    release_proxies,
)


def freeze(
    roles: Names, services: Names, *, when: Condition, for_seconds: float
) -> LinkFault:
    """Hold every byte both ways, lose none, and let them go on at the end."""
    return LinkFault(
        type="freeze",
        roles=several(roles),
        services=several(services),
        when=when,
        for_seconds=for_seconds,
        does="every byte is held both ways and none is lost",
        begin=partial(
            add_toxic, type="bandwidth", direction="both", attributes={"rate": 0}
        ),
        feels=observes("silent"),
        undo=release_proxies,
    )
