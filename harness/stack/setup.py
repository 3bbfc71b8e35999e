"""`harness setup`: from whatever there is to a machine on which a run can start.

It exists so that nobody installs an engine, pulls an image or writes a setting by
hand. It does only what is missing, and is done at once where nothing is.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.clock import now
from harness.stack import build, engine, images, versions
from harness.stack.compose import read_compose
from harness.stack.lane_plan import LanePlan
from harness.stack.progress import Tell

# A step of an image's build may be silent for as long as a compiler runs.
_STEP_WITHIN_SECONDS = 1200


def set_up(project: Path, tell: Tell) -> None:
    """Have an engine that runs, every image that compose.yaml names, and `.env`.

    Raises UsageError for a compose.yaml that we cannot run, EngineMissing and
    StackNotReady where this machine lacks what we cannot get.
    """
    began = now()
    read_compose(project / "compose.yaml")  # before minutes of work, not after
    with _alone(tell):
        engine.ensure(tell)
        client = engine.connect(timeout_seconds=_STEP_WITHIN_SECONDS)
        images.prepare(client, project, tell)
        client.close()
    tell(f"the machine is set up ({now() - began:.1f} s)")


def set_up_versions(project: Path, lanes: Sequence[LanePlan], tell: Tell) -> None:
    """Have the app's image with each Celery that these lanes want, too.

    Raises StackNotReady where the app's own image is not here, or a version cannot be
    had.
    """
    wanted = {lane.celery for lane in lanes if lane.celery is not None}
    if not wanted:
        return
    with _alone(tell):
        client = engine.connect(timeout_seconds=_STEP_WITHIN_SECONDS)
        apps = {
            build.needed_app(client, project, how)
            for how in images.app_images(project).values()
        }
        versions.prepare(client, apps, sorted(wanted, key=str), tell)
        client.close()


@contextmanager
def _alone(tell: Tell) -> Iterator[None]:
    """Wait for another set-up of this user on this machine, so as to use its work."""
    name = f"celery-proving-ground-setup-{os.getuid()}.lock"
    with (Path(tempfile.gettempdir()) / name).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("another set-up is running on this machine; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
