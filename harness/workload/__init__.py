"""What clients ask for: the plan, the client that carries it out, the outcomes."""

from harness.workload.plan import Workload, job_at, jobs

__all__ = ["Workload", "job_at", "jobs"]
