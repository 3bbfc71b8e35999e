"""Faults say what is wrong with their arguments before anything starts."""

from collections.abc import Callable
from typing import Any

import pytest

from harness import faults
from harness.conditions import accepted, at
from harness.errors import UsageError
from harness.faults import (
    Fault,
    ack_timeout,
    asynchronous_commit,
    crash_loop,
    deliver_again,
    fill_disk,
    flap,
    kill,
    kill_child,
    latency,
    limit_maxmemory,
    limit_memory,
    limit_message_size,
    limit_processes,
    limit_queue,
    lock_row,
    packet_loss,
    poison,
    refuse,
    restart,
    shift_clock,
    silence,
    starve_cpu,
    stop,
    suspend,
    throttle,
    truncate,
    undecodable_body,
    unknown_task,
    unplug,
)

WHEN = accepted(1)
ON_LINKS: Any = {"when": WHEN, "for_seconds": 1}


@pytest.mark.parametrize("seconds", [0, -1, 601])
def test_a_fault_lasts_above_nothing_and_at_most_ten_minutes(seconds: float) -> None:
    """A fault without an end would never be verified."""
    for make in (
        lambda: refuse("*", "rabbitmq", when=WHEN, for_seconds=seconds),
        lambda: kill("worker", when=WHEN, for_seconds=seconds),
        lambda: poison(when=WHEN, for_seconds=seconds),
        lambda: unplug("worker", when=WHEN, for_seconds=seconds),
        lambda: asynchronous_commit(when=WHEN, for_seconds=seconds),
        lambda: lock_row(when=WHEN, for_seconds=seconds),
        lambda: limit_processes("worker", when=WHEN, for_seconds=seconds),
        lambda: fill_disk("postgres", when=WHEN, for_seconds=seconds),
        lambda: shift_clock("worker", seconds=60, when=WHEN, for_seconds=seconds),
    ):
        with pytest.raises(UsageError, match="for_seconds"):
            make()


@pytest.mark.parametrize(
    ("make", "arguments", "says"),
    [
        (silence, {"lost": "everything"}, "lost='everything' is none of both, repl"),
        (latency, {"milliseconds": 10}, r"must be in \[50, 2000\]"),
        (latency, {"milliseconds": 3000}, r"must be in \[50, 2000\]"),
        (latency, {"milliseconds": 80, "jitter_milliseconds": 40}, "40 must be in"),
        (latency, {"milliseconds": 80, "jitter_milliseconds": -4}, "jitter_mill"),
        (latency, {"milliseconds": 80, "direction": "up"}, "direction='up'"),
        (throttle, {"kilobytes_per_second": 0}, "kilobytes_per_second=0"),
        (throttle, {"kilobytes_per_second": 6}, r"must be in \[1, 5\]"),
        (throttle, {"kilobytes_per_second": 1, "direction": "up"}, "direction='up'"),
        (truncate, {"after_bytes": -1}, "after_bytes=-1"),
        (truncate, {"after_bytes": 401}, r"must be in \[0, 400\]"),
        (truncate, {"after_bytes": 1, "direction": "up"}, "direction='up'"),
        (flap, {"every_seconds": 0.1}, "every_seconds=0.1"),
        (packet_loss, {"one_in": 1}, "one_in=1"),
        (packet_loss, {"one_in": 11}, r"must be in \[2, 10\]"),
    ],
)
def test_a_number_or_word_that_cannot_be(
    make: Callable[..., object], arguments: dict[str, object], says: str
) -> None:
    """What no probe could feel, and a slip of the pen, are refused."""
    with pytest.raises(UsageError, match=says):
        make("web", "rabbitmq", **ON_LINKS, **arguments)


def test_redis_can_only_do_with_its_memory_what_it_knows() -> None:
    """Its policies have odd names."""
    with pytest.raises(UsageError, match="policy='evict' is none of allkeys-lru, noev"):
        limit_maxmemory("evict", when=WHEN, for_seconds=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ack_timeout(within_seconds=0.5, **ON_LINKS), "within_seconds=0.5"),
        (lambda: limit_message_size(size_bytes=0, **ON_LINKS), "size_bytes=0"),
        (
            lambda: limit_queue(messages=21, overflow="drop-head", **ON_LINKS),
            r"messages=21 must be in \[1, 20\]",
        ),
        (
            lambda: limit_queue(messages=3, overflow="drop-tail", **ON_LINKS),  # type: ignore[arg-type]
            "overflow='drop-tail' is none of drop-head, reject-publish",
        ),
        (lambda: deliver_again(messages=0, when=WHEN), "messages=0"),
        (lambda: unknown_task(messages=51, when=WHEN), r"must be in \[1, 50\]"),
        (lambda: undecodable_body(messages=0, when=WHEN), "messages=0"),
    ],
)
def test_what_a_queue_or_a_message_cannot_be(
    make: Callable[[], object], says: str
) -> None:
    """Limits that no lane would come to, and more messages than wait."""
    with pytest.raises(UsageError, match=says):
        make()


@pytest.mark.parametrize("roles", ["web", "*", ("worker", "web")])
def test_web_cannot_be_unplugged(roles: str | tuple[str, ...]) -> None:
    """It would come back on another port, and its clients would be lost."""
    with pytest.raises(UsageError, match="only worker and relay"):
        unplug(roles, when=WHEN, for_seconds=1)


def test_each_fault_is_listed_by_a_sentence_of_its_own() -> None:
    """`harness faults` shows it."""
    for name in set(faults.__all__) - {"Fault"}:
        assert getattr(faults, name).__doc__.splitlines()[0].endswith(".")


def test_a_fault_tells_its_story_in_one_sentence() -> None:
    """The report shows it to readers who never see the code."""
    fault = silence(
        ("web", "relay"), "rabbitmq", lost="requests", when=accepted(40), for_seconds=5
    )

    assert fault.target == "web and relay → rabbitmq"
    assert fault.sentence == (
        "web and relay → rabbitmq: requests are lost without a word, connections stay "
        "open, for 5 s, when 40 jobs were accepted"
    )


def test_a_fault_hits_whoever_waits_at_its_breakpoint() -> None:
    """A role, or a pool child, that does not come there cannot be hit there."""
    kill("worker", when=at("ack.before"), for_seconds=1)
    kill("relay", when=at("publish.after", role="relay"), for_seconds=1)
    assert kill_child(when=at("task.started", nth=2)).sentence == (
        "a pool child of worker: killed, when arrival 2 at task.started is held there"
    )
    for make in (
        lambda: kill("web", when=at("task.returned"), for_seconds=1),
        lambda: kill("web", when=at("publish.after", role="relay"), for_seconds=1),
        lambda: kill_child(when=at("ack.before")),
        lambda: poison(when=at("publish.after", role="worker"), for_seconds=1),
    ):
        with pytest.raises(UsageError, match="waits there"):
            make()


def test_a_process_fault_says_whom_it_hits() -> None:
    """And whom it cannot."""
    fault = stop("postgres", grace_seconds=2, when=accepted(40), for_seconds=5)

    assert fault.shared
    assert not stop("web", when=accepted(40), for_seconds=5).shared
    assert fault.sentence == (
        "postgres: stopped by SIGTERM, killed after 2 s of grace, and away for 5 s, "
        "when 40 jobs were accepted"
    )
    slips: list[tuple[Callable[[], object], str]] = [
        (lambda: kill("toxiproxy", when=WHEN, for_seconds=1), "no part of the system"),
        (lambda: suspend("web", when=WHEN, for_seconds=1), "only a worker"),
        (lambda: stop("web", by="SIGHUP", when=WHEN, for_seconds=1), "'SIGHUP'"),  # type: ignore[arg-type]
        (lambda: restart("web", grace_seconds=61, when=WHEN), "grace_seconds=61"),
        (
            lambda: crash_loop("web", when=WHEN, for_seconds=9, lives_seconds=0),
            "lives_seconds=0",
        ),
    ]
    for make, what in slips:
        with pytest.raises(UsageError, match=what):
            make()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: starve_cpu("web", cpus=0.01, **ON_LINKS), r"must be in \[0.02, 0.5\]"),
        (lambda: starve_cpu("web", cpus=1, **ON_LINKS), "cpus=1"),
        (lambda: starve_cpu("toxiproxy", cpus=0.1, **ON_LINKS), "no part of the sys"),
        (
            lambda: limit_memory("worker", takes="all", **ON_LINKS),  # type: ignore[arg-type]
            "takes='all' is none",
        ),
        (lambda: limit_memory("web", takes="child", **ON_LINKS), "only a worker has"),
        (lambda: fill_disk("redis", **ON_LINKS), "'redis' is none of postgres, rabbi"),
        (lambda: shift_clock("web", seconds=60, **ON_LINKS), "only worker, relay can"),
        (lambda: shift_clock("relay", seconds=1, **ON_LINKS), "seconds=1 must be in"),
    ],
)
def test_a_machine_that_cannot_be_so_bad(make: Callable[[], object], says: str) -> None:
    """What would not be felt, or hits what has no such thing, is refused."""
    with pytest.raises(UsageError, match=says):
        make()


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (starve_cpu("worker", cpus=0.05, **ON_LINKS), "worker: gets 0.05 of a core"),
        (limit_memory("redis", **ON_LINKS), "redis: out of memory, killed by the ker"),
        (
            limit_memory("worker", takes="child", **ON_LINKS),
            "a pool child of worker: killed by the kernel, since the container is out",
        ),
        (
            fill_disk("rabbitmq", **ON_LINKS),
            "rabbitmq: its disk is nearly full",
        ),
        (
            shift_clock("worker", seconds=-60, **ON_LINKS),
            "worker: its wall clock is 60 s slow, for 1 s",
        ),
    ],
)
def test_a_fault_of_the_machine_tells_its_story(fault: Fault, sentence: str) -> None:
    """By how much, and whose clock, memory or disk."""
    assert fault.sentence.startswith(sentence)
