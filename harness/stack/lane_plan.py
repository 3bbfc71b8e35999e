"""What a lane shall be, before it is up: which design it runs, and with which Celery.

It exists because a lane is more than its design: one design may run with several
versions of Celery beside each other, or several times at once. A lane is told by its
name; where only some characters are legal, it goes by its id.
"""

import re
from dataclasses import dataclass

from harness.stack.versions import Celery


@dataclass(frozen=True, slots=True, kw_only=True)
class LanePlan:
    """A lane that is wanted. `celery` is None for the one that the app is built with.

    `number`, from 1, tells lanes of one design and one Celery apart.
    """

    design: str
    celery: Celery | None = None
    number: int = 1

    @property
    def name(self) -> str:
        """Return what people call it: late_ack, late_ack@5.6.3, late_ack-2."""
        version = f"@{self.celery}" if self.celery is not None else ""
        return self.design + version + (f"-{self.number}" if self.number > 1 else "")

    @property
    def id(self) -> str:
        """Return its name for containers, vhosts, databases, proxies and host names.

        No two names become one: a design's own is that of a Python module.
        """
        return re.sub(r"[^\w.-]", "-", self.name, flags=re.ASCII)
