"""Builds images: the app's, and stand-ins for those that cannot be pulled.

It exists so that a machine without an image registry can run everything: each folder
of `standins/` is named after the image that it stands in for, and makes it from
Debian's packages. Whatever is particular to this machine (its package mirror, its
certificates, its pip settings, its Go proxy) is found out and never written to a
file of the project (machine.py).
"""

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import docker
import docker.errors
import docker.utils

from harness.errors import StackNotReady
from harness.stack.compose import Build
from harness.stack.machine import (
    apt_proxies,
    debian_sources,
    install_packages,
    is_debian,
    pip_settings,
    proxies,
    run,
)

OURS = "celery-proving-ground/"
# What an image was made from, so that it is made again when that changes.
MADE_FROM = "celery-proving-ground.made-from"
_APP = "celery-proving-ground.app"
# How many images of the app that have lost their name stay, for other checkouts. They
# share all layers but the last, which is small.
_EARLIER_KEPT = 20
_THROWAWAY = "celery-proving-ground.throwaway"
_RECIPES = Path(__file__).parent / "standins"
_BASE = f"{OURS}debian:trixie-standin"
_SUITE = "trixie"
_BASE_OPTIONS = (
    "--variant=minbase",
    "--include=ca-certificates",
    "--aptopt=Acquire::Languages none",
    "--aptopt=APT::Install-Recommends false",
    "--dpkgopt=force-unsafe-io",
)
# Stand-ins are built side by side: the first makes the Debian, the others wait.
_BASE_LOCK = threading.Lock()
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_GO_SETTINGS = ("GOPROXY", "GOSUMDB", "GONOSUMDB", "GOPRIVATE")


# --- stand-ins ------------------------------------------------------------------


def recipe_for(image: str) -> Path | None:
    """Return the recipe for a stand-in of this image, if there is one."""
    recipe = _RECIPES / image.rpartition("/")[2].replace(":", "-")
    return recipe if (recipe / "Dockerfile").is_file() else None


def standin_name(image: str) -> str:
    """Return a stand-in's name; nobody shall take it for the real image."""
    return f"{OURS}{image.rpartition('/')[2]}-standin"


def is_standin(name: str) -> bool:
    """Say whether this is the name of a stand-in of ours."""
    return name.startswith(OURS) and name.endswith("-standin")


def made_from(recipe: Path) -> str:
    """Digest a recipe, with that of the Debian that it starts from."""
    parts = [*_BASE_OPTIONS, _SUITE]
    for path in sorted(recipe.rglob("*")):
        parts += [str(path.relative_to(recipe)), path.read_text()]
    return digest_of(part.encode() for part in parts)


def is_fresh(engine: docker.DockerClient, image: str) -> bool:
    """Say whether a stand-in of this image is here, made from today's recipe."""
    recipe = recipe_for(image)
    label = label_of(engine, standin_name(image))
    return recipe is not None and label == made_from(recipe)


def _build_base(engine: docker.DockerClient) -> None:
    """Make the Debian that all stand-ins start from, if it is not there yet."""
    digest = digest_of(part.encode() for part in (*_BASE_OPTIONS, _SUITE))
    if label_of(engine, _BASE) == digest:
        return
    if shutil.which("mmdebstrap") is None:
        install_packages(("mmdebstrap",))
    with tempfile.TemporaryDirectory() as folder:
        archive = f"{folder}/debian.tar"
        options = [*_BASE_OPTIONS, *(f"--aptopt={each}" for each in apt_proxies())]
        if _CERTIFICATES.exists():
            options.append(
                f"--customize-hook=copy-in {_CERTIFICATES} {_CERTIFICATES.parent}"
            )
        run("mmdebstrap", *options, _SUITE, archive, *debian_sources(_SUITE))
        repository, _, tag = _BASE.rpartition(":")
        engine.api.import_image_from_file(
            archive,
            repository=repository,
            tag=tag,
            changes=[f"LABEL {MADE_FROM}={digest}"],
        )


def why_no_standin(image: str) -> str | None:
    """Say why no stand-in can be built for this image here; None if one can."""
    if recipe_for(image) is None:
        known = ", ".join(sorted(path.name for path in _RECIPES.iterdir()))
        return f"there is no recipe for a stand-in of it (there is {known})"
    if not is_debian() or (os.geteuid() != 0 and not shutil.which("mmdebstrap")):
        return "a stand-in can only be built by root on Debian"
    return None


def build_standin(engine: docker.DockerClient, image: str) -> str:
    """Have the stand-in for an image that has a recipe, and return its name."""
    recipe = recipe_for(image)
    assert recipe is not None  # why_no_standin() was asked before
    name = standin_name(image)
    build_recipe(engine, recipe, name)
    return name


def build_recipe(engine: docker.DockerClient, recipe: Path, name: str) -> None:
    """Have an image from a recipe: a folder whose Dockerfile starts from our Debian."""
    digest = made_from(recipe)
    if label_of(engine, name) == digest:
        return
    with _BASE_LOCK:
        _build_base(engine)
    settings = {key: os.environ[key] for key in _GO_SETTINGS if key in os.environ}
    _build(
        engine,
        name,
        fileobj=_context_of(recipe),
        custom_context=True,
        buildargs={"DEBIAN_IMAGE": _BASE} | settings | proxies(),
        labels={MADE_FROM: digest},
    )


def drop_leftovers(engine: docker.DockerClient) -> None:
    """Drop stand-ins that have lost their name to a newer one, and stages of a build.

    The compiler for one stand-in takes 0.8 GB. Not while anything is being built: a
    half-made image looks the same. What a container still uses stays.
    """
    for label in (_THROWAWAY, MADE_FROM):
        for left in engine.images.list(filters={"label": label, "dangling": True}):
            if _APP not in left.labels:  # build_app() looks after those
                _forget(engine, str(left.id))


def _context_of(recipe: Path) -> io.BytesIO:
    """Pack a recipe, with what this machine's own pip is told."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(recipe, arcname=".")
        content = pip_settings().encode()
        entry = tarfile.TarInfo("machine/pip.conf")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    packed.seek(0)
    return packed


# --- the app's image ------------------------------------------------------------


def app_made_from(engine: docker.DockerClient, project: Path, build: Build) -> str:
    """Digest all that goes into the app's image, its base image included."""
    context = project / build.context
    ignore = context / ".dockerignore"
    patterns = ignore.read_text().split() if ignore.exists() else []
    parts = []
    for name in sorted(docker.utils.exclude_paths(str(context), patterns)):
        path = context / name
        if path.is_file():
            mode = path.stat().st_mode
            parts += [name.encode(), f"{mode:o}".encode(), path.read_bytes()]
    for name, value in sorted(build.args.items()):
        parts += [name.encode(), (_image_id(engine, value) or value).encode()]
    return digest_of([*parts, (context / build.dockerfile).read_bytes()])


def build_app(
    engine: docker.DockerClient, project: Path, name: str, build: Build
) -> None:
    """Have the app's image under its name, built from its folder as it is now.

    Earlier ones lose the name and stay for a while: another checkout may run one.
    """
    found = find_app(engine, project, build)
    if found is not None:
        engine.images.get(found).tag(*name.split(":", 1))
        return
    _build(
        engine,
        name,
        path=str(project / build.context),
        dockerfile=build.dockerfile,
        buildargs=build.args | proxies(),
        labels={MADE_FROM: app_made_from(engine, project, build), _APP: name},
    )
    _forget_earlier(engine, name)


def find_app(engine: docker.DockerClient, project: Path, build: Build) -> str | None:
    """Return the id of an image of the app that was built from just this folder."""
    return find(engine, app_made_from(engine, project, build))


def needed_app(engine: docker.DockerClient, project: Path, build: Build) -> str:
    """Return what `find_app` does. Raises StackNotReady where there is none."""
    found = find_app(engine, project, build)
    if found is None:
        raise StackNotReady(
            f"there is no image of {build.context}/ as it is now; `harness setup` "
            "builds it"
        )
    return found


def build_app_version(
    engine: docker.DockerClient,
    name: str,
    *,
    context: io.BytesIO,
    buildargs: Mapping[str, str],
    made_from: str,
) -> None:
    """Build an image on top of one of the app's, which is looked after like that."""
    _build(
        engine,
        name,
        fileobj=context,
        custom_context=True,
        buildargs={**buildargs, **proxies()},
        labels={MADE_FROM: made_from, _APP: name},
    )
    _forget_earlier(engine, name)


def find(engine: docker.DockerClient, made_from: str) -> str | None:
    """Return the id of an image that was made from just this, if there is one.

    By what it was made from, not by its name: a name goes to whoever built last. One
    without a name on which another was built is listed only among all; so are that
    one's own first layers, which have its label, and are younger.
    """
    labelled = {"label": f"{MADE_FROM}={made_from}"}
    found = engine.images.list(all=True, filters=labelled)
    oldest = min(found, key=lambda each: str(each.attrs["Created"]), default=None)
    return None if oldest is None else str(oldest.id)


def _forget_earlier(engine: docker.DockerClient, name: str) -> None:
    """Forget all but a few of those that have lost this name."""
    nameless = engine.images.list(filters={"label": f"{_APP}={name}", "dangling": True})
    for old in sorted(nameless, key=lambda each: str(each.attrs["Created"]))[
        : -_EARLIER_KEPT or None
    ]:
        _forget(engine, str(old.id))


def build_text(
    engine: docker.DockerClient, name: str, dockerfile: str, base_image: str
) -> None:
    """Have an image that a Dockerfile makes from another image and nothing else."""
    digest = digest_of(
        [dockerfile.encode(), (_image_id(engine, base_image) or "").encode()]
    )
    if label_of(engine, name) == digest:
        return
    _build(
        engine,
        name,
        fileobj=io.BytesIO(dockerfile.encode()),
        buildargs={"BASE_IMAGE": base_image} | proxies(),
        labels={MADE_FROM: digest},
    )


# --- with the engine ------------------------------------------------------------


def label_of(engine: docker.DockerClient, name: str) -> str | None:
    """Return what an image says that it was made from; None if it is not there."""
    try:
        labels = engine.images.get(name).labels
    except docker.errors.ImageNotFound:
        return None
    return str(labels.get(MADE_FROM, ""))


def _image_id(engine: docker.DockerClient, name: str) -> str | None:
    try:
        return str(engine.images.get(name).id)
    except (docker.errors.ImageNotFound, docker.errors.APIError):
        return None  # a build argument need not be an image's name


def _build(engine: docker.DockerClient, name: str, **options: Any) -> None:
    """Build by the engine's classic builder, which every engine has.

    On the host's network, so that a proxy or mirror on this machine is reached, and
    names are resolved as here.
    """
    said: list[str] = []
    try:
        for chunk in engine.api.build(
            tag=name, rm=True, forcerm=True, decode=True, network_mode="host", **options
        ):
            said += str(chunk.get("stream", "")).splitlines()
            if "error" in chunk:
                tail = "\n".join([line for line in said if line.strip()][-12:])
                raise StackNotReady(f"{name} was not built: {chunk['error']}\n{tail}")
    except (docker.errors.APIError, docker.errors.BuildError, TypeError) as error:
        raise StackNotReady(f"{name} was not built: {error}") from error


def _forget(engine: docker.DockerClient, image_id: str) -> None:
    try:
        engine.images.remove(image_id)
    except docker.errors.APIError:
        return  # a container still runs from it, or somebody gave it a name


def digest_of(parts: Iterable[bytes]) -> str:
    """Digest the parts that something is made from."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()[:16]
