"""Another Celery for a lane: the app's image, with other versions of Celery and kombu.

It exists so that one stack can run a design with several versions beside each other.
The image starts from the app's own, so that nothing else differs but what pip has to
exchange with them (amqp, billiard, vine, Redis' client). It is found again by what it
was made from. Versions are installed without the hashes of the app's lock, which knows
only its own; what a lane really runs is asked of it and told in its history.
"""

import io
import re
import tarfile
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import docker

from harness.errors import StackNotReady, UsageError
from harness.stack import build
from harness.stack.machine import pip_settings
from harness.stack.progress import Tell, side_by_side

_VERSION = r"[0-9]+(?:\.[0-9]+)+(?:(?:a|b|rc)[0-9]+)?"
# As a lane's name has it: 5.6.3, or 5.6.3+kombu5.7.0.
_ASKED = re.compile(rf"(?P<celery>{_VERSION})(?:\+kombu(?P<kombu>{_VERSION}))?")
_DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
ARG REQUIREMENTS
ARG APP_USER
USER root
COPY machine/pip.conf /tmp/pip.conf
RUN PIP_CONFIG_FILE=/tmp/pip.conf pip install --no-cache-dir ${REQUIREMENTS} \\
    && rm /tmp/pip.conf
USER ${APP_USER}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Celery:
    """A version of Celery; `kombu` is None for the last one of Celery's own series.

    Since 5.6 Celery takes any newer kombu, too, while some faults are kombu's: 5.6.3
    means the kombu that it was released with, and any other is named.
    """

    version: str
    kombu: str | None = None

    def __str__(self) -> str:
        return self.version + (f"+kombu{self.kombu}" if self.kombu else "")

    @property
    def requirements(self) -> tuple[str, ...]:
        """Return what pip is asked for; the rest is pip's to resolve."""
        series = ".".join(self.version.split(".")[:2])
        # Results are kept in Redis, so its client must be one that this Celery takes.
        return (
            f"celery[redis]=={self.version}",
            f"kombu=={self.kombu or f'{series}.*'}",
        )


def parse(text: str) -> tuple[Celery, ...]:
    """Read a list such as `5.5.3,5.6.3+kombu5.7.0`. Raises UsageError."""
    found = []
    for each in text.split(","):
        asked = _ASKED.fullmatch(each.strip())
        if asked is None:
            raise UsageError(
                f"--celery {text}: {each.strip()!r} is no version; write 5.6.3, or "
                "5.6.3+kombu5.7.0 for a kombu of another series, several with commas"
            )
        found.append(Celery(version=asked["celery"], kombu=asked["kombu"]))
    return tuple(dict.fromkeys(found))


def prepare(
    engine: docker.DockerClient,
    app_images: Collection[str],
    wanted: Collection[Celery],
    tell: Tell,
) -> None:
    """Have an image of each version, made from each of the app's (by id).

    Raises StackNotReady, in one sentence, for a version that cannot be had.
    """
    missing = {
        f"Celery {celery}": partial(_build, engine, app, celery)
        for celery in wanted
        for app in app_images
        if find(engine, app, celery) is None
    }
    for name in missing:
        tell(f"{name}: building the app's image with it")
    side_by_side(missing, tell)


def find(engine: docker.DockerClient, app_image: str, celery: Celery) -> str | None:
    """Return the id of the app's image with this Celery, if it is here."""
    return build.find(engine, _made_from(app_image, celery))


def _made_from(app_image: str, celery: Celery) -> str:
    return build.digest_of(
        part.encode() for part in (_DOCKERFILE, app_image, *celery.requirements)
    )


def _build(engine: docker.DockerClient, app_image: str, celery: Celery) -> None:
    user = engine.images.get(app_image).attrs["Config"]["User"] or "root"
    try:
        build.build_app_version(
            engine,
            f"{build.OURS}celery:{str(celery).replace('+', '-')}",
            context=_context(),
            buildargs={
                "BASE_IMAGE": app_image,
                "REQUIREMENTS": " ".join(celery.requirements),
                "APP_USER": user,
            },
            made_from=_made_from(app_image, celery),
        )
    except StackNotReady as error:
        raise StackNotReady(
            f"Celery {celery} cannot be had: {_pip_says(str(error))}"
        ) from error


def _context() -> io.BytesIO:
    """Pack the recipe, with what this machine's own pip is told."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in (
            ("Dockerfile", _DOCKERFILE),
            ("machine/pip.conf", pip_settings()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    packed.seek(0)
    return packed


def _pip_says(output: str) -> str:
    """Return pip's own sentence about what went wrong, or all that was said."""
    said = re.findall(r"ERROR: (.+)", output)
    return f"pip says: {said[-1].strip()}" if said else output
