"""The planted defects: what is broken in which design, and what must give it away.

They exist as data, apart from the app: a defect is one passage of a design and what
stands there instead. The text must be found exactly once, so a defect cannot outlive a
change of its design unnoticed.

A design with two lines of defence keeps its promise when one of them breaks, and is
right to. Such a defect starts from a neighbour: the design without the other line of
defence, which must still keep every promise in the same story.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness import checkers
from harness.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One passage of a design changed. Its name is its design's name in the copy.

    `start` is a design of the app, or a neighbour of this list. `anomaly` is what must
    name it in `story`; `beside` is harm that follows from it there and may be seen as
    well. A neighbour has no anomaly: it must be found free of broken promises.
    `waits_for` says what the project still lacks to show it, or nothing.
    """

    name: str
    start: str
    does: str
    before: str
    after: str
    story: str
    anomaly: str | None = None
    beside: frozenset[str] = frozenset()
    waits_for: str = ""

    @property
    def waits(self) -> str:
        """Say why it cannot be shown yet; nothing where it can."""
        if self.anomaly is None or self.anomaly in checkers.kinds():
            return self.waits_for
        return f"no checker reports {self.anomaly} yet"


NEIGHBOURS = (
    Defect(
        name="outbox_without_resend",
        start="outbox",
        does="The reaper does not look for jobs whose message was lost.",
        before="        for job in lost:\n",
        after="        for job in ():\n",
        story="publishes_unheard",
    ),
    Defect(
        name="outbox_in_a_hurry",
        start="outbox_without_resend",
        does="It promises to recover in half the time.",
        before='"recovers_in_time": {"within_seconds": 60},',
        after='"recovers_in_time": {"within_seconds": 30},',
        story="database_refuses",
    ),
)

DEFECTS = (
    Defect(
        name="publish_before_commit",
        start="outbox_without_resend",
        does="A worker may have the message before the job's row is there to be seen.",
        before="        Outbox.objects.create(job=job)\n\n\ndef perform(",
        after="        job.task.delay(job_id=job.id)\n\n\ndef perform(",
        story="commit_held",
        anomaly="stranded_pending",
        beside=frozenset({"slow_answer"}),  # who stood still answers late
    ),
    Defect(
        name="publish_without_confirm",
        start="outbox_without_resend",
        does="The relay takes a message for sent that the broker has never heard of.",
        before='"confirm_publish": True,',
        after='"confirm_publish": False,',
        story="publishes_unheard",
        anomaly="stranded_pending",
    ),
    Defect(
        name="relay_marks_first",
        start="outbox_without_resend",
        does="The relay commits that a message was sent, and then sends it.",
        before="""\
        message.job.task.apply_async(
            kwargs={"job_id": message.job_id}, producer=producer, retry=False
        )
        message.sent_at = Now()
        message.save(update_fields=["sent_at"])
""",
        after="""\
        message.sent_at = Now()
        message.save(update_fields=["sent_at"])
    message.job.task.apply_async(
        kwargs={"job_id": message.job_id}, producer=producer, retry=False
    )
""",
        story="publishes_unheard",
        anomaly="stranded_pending",
    ),
    Defect(
        name="key_not_claimed",
        start="idempotent",
        does="A client that asks again with its key is given a second job.",
        before="    job, created = create_once(fields)\n",
        after="    job, created = Job.objects.create(**fields), True\n",
        story="publishes_unheard",
        anomaly="duplicate_job",
        beside=frozenset({"duplicate_effect"}),  # each of the two jobs may have one
    ),
    Defect(
        name="result_overwritten",
        start="idempotent",
        does="A delivery clears the result before it asks if the job is still to do.",
        before="    job = attempts.begin(job_id, take_over=again)\n",
        after="""\
    Job.objects.filter(id=job_id).update(result=None)
    job = attempts.begin(job_id, take_over=again)
""",
        story="end_unacknowledged",
        anomaly="wrong_result",
    ),
    Defect(
        name="terminal_state_reopened",
        start="idempotent",
        does="A message that comes back for a job that has ended starts it once more.",
        before="""\
    if job is None:
        return
""",
        after="""\
    if job is None:
        job = Job.objects.get(id=job_id)
        Job.objects.filter(id=job_id).update(status=Job.Status.STARTED)
""",
        story="end_unacknowledged",
        anomaly="terminal_flip",
        # Its second effect is refused, so the task fails, and with it the job.
        beside=frozenset({"silent_failure", "status_regress"}),
    ),
    Defect(
        name="acknowledge_early",
        start="idempotent",
        does="The broker forgets the message as soon as the job's task starts.",
        before='"task_acks_late": True,',
        after='"task_acks_late": False,',
        story="worker_dies",
        anomaly="stranded_started",
    ),
    Defect(
        name="swallowed_exception",
        start="idempotent",
        does="That the end could not be written is logged, and forgotten.",
        before="        attempts.finish(job, result)\n",
        after="""\
        try:
            attempts.finish(job, result)
        except Exception:
            logger.exception("the result was not written")
""",
        story="database_away",
        anomaly="stranded_started",
    ),
    Defect(
        name="effect_outside_transaction",
        start="idempotent",
        does="The effect happens first, whoever owns the job by then.",
        before="        attempts.finish(job, result)\n",
        after="""\
        job.effects.create()
        Job.objects.filter(id=job.id, attempt=job.attempt).update(
            status=Job.Status.FINISHED, result=result
        )
""",
        story="attempts_overlap",
        anomaly="duplicate_effect",
    ),
    Defect(
        name="reaper_too_eager",
        start="outbox",
        does="The reaper takes every running job for left, whatever its lease says.",
        before="filter(status=Job.Status.STARTED, leased_until__lt=Now())",
        after="filter(status=Job.Status.STARTED)",
        story="quiet",
        anomaly="duplicate_run",
        # Some of them run at once; and who is reaped sixty times is given up.
        beside=frozenset({"overlap", "unexpected_failure"}),
    ),
    Defect(
        name="wrong_result",
        start="outbox",
        does="The result that is stored is not the one that was worked out.",
        before="        attempts.finish(job, result)\n",
        after="        attempts.finish(job, result + 1)\n",
        story="quiet",
        anomaly="wrong_result",
    ),
    Defect(
        name="late_write",
        start="outbox",
        does="An attempt writes the job's end when another one owns it.",
        before="        attempts.finish(job, result)\n",
        after="""\
        Job.objects.filter(id=job.id).update(
            status=Job.Status.FINISHED, result=result
        )
        job.effects.get_or_create(once_for=job.id)
""",
        story="attempts_overlap",
        anomaly="zombie_write",
    ),
    Defect(
        name="retry_without_bound",
        start="outbox_in_a_hurry",
        does="Who found no database is tried again after 45 s, then 90 s, and so on.",
        before="""\
    "retry_backoff": 1,
    "retry_backoff_max": 4,
    "retry_jitter": True,
""",
        after="""\
    "retry_backoff": 45,
    "retry_backoff_max": 3600,
    "retry_jitter": False,
""",
        story="database_refuses",
        anomaly="unrecovered",
    ),
)


def select(names: str | None) -> tuple[Defect, ...]:
    """Return the defects of a comma-separated list, or all that can be shown.

    Raises UsageError for an unknown one, and for one that has to wait.
    """
    known = {each.name: each for each in DEFECTS}
    if names is None:
        return tuple(each for each in DEFECTS if not each.waits)
    chosen = tuple(dict.fromkeys(name.strip() for name in names.split(",")))
    for name in chosen:
        if name not in known:
            raise UsageError(
                f"--defects names {name!r}; there is {', '.join(known)} "
                "(harness/proof/defects.py)"
            )
        if known[name].waits:
            raise UsageError(f"{name} cannot be shown: {known[name].waits}")
    return tuple(known[name] for name in chosen)


def with_neighbours(defects: Sequence[Defect]) -> tuple[Defect, ...]:
    """Return the defects, and before them the neighbours that they start from."""
    starts = {each.start for each in defects}
    needed: list[Defect] = []
    for each in reversed(NEIGHBOURS):  # one may start from another before it
        if each.name in starts:
            needed.insert(0, each)
            starts.add(each.start)
    return (*needed, *defects)
