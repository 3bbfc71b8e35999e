"""What clients ask for: the plan, the client that carries it out, the outcomes."""

from harness.workload.plan import Workload, at, jobs

__all__ = ["Workload", "at", "jobs"]
