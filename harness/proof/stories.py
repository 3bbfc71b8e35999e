"""The stories in which planted defects must show: short, and one fault each.

They exist beside `scenarios/` because twenty seeds of each must be affordable: less
work, shorter faults, and for each a moment at which the defect cannot hide.
"""

from harness.conditions import accepted, at, running_for
from harness.faults import kill, pause, refuse, silence
from harness.history import Floors
from harness.scenario import Scenario, Story
from harness.workload import Workload, job_at, jobs
from harness.workload.plan import Extra

# A third of a scenario's work is enough to see one defect.
_FLOORS = Floors(operations=30, accepted=15, finished=10, fault_window=1)
_MIX = {"power": 0.5, "fibonacci": 0.5}


def _work(*also: Extra, retry_share: float = 0.25) -> Workload:
    return jobs(
        per_second=4,
        for_seconds=10,
        types=_MIX,
        retry_share=retry_share,
        also=also,
    )


def _story(name: str, claim: str, scenario: Scenario) -> Story:
    source = "harness/proof/stories.py"
    return Story(name=name, claim=claim, source=source, scenario=scenario)


_ALL = (
    _story(
        "quiet",
        "Nothing goes wrong, and some jobs take most of a second.",
        Scenario(
            workload=_work(*(job_at(1 + n, "sleep", 700) for n in range(8))),
            floors=_FLOORS,
        ),
    ),
    _story(
        "commit_held",
        "Web stands still for four seconds, as a request has published its message.",
        Scenario(
            workload=_work(),
            # Soon, so that no worker has fallen behind and comes later than the commit.
            faults=[
                pause("web", when=at("publish.after", nth=4, role="web"), for_seconds=4)
            ],
            floors=_FLOORS,
        ),
    ),
    _story(
        "worker_dies",
        "A worker dies in the middle of a long job, and is back three seconds later.",
        Scenario(
            workload=_work(job_at(2, "sleep", 4000)),
            faults=[kill("worker", when=running_for(0.5), for_seconds=3)],
            floors=_FLOORS,
        ),
    ),
    _story(
        "database_away",
        "A worker cannot reach Postgres as a long job ends.",
        Scenario(
            workload=_work(job_at(2, "sleep", 2500)),
            faults=[refuse("worker", "postgres", when=running_for(0.5), for_seconds=4)],
            floors=_FLOORS,
        ),
    ),
    _story(
        "database_refuses",
        "For three seconds workers cannot reach Postgres while messages keep coming.",
        Scenario(
            workload=_work(),
            faults=[refuse("worker", "postgres", when=accepted(8), for_seconds=3)],
            floors=_FLOORS,
        ),
    ),
    _story(
        "publishes_unheard",
        "For eight seconds the broker does not hear what web and relay publish.",
        Scenario(
            # Every client asks again after an error.
            workload=_work(retry_share=1),
            faults=[
                silence(
                    ("web", "relay"),
                    "rabbitmq",
                    lost="requests",
                    when=accepted(8),
                    # A publish waits 2 s for its confirm, and up to 5 s for another
                    # connection, before the client is told that it failed.
                    for_seconds=8,
                )
            ],
            floors=_FLOORS,
        ),
    ),
    _story(
        "end_unacknowledged",
        "A worker loses its broker as a long job ends, and is given its message again.",
        Scenario(
            workload=_work(job_at(2, "sleep", 2500)),
            faults=[refuse("worker", "rabbitmq", when=running_for(0.5), for_seconds=4)],
            floors=_FLOORS,
        ),
    ),
    _story(
        "attempts_overlap",
        "A worker loses its broker in the middle of a long job, and is given it again.",
        Scenario(
            # Longer than the worker needs to come back: it tries after 0, 2, 6, 12 s.
            workload=_work(job_at(2, "sleep", 15_000)),
            faults=[refuse("worker", "rabbitmq", when=running_for(1), for_seconds=1.5)],
            floors=_FLOORS,
        ),
    ),
)

STORIES = {story.name: story for story in _ALL}
