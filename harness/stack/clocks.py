"""Wall clocks that can be set, one for each lane's worker and relay.

They exist because containers share the kernel's clock: what a process takes for the
time is set by libfaketime, which comes from the sidecar's image and is mounted beside
the probe. Only the wall clock is its own. Monotonic time goes on as it is, and so do
the ages of files, by which the harness sees that a role is alive.
"""

import io
import tarfile
from pathlib import Path
from typing import Any

import docker

from harness.errors import StackNotReady
from harness.stack import processes, services, session, sidecar

# Where the library is mounted, and found in the sidecar's image.
FOLDER = "/clock"
_LIBRARY = "libfaketimeMT.so.1"
# Not web: with the library, its threads keep two cores busy by waiting for each other
# (seven lanes, libfaketime 0.9.10), and no request is answered in time.
FITTED = ("worker", "relay")
_FIND = f"find /usr/lib -path '*/faketime/{_LIBRARY}'"
_AS_IT_IS = "+0"
# libfaketime's own settings. Each process looks into its clock's file once a second: at
# each look at the clock it would cost eight times as much. Times of files are left
# alone, both ways.
_SETTINGS = {
    "FAKETIME_CACHE_DURATION": "1",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    "FAKETIME_DISABLE_SHM": "1",
    "FAKE_UTIME": "1",
    "NO_FAKE_STAT": "1",
}
# Both are read one after the other, in whole seconds.
ERROR_SECONDS = 2
_READ = f"""
    date +%s
    env -u LD_PRELOAD date +%s
    grep -c {_LIBRARY} /proc/$1/maps || true
"""
_TRY = f"""
    export LD_PRELOAD=$({_FIND}) FAKETIME_TIMESTAMP_FILE=/tmp/clock
    export {" ".join(f"{name}={value}" for name, value in _SETTINGS.items())}
    echo +7200 > /tmp/clock
    test $(($(date +%s) - $(env -u LD_PRELOAD date +%s))) -ge 7199
"""


class Clocks:
    """The clocks of one lane, a file for each role beside its attempts ledger."""

    def __init__(self, probe_folder: Path) -> None:
        self._folder = probe_folder

    def file(self, role: str) -> Path:
        """Return where the role's processes look how far their clock is off."""
        return self._folder / file_name(role)

    def are_fitted(self, role: str) -> bool:
        """Say whether the role was started with a clock of its own."""
        return self.file(role).exists()


def file_name(role: str) -> str:
    """Name a role's clock in the folder that the probe writes to."""
    return f"clock-{role}"


def fit(engine: docker.DockerClient, folder: Path) -> None:
    """Put the library into a folder, to be mounted. Raises StackNotReady."""
    where = sidecar.run(engine, _FIND, network_mode="none").decode().strip()
    if not where:
        raise StackNotReady(f"{sidecar.IMAGE} has no {_LIBRARY}; run `make setup`")
    container = engine.containers.create(
        sidecar.IMAGE, ["true"], labels=session.of_trials().labels()
    )
    try:
        chunks, _ = container.get_archive(where)
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            library = archive.extractfile(_LIBRARY)
            assert library is not None  # it is a file, by the search for it
            (folder / _LIBRARY).write_bytes(library.read())
    finally:
        container.remove(force=True, v=True)


def environment(seen_at: str) -> dict[str, str]:
    """Return what gives a process its own clock, by a file as it sees it."""
    return {
        "LD_PRELOAD": f"{FOLDER}/{_LIBRARY}",
        "FAKETIME_TIMESTAMP_FILE": seen_at,
        **_SETTINGS,
    }


def shift(file: Path, seconds: float) -> None:
    """Set a clock so many seconds forward (or back) of the true time; 0 is as it is.

    By rename: libfaketime ends the process that reads half a line (`faults.md` T1). A
    lane that is gone needs nothing.
    """
    if not file.parent.exists():
        return
    draft = file.with_suffix(".draft")
    draft.write_text(f"{seconds:+g}\n" if seconds else f"{_AS_IT_IS}\n")
    draft.chmod(0o644)
    draft.replace(file)


def read(container: Any) -> tuple[int, bool]:
    """Return how many seconds a fresh process in the container is off the true time.

    And whether the container's main process goes by the same clock: it has loaded the
    library, which looks into the same file each time. Raises StackLost.
    """
    main = processes.main_of(container)
    said = services.ask(
        container,
        ["sh", "-c", _READ, "sh", str(main)],
    )
    its, true, loaded = said.decode().split()
    return int(its) - int(true), loaded != "0"


def why_not(engine: docker.DockerClient) -> str | None:
    """Say why no clock can be set here; None if one can."""
    if missing := sidecar.is_missing(engine):
        return missing
    if not sidecar.run(engine, _FIND, network_mode="none"):
        return f"{sidecar.IMAGE} has no {_LIBRARY}; `make setup` makes it anew"
    sidecar.run(engine, _TRY, network_mode="none")
    return None
