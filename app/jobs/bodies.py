"""What a job does once it runs: plain functions without Celery or Django.

`run` is the one way in. Each type has a range of arguments whose result fits a column
of 64 bits; the API turns any other argument away before there is a job.
"""

import time
from collections.abc import Callable

# fibonacci(92) and 2 ** 62 are the last ones below 2 ** 63.
ARGUMENTS = {
    "power": range(63),
    "fibonacci": range(93),
    "sleep": range(60_001),
}


def power(n: int) -> int:
    """Give 2 to the n-th power."""
    return 1 << n


def fibonacci(n: int) -> int:
    """Give the n-th Fibonacci number, counted so that the tenth is 55."""
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def sleep(milliseconds: int) -> int:
    """Wait for the outside world, as a job does that calls a slow service."""
    time.sleep(milliseconds / 1000)
    return milliseconds


BODIES: dict[str, Callable[[int], int]] = {
    "power": power,
    "fibonacci": fibonacci,
    "sleep": sleep,
}


def run(job_id: int, type: str, argument: int) -> int:
    """Do the work of one attempt at a job and give its result.

    Call it as `bodies.run(...)`, so that there is one place to see attempts from.
    """
    return BODIES[type](argument)
