"""The plan: repeatable, equal for all lanes, and of the asked size and mix."""

import dataclasses
import itertools
from collections import Counter

import pytest

from harness.errors import UsageError
from harness.workload.plan import expected, job_at, jobs, one_job, plan


def test_the_same_seed_gives_the_same_plan() -> None:
    """Two plans from one seed are equal; another seed gives another plan."""
    assert plan(jobs(), seed=7, key_prefix="a") == plan(jobs(), seed=7, key_prefix="a")
    assert plan(jobs(), seed=7, key_prefix="a") != plan(jobs(), seed=8, key_prefix="a")


def test_lanes_differ_only_in_their_keys() -> None:
    """The same seed gives every lane the same jobs at the same moments."""
    first = plan(jobs(), seed=7, key_prefix="r1-tutorial")
    second = plan(jobs(), seed=7, key_prefix="r1-outbox")
    assert [dataclasses.replace(job, key="") for job in first] == [
        dataclasses.replace(job, key="") for job in second
    ]
    assert first[3].key == "r1-tutorial-00003"


def test_arrivals_keep_to_their_slots() -> None:
    """There are rate x length jobs, in order, each within its own slot."""
    planned = plan(jobs(per_second=8, for_seconds=16), seed=1, key_prefix="k")
    assert len(planned) == 128
    for number, job in enumerate(planned):
        assert number / 8 <= job.at_seconds < (number + 1) / 8
    gaps = {
        round(b.at_seconds - a.at_seconds, 3) for a, b in itertools.pairwise(planned)
    }
    assert len(gaps) > 50


def test_overtime_goes_on_as_the_stream_did_and_moves_none_of_it() -> None:
    """Its jobs are marked: they are asked for only if the story needs them."""
    workload = jobs(per_second=10, for_seconds=5)
    short = plan(workload, seed=3, key_prefix="k")
    long = plan(workload, seed=3, key_prefix="k", overtime_seconds=2)
    assert long[:50] == short
    assert [job.overtime for job in long] == [False] * 50 + [True] * 20
    assert 6.9 < long[-1].at_seconds < 7


def test_the_mix_and_the_clients_follow_the_asked_shares() -> None:
    """Types, retrying clients and polling clients come in about the asked shares."""
    planned = plan(jobs(per_second=100, for_seconds=20), seed=3, key_prefix="k")
    types = Counter(job.type for job in planned)
    assert 300 < types["sleep"] < 500
    retrying = [job for job in planned if job.retry_after_seconds is not None]
    assert 400 < len(retrying) < 600
    assert all(0.5 <= (job.retry_after_seconds or 0) <= 1 for job in retrying)
    assert 900 < sum(job.polls for job in planned) < 1100


def test_a_changed_share_moves_nothing_else() -> None:
    """Arrivals, types and arguments do not depend on how patient clients are."""
    patient = plan(jobs(retry_share=1), seed=5, key_prefix="k")
    curt = plan(jobs(retry_share=0), seed=5, key_prefix="k")
    assert [
        dataclasses.replace(job, retry_after_seconds=None) for job in patient
    ] == list(curt)


def test_one_type_only() -> None:
    """A scenario can ask for one type, and for its own range of arguments."""
    workload = jobs(types={"sleep": 1}, arguments={"sleep": (900, 900)})
    planned = plan(workload, seed=1, key_prefix="k")
    assert {(job.type, job.argument) for job in planned} == {("sleep", 900)}


@pytest.mark.parametrize(
    ("type_", "argument", "result"),
    [
        ("power", 8, 256),
        ("power", 30, 2**30),
        ("fibonacci", 0, 0),
        ("fibonacci", 1, 1),
        ("fibonacci", 10, 55),
        ("fibonacci", 40, 102_334_155),
        ("sleep", 120, 120),
    ],
)
def test_expected_results(type_: str, argument: int, result: int) -> None:
    """The expected result is worked out here, apart from the app."""
    assert expected(type_, argument).result == result
    assert expected(type_, argument).status == "finished"


def test_a_single_job_is_due_at_once() -> None:
    """A sentinel is a plain power job, due at once, whose client does not retry."""
    job = one_job("r1-sentinel")
    assert (job.key, job.at_seconds, job.retry_after_seconds) == (
        "r1-sentinel",
        0,
        None,
    )
    assert job.expected.result == 256


@pytest.mark.parametrize(
    "bad",
    [
        {"per_second": 0},
        {"for_seconds": -1},
        {"types": {}},
        {"types": {"power": 0}},
        {"types": {"mine_bitcoin": 1}},
        {"retry_share": 1.5},
        {"after_seconds": -1},
    ],
)
def test_an_impossible_workload_is_refused(bad: dict[str, object]) -> None:
    """What cannot be carried out is a usage error that names the cause."""
    with pytest.raises(UsageError, match="job"):
        jobs(**bad)  # type: ignore[arg-type]


def test_a_workload_reads_as_a_sentence() -> None:
    """The history keeps the workload as words."""
    assert str(jobs()) == "8 jobs/s for 16 s (power 0.4, fibonacci 0.4, sleep 0.2)"
    later = jobs(types={"power": 1}, after_seconds=5, also=[job_at(1, "sleep", 50)])
    assert str(later) == (
        "8 jobs/s for 16 s from 5 s on (power 1), and sleep(50) after 1 s"
    )


def test_a_story_may_need_a_job_at_a_moment_of_its_own() -> None:
    """It stands in the plan in order of time, and moves none of the stream's jobs."""
    plain = plan(jobs(per_second=4, for_seconds=2), seed=3, key_prefix="k")
    with_one = plan(
        jobs(per_second=4, for_seconds=2, also=[job_at(1, "sleep", 5000)]),
        seed=3,
        key_prefix="k",
    )

    assert [job for job in with_one if job.key != "k-also-0"] == list(plain)
    (extra,) = (job for job in with_one if job.key == "k-also-0")
    assert (extra.at_seconds, extra.type, extra.argument) == (1, "sleep", 5000)
    assert list(with_one) == sorted(with_one, key=lambda job: job.at_seconds)


def test_a_stream_may_begin_later() -> None:
    """It is the same stream, later; a job at a moment of its own stays where it is."""
    one = [job_at(1, "sleep", 5000)]
    plain = plan(jobs(for_seconds=2, also=one), seed=3, key_prefix="k")
    workload = jobs(for_seconds=2, also=one, after_seconds=5)
    later = plan(workload, seed=3, key_prefix="k")

    assert workload.ends_at_seconds == 7
    was = {job.key: job.at_seconds for job in plain}
    assert later[0].key == "k-also-0"
    assert later[0].at_seconds == 1
    assert all(job.at_seconds == was[job.key] + 5 for job in later[1:])
    assert len(later) == len(plain)
