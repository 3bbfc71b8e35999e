"""The guard: heals and removes what a dead harness left behind.

It exists because a harness can be killed at any instant, and a fault or a container
that stays behind is the worst that such a tool can do. It is a process in a session
of its own, fed by a pipe from the harness. When the pipe closes, however that came
about, the guard removes whatever carries the session's label, and every fault with it:
all of them live inside our containers. In a stack that is to be kept it undoes every
fault on record; if one cannot be undone, the stack is not kept. `harness recover` does
the same by hand.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import docker

from harness.clock import wait_until
from harness.stack import open_faults
from harness.stack.engine import connect
from harness.stack.session import Session, claim, everything, remove, session_of

_ENGINE_ANSWERS_WITHIN_SECONDS = 20
# The lock of a harness that was killed goes a moment after its pipe.
_CLAIM_WITHIN_SECONDS = 5
# A request of the dead harness may still be under way in the engine.
_TIMES = 3


def post(session: Session) -> subprocess.Popen[bytes]:
    """Start the guard of this session; it acts when the returned pipe closes."""
    with (session.folder / "guard.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", __name__, session.id, str(session.folder)]
            + (["--keep"] if session.keep else []),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
            cwd=Path(__file__).parents[2],
        )


def recover() -> list[str]:
    """Clean up after every dead harness; return what was done, a line each.

    A kept stack is healed and stays; a session whose harness lives is left alone.
    """
    return _clean_up(keep_kept=True)


def down() -> list[str]:
    """Remove every stack that no living harness uses, kept ones too."""
    return _clean_up(keep_kept=False)


def _clean_up(*, keep_kept: bool) -> list[str]:
    engine = connect()
    found = {session.id: session for session in map(session_of, everything(engine))}
    lines = []
    for session in found.values():
        # Held until all is done: nobody may find the stack meanwhile.
        lock = claim(session)
        if lock is None and session.folder.exists():
            lines.append(f"{session.id}: in use by a running harness; left alone")
            continue
        said = _clean(session, engine, keep=keep_kept and session.keep)
        lines.append(f"{session.id}: {said}")
        if lock is not None:
            os.close(lock)
    return lines


def _clean(
    session: Session, engine: docker.DockerClient, *, keep: bool, times: int = 1
) -> str:
    """Heal the stack if it is to be kept, else remove it; say what was done."""
    if keep and not open_faults.undo_all(session.folder, engine, times=times):
        return "kept stack, healed; `make down` removes it"
    left = remove(engine, session.id)
    shutil.rmtree(session.folder, ignore_errors=True)
    return "removed" + (
        f", but the engine holds on to {', '.join(left)}" if left else ""
    )


def _watch(session: Session) -> None:
    """Wait for the harness to end, then heal and remove.

    A kept stack may have been found by another harness by then, which heals it itself.
    """
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    while os.read(sys.stdin.fileno(), 4096):
        pass
    engine = connect(timeout_seconds=_ENGINE_ANSWERS_WITHIN_SECONDS)
    keep = session.keep and session.folder.exists()
    if keep and not wait_until(
        lambda: claim(session), within_seconds=_CLAIM_WITHIN_SECONDS
    ):
        return
    _clean(session, engine, keep=keep, times=_TIMES)


if __name__ == "__main__":
    _watch(
        Session(
            id=sys.argv[1],
            folder=Path(sys.argv[2]),
            keep="--keep" in sys.argv[3:],
            fingerprint="",
        )
    )
