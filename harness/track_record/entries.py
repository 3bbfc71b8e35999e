"""The entries of the failure catalogue that a story shows, and where they show.

They exist as data beside the stories: an entry says in which story and design it must
be seen, and by which anomaly it is known. What was seen is in record.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One failure. `name` is the catalogue's; the docstring of `story` must have it.

    `upstream` are issues and pull requests, as "celery/celery#5410". `shows` is the
    anomaly that names the failure in `design`, with its cause where that tells two
    failures apart, as in a scenario's `bites`. `celery` is the version that has it,
    where the app's own does not. `note` says where this stack's runs and the catalogue
    do not agree.
    """

    name: str
    failure: str
    story: str
    design: str
    shows: str
    upstream: tuple[str, ...] = ()
    celery: str | None = None
    note: str = ""

    @property
    def command(self) -> str:
        """Return what runs its story with its design, once."""
        words = ["pytest", f"scenarios/test_{self.story}.py", "--designs", self.design]
        return " ".join([*words, *(("--celery", self.celery) if self.celery else ())])


ENTRIES = (
    Entry(
        name="PUB-01",
        failure="A silent link to the broker, no confirms: 201, and no task",
        upstream=("celery/celery#5410", "celery/kombu#59"),
        story="broker_silent",
        design="tutorial",
        shows="stranded_pending: never confirmed",
    ),
    Entry(
        name="PUB-04",
        failure="A broker dies under an alarm: 201 was said for what it never read",
        upstream=("celery/celery#2689",),
        story="broker_alarm_broker_dies",
        design="early_ack",
        shows="stranded_pending",
        note="if only web dies, it is chance: RabbitMQ may read first what it has",
    ),
    Entry(
        name="PUB-05",
        failure="A confirm is late: the message is sent again, and the job runs twice",
        story="broker_alarm",
        design="late_ack",
        shows="duplicate_effect: published twice",
        note="where the confirm is lost, the client, told 500, asks for a second job",
    ),
    Entry(
        name="PUB-06",
        failure="The broker refuses while a job is published: 500, and the row stays",
        upstream=("celery/celery#6911", "celery/celery#4627"),
        story="broker_outage",
        design="tutorial",
        shows="stranded_pending: never published",
        note="as the catalogue found, no hang: the client is answered",
    ),
    Entry(
        name="PUB-08",
        failure="There is no queue: what is published is confirmed and dropped",
        story="queue_missing",
        design="late_ack",
        shows="stranded_pending: unrouted",
    ),
    Entry(
        name="PUB-10",
        failure="Redis, only for results, is away: web can publish nothing, and hangs",
        upstream=("celery/celery#4709",),
        story="redis_gone_publishing",
        design="early_ack",
        shows="slow_answer",
        note="the catalogue found an error at once; 5.7 tries again for 20 s",
    ),
    Entry(
        name="PUB-12",
        failure="Web dies between commit and publish: nobody publishes it",
        story="web_killed_before_publish",
        design="late_ack",
        shows="stranded_pending: never published",
    ),
    Entry(
        name="WRK-01",
        failure="A worker dies that acknowledges early: what it ran is lost",
        upstream=("ui-insight/vandalizer#804",),
        story="worker_killed",
        design="early_ack",
        shows="stranded_started: acknowledged too early",
    ),
    Entry(
        name="WRK-02",
        failure="A pool child dies, late acks: its message is acknowledged nonetheless",
        upstream=("celery/celery#1628", "celery/celery#2840"),
        story="pool_child_killed",
        design="late_ack",
        shows="stranded_started: acknowledged too early",
    ),
    Entry(
        name="WRK-10",
        failure="A worker is stopped with less grace than its task needs",
        upstream=("celery/celery#9213",),
        story="worker_stopped",
        design="early_ack",
        shows="stranded_started: acknowledged too early",
    ),
    Entry(
        name="WRK-11",
        failure="A worker that drains sends no heartbeats: delivered again, run twice",
        upstream=("celery/celery#5998", "celery/celery#9986"),
        story="drained_without_heartbeats",
        design="late_ack",
        shows="duplicate_effect",
        celery="5.5.3",
        note="so does 5.7.0 after a reconnect: `drained_after_reconnect`",
    ),
    Entry(
        name="WRK-13",
        failure="A worker stands still, its children do not: the broker delivers again",
        story="worker_suspended",
        design="late_ack",
        shows="duplicate_effect: redelivered",
    ),
    Entry(
        name="WRK-16",
        failure="Out of memory: where one pool child dies, its message is acknowledged",
        story="worker_out_of_memory",
        design="late_ack",
        shows="stranded_started: acknowledged too early",
    ),
    Entry(
        name="CON-01",
        failure="A connection is lost: what runs, late acks, runs a second time beside",
        upstream=("celery/celery#6951", "celery/celery#8541", "celery/celery#3430"),
        story="connections_killed",
        design="late_ack",
        shows="overlap: redelivered",
    ),
    Entry(
        name="CON-06",
        failure="Back at its broker, a worker hands jobs to its busy child (a)",
        upstream=("celery/celery#10346",),
        story="free_child_starves",
        design="early_ack",
        shows="unrecovered",
        celery="5.6.3",
    ),
    Entry(
        name="CON-08",
        failure="Back at its broker, a worker takes less of a quorum queue for good",
        upstream=("celery/celery#9512", "celery/celery#10253"),
        story="prefetch_stays_reduced",
        design="requeue",
        shows="unrecovered",
        celery="5.6.3",
    ),
    Entry(
        name="CON-09",
        failure="Back at its broker, a worker has forgotten its tasks' time limits",
        upstream=("celery/celery#10888",),
        story="time_limits_forgotten",
        design="retry",
        shows="unrecovered",
        celery="5.6.3",
        note="the catalogue has it in 5.6.3 only; 5.5.3 does it as well",
    ),
    Entry(
        name="BRK-03",
        failure="A queue has a length limit: the oldest is dropped, and nobody is told",
        story="queue_limited",
        design="late_ack",
        shows="stranded_pending: dropped by the broker",
    ),
    Entry(
        name="BRK-05",
        failure="A queue is deleted under its worker, who makes it again: it is empty",
        upstream=("celery/kombu#1953",),
        story="queue_deleted",
        design="late_ack",
        shows="stranded_pending: dropped by the broker",
    ),
    Entry(
        name="ETA-01",
        failure="As many countdowns as the prefetch count block a classic queue",
        upstream=("rabbitmq/rabbitmq-server#11948",),
        story="countdowns_block",
        design="retry",
        shows="unrecovered: not consumed",
        note="it is kombu's: Celery 5.6.3 has it with kombu 5.7.0, which pip installs",
    ),
    Entry(
        name="DB-01",
        failure="Postgres goes while tasks run: each fails, and is acknowledged",
        upstream=("celery/celery#621",),
        story="postgres_outage",
        design="late_ack",
        shows="stranded_started: result lost",
    ),
    Entry(
        name="DB-02",
        failure="A commit is done and its answer lost: the retry has the effect again",
        story="commit_unknown",
        design="requeue",
        shows="duplicate_effect: retried",
    ),
    Entry(
        name="DB-04",
        failure="Nobody is fenced off: an attempt changes a job that another has ended",
        story="worker_cut_off",
        design="late_ack",
        shows="terminal_flip: late write",
    ),
)


def select(names: str | None) -> Sequence[Entry]:
    """Return the entries of a comma-separated list, or all. Raises UsageError."""
    if names is None:
        return ENTRIES
    wanted = [each.strip() for each in names.split(",")]
    known = {entry.name for entry in ENTRIES}
    for name in wanted:
        if name not in known:
            raise UsageError(
                f"--entries names {name!r}; there is {', '.join(sorted(known))} "
                "(harness/track_record/entries.py)"
            )
    return [entry for entry in ENTRIES if entry.name in wanted]
