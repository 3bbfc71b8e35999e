"""The container engine: finds it, and where that is allowed, installs and starts it.

It exists so that `make chaos` works on a machine that has nothing, and so that
everybody else gets one screen that says what is missing and how to get it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import docker.errors
import psutil
import requests
from docker.context import ContextAPI

from harness.clock import wait_until
from harness.errors import EngineMissing
from harness.stack.machine import install_packages, is_debian, last_lines

Tell = Callable[[str], None]

# What the engine, or the way to it, says when something did not work.
FAILURES = (docker.errors.DockerException, requests.RequestException)
PACKAGES = ("docker.io", "iptables", "mmdebstrap")
DAEMON_LOG = Path("/var/log/celery-proving-ground-dockerd.log")
_SOCKET = Path("/var/run/docker.sock")
_PID_FILES = {
    Path("/var/run/docker.pid"): "dockerd",
    Path("/var/run/docker/containerd/containerd.pid"): "containerd",
}
_ANSWERS_WITHIN_SECONDS = 30


def connect(*, timeout_seconds: int = 60) -> docker.DockerClient:
    """Return a client of the engine; raise EngineMissing with what to do."""
    _follow_context()
    try:
        return docker.from_env(timeout=timeout_seconds)
    except docker.errors.DockerException as error:
        raise EngineMissing(_advice(error)) from error


def ensure(tell: Tell) -> docker.DockerClient:
    """Return a client of the engine, after installing or starting one if need be.

    Raises EngineMissing where we may not, or where it does not come up.
    """
    try:
        return connect()
    except EngineMissing:
        if not may_install():
            raise
    if shutil.which("dockerd") is None:
        tell(f"there is no container engine: installing {', '.join(PACKAGES)}")
        install_packages(PACKAGES)
    if not _answers(within_seconds=3):  # its package may have started it
        tell(f"starting the container engine (its log: {DAEMON_LOG})")
        _start()
    return connect()


def may_install() -> bool:
    """Say whether we may install and start an engine: root on Debian, no other set."""
    return (
        sys.platform == "linux"
        and os.geteuid() == 0
        and is_debian()
        and "DOCKER_HOST" not in os.environ
    )


def _start() -> None:
    """Start the daemon by systemd where that runs, else detached from us."""
    if Path("/run/systemd/system").is_dir():
        command = ["systemctl", "start", "docker"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said = done.stderr
    else:
        for pid_file, program in _PID_FILES.items():
            _drop_if_stale(pid_file, program)
        DAEMON_LOG.parent.mkdir(parents=True, exist_ok=True)
        with DAEMON_LOG.open("ab") as log:
            subprocess.Popen(
                ["dockerd"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
        said = ""
    if not _answers(within_seconds=_ANSWERS_WITHIN_SECONDS):
        if not said and DAEMON_LOG.exists():
            said = DAEMON_LOG.read_text(errors="replace")
        raise EngineMissing(
            "the container engine was started and did not answer within "
            f"{_ANSWERS_WITHIN_SECONDS} s. Its last words:\n{last_lines(said)}"
        )


def _drop_if_stale(pid_file: Path, program: str) -> None:
    """Drop the pid file of a daemon that was killed.

    The engine refuses to start while the number in it belongs to any process, and
    numbers are used again.
    """
    try:
        number = int(pid_file.read_text())
    except (FileNotFoundError, ValueError):
        return
    try:
        process = psutil.Process(number)
        lives = process.status() != psutil.STATUS_ZOMBIE and process.name() == program
    except psutil.Error:
        lives = False
    if not lives:
        pid_file.unlink()


def _answers(*, within_seconds: float) -> bool:
    def answers() -> bool:
        try:
            connect().close()
        except EngineMissing:
            return False
        return True

    return wait_until(answers, within_seconds=within_seconds, every_seconds=0.1)


def _follow_context() -> None:
    """Set DOCKER_HOST to what `docker context use` chose.

    The docker command follows its context, docker-py and testcontainers do not: with
    Docker Desktop, Colima or a rootless engine they would look in the wrong place.
    """
    if "DOCKER_HOST" in os.environ or _SOCKET.exists():
        return
    context = ContextAPI.get_current_context()
    if context is not None and context.Name != "default" and context.Host:
        os.environ["DOCKER_HOST"] = context.Host


# --- what to do, on one screen -------------------------------------------------

_PERMISSION = """\
There is a container engine, but this user may not talk to it ({where}).
Either of these helps:

    sudo usermod -aG docker "$USER"     then log out and in again
    sudo make chaos                     if you may be root

Members of the group docker can become root on this machine."""

_NAMED_HOST = """\
DOCKER_HOST is {where}, and no container engine answers there ({why}).
Start that engine, or `unset DOCKER_HOST` to use the one of this machine."""

_ON_LINUX = """\
There is no container engine that answers on this machine ({where}).

    Debian, Ubuntu    sudo apt-get install docker.io && sudo service docker start
    Fedora            sudo dnf install moby-engine && sudo systemctl start docker
    others            https://docs.docker.com/engine/install/

As root on Debian, `make setup` does all of this by itself.
`harness doctor` says what else may be missing."""

_ON_MACOS = """\
There is no container engine that answers on this Mac.
Any of these will do; start it, then try again:

    Docker Desktop    https://docs.docker.com/desktop/setup/install/mac-install/
    Colima            brew install colima docker && colima start
    OrbStack          brew install orbstack

`harness doctor` says what else may be missing."""


def _advice(error: BaseException) -> str:
    """Return the screen for why the engine could not be reached."""
    where = os.environ.get("DOCKER_HOST", str(_SOCKET))
    causes = list(_causes(error))
    if any(isinstance(each, PermissionError) for each in causes):
        return _PERMISSION.format(where=where)
    if "DOCKER_HOST" in os.environ:
        return _NAMED_HOST.format(where=where, why=_innermost(causes))
    if sys.platform == "darwin":
        return _ON_MACOS
    return _ON_LINUX.format(where=where)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that it wraps: docker-py wraps four deep."""
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        each = pending.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        pending += [each.__cause__, each.__context__, *each.args]


def _innermost(causes: list[BaseException]) -> str:
    system = [each for each in causes if isinstance(each, OSError) and each.strerror]
    return str(system[-1].strerror if system else causes[0])
