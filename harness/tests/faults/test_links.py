"""Which links are tried for a fault: each that it hits, or one that stands for all."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from harness.conditions import accepted
from harness.faults import kill_backend, memory_alarm, refuse
from harness.faults.network.link_fault import LinkFault, nothing_to_undo
from harness.stack.lane import Check, Felt
from harness.stack.link import Link, plan_links

LINKS = plan_links(
    {role: {"BROKER_URL": "amqp://rabbitmq:5672/x"} for role in ("web", "worker")},
    ["rabbitmq"],
    ["outbox"],
)


@dataclass(kw_only=True)
class FeltLane:
    """A lane with links that serve, some in use; it notes whose were tried."""

    name: str = "outbox"
    in_use_by: tuple[str, ...] = ()
    links: tuple[Link, ...] = LINKS
    asked: list[str] = field(default_factory=list)

    def links_of(self, *_: object) -> tuple[Link, ...]:
        return self.links

    def feel(self, links: tuple[Link, ...], check: Check) -> tuple[Felt, ...]:
        self.asked += [link.role for link in links]
        return tuple(
            Felt(
                on=link.name,
                used=link.role in self.in_use_by,
                observed="served",
                seconds=0.01,
                connections=frozenset({1} if link.role in self.in_use_by else ()),
                sent=0,
                received=0,
                retransmitted=0,
                detail="",
            )
            for link in links
        )


def harmless(fault: LinkFault) -> Any:
    """Return the fault with nothing to undo: there is no stack."""
    return replace(fault, undo=nothing_to_undo)


ALARM = harmless(memory_alarm(when=accepted(1), for_seconds=5))


@pytest.mark.parametrize(
    ("in_use_by", "asked"),
    [
        (("web", "worker"), ["web"]),
        (("worker",), ["web", "worker"]),
        ((), ["web", "worker"]),
    ],
)
def test_one_link_in_use_tells_what_a_service_does(
    in_use_by: tuple[str, ...], asked: list[str]
) -> None:
    """Where none is in use, all are tried."""
    lane: Any = FeltLane(in_use_by=in_use_by)
    assert {each.on for each in ALARM.aim(lane).before} == {
        f"{role} → rabbitmq" for role in (in_use_by[:1] or asked)
    }
    assert lane.asked == asked


def test_who_was_tried_before_is_tried_again() -> None:
    """And nobody else."""
    lane: Any = FeltLane(in_use_by=("web", "worker"))
    aim = ALARM.aim(lane)
    lane.asked.clear()
    assert ALARM.verify(lane, aim)
    assert lane.asked == ["web"]


@pytest.mark.parametrize(
    "fault",
    [
        refuse("*", "rabbitmq", when=accepted(1), for_seconds=5),
        kill_backend(when=accepted(1)),
    ],
)
def test_a_fault_on_links_or_their_connections_asks_each(fault: Any) -> None:
    """It may hit one and miss another."""
    lane: Any = FeltLane(in_use_by=("web", "worker"))
    harmless(fault).aim(lane)
    assert lane.asked == ["web", "worker"]
