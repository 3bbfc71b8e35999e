"""Disks of a limited size for services that keep data, which can be full.

They exist because a disk that is full must be one of ours: never this machine's. Each
is a volume of the engine's `local` driver, in memory, that belongs to the session. It
lasts as long as any container uses it, so Toxiproxy, first to come and last to go,
mounts it, too: a service that was killed finds its data again.

A disk is filled by making it as small as what is on it: at once, and without a byte of
memory for a file that fills it.
"""

import contextlib
from collections.abc import Mapping
from typing import Any

import docker
import docker.errors

from harness.errors import FaultNotInjected, StackNotReady
from harness.stack import session, sidecar
from harness.stack.session import Session

FITTED = ("postgres", "rabbitmq")
# What is not used costs nothing. Postgres keeps up to 1 GB of log (max_wal_size), and a
# quorum queue half a GB before it is written anew (Ra's wal_max_size_bytes).
SIZE_MEGABYTES = 2048
# While the service writes, there may be more on it than a moment ago.
_TRIES = 5
# A disk's size is its superblock's: to set it takes this capability, and nothing else.
_MAY_MOUNT: Mapping[str, Any] = {
    "cap_add": ["SYS_ADMIN"],
    "security_opt": ["apparmor=unconfined"],
    "network_mode": "none",
}


def make(engine: docker.DockerClient, owner: Session, service: str) -> str:
    """Make the disk of a service of this session; return the volume's name."""
    name = f"celery-proving-ground-{owner.id}-{service}"
    engine.volumes.create(
        name,
        driver="local",
        driver_opts={
            "type": "tmpfs",
            "device": "tmpfs",
            "o": f"size={SIZE_MEGABYTES}m",
        },
        labels=owner.labels(),
    )
    return name


def mount_point(engine: docker.DockerClient, image: str) -> str:
    """Return where an image keeps its data, as it says itself. Raises StackNotReady."""
    declared = engine.images.get(image).attrs["Config"].get("Volumes") or {}
    if len(declared) != 1:
        raise StackNotReady(
            f"image {image} declares {len(declared)} volumes, not one for its data"
        )
    return str(next(iter(declared)))


def disk_of(container: Any) -> str:
    """Return the volume that a service's container has for a disk.

    Raises FaultNotInjected where its stack was started without.
    """
    owner = session.session_of(container)
    name = f"celery-proving-ground-{owner.id}-{container.labels[session.PLACE]}"
    if all(mount.get("Name") != name for mount in container.attrs["Mounts"]):
        raise FaultNotInjected(f"{container.name} has no disk of a limited size")
    return name


def shrink(engine: docker.DockerClient, disk: str, *, free_megabytes: int) -> None:
    """Leave so many megabytes free on the disk. Raises FaultNotInjected."""
    _on(
        engine,
        disk,
        f"""
        for each_try in $(seq {_TRIES}); do
            set -- $(stat --file-system --format '%b %f %S' /disk)
            blocks=$(($1 - $2 + {free_megabytes} * 1048576 / $3))
            mount -o remount,nr_blocks=$blocks /disk && exit 0
        done
        exit 1
        """,
    )


def grow(engine: docker.DockerClient, disk: str) -> None:
    """Give the disk its size back; one that is gone, or was not shrunk, is fine."""
    with contextlib.suppress(docker.errors.NotFound):
        _on(engine, disk, f"mount -o remount,size={SIZE_MEGABYTES}m /disk")


def why_not(engine: docker.DockerClient) -> str | None:
    """Say why no disk can be made full here; None if one can."""
    if missing := sidecar.is_missing(engine):
        return missing
    trial = engine.volumes.create(
        driver="local",
        driver_opts={"type": "tmpfs", "device": "tmpfs", "o": "size=1m"},
        labels=session.of_trials().labels(),
    )
    try:
        _on(
            engine,
            trial.name,
            """
            mount -o remount,nr_blocks=1 /disk
            ! dd if=/dev/zero of=/disk/file bs=1k count=5 2> /dev/null
            """,
        )
    finally:
        trial.remove(force=True)
    return None


def _on(engine: docker.DockerClient, disk: str, script: str) -> None:
    """Run a script where the disk is /disk. Raises NotFound where there is none.

    A sidecar that named it would have the engine make another.
    """
    sidecar.run(
        engine,
        script,
        volumes={disk: {"bind": "/disk", "mode": "rw"}},
        labels=engine.volumes.get(disk).attrs["Labels"],
        **_MAY_MOUNT,
    )
