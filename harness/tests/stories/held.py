"""A worker, a pool child and a web die, each where it was held at a breakpoint.

The worker dies first: one that dies soon after its child has not noticed that yet, and
the child's message comes back like its own.
"""

from harness.conditions import at
from harness.faults import kill, kill_child
from harness.history import Floors
from harness.scenario import Scenario
from harness.workload import jobs

SCENARIO = Scenario(
    workload=jobs(per_second=5, for_seconds=15, types={"power": 0.5, "fibonacci": 0.5}),
    faults=[
        kill("worker", when=at("ack.before", nth=5), for_seconds=2),
        kill_child(when=at("task.started", nth=30)),
        kill("web", when=at("publish.after", nth=50, role="web"), for_seconds=2),
    ],
    floors=Floors(operations=40, accepted=30, finished=30, fault_window=1),
)


def test_held(cell):
    """The story's promise, as in any scenario."""
    assert cell.verdict.kept_its_promise
