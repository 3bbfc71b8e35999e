"""The images that compose.yaml names: here already, pulled, or a stand-in built.

It exists so that a run needs no image registry, and uses the official images wherever
there is one. What it found goes to `.env`, where Compose reads it too. There is no
second list of images: names come from compose.yaml, recipes from `standins/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import docker
import docker.errors
import requests

from harness.errors import StackNotReady, UsageError
from harness.stack import build, env_file, sidecar
from harness.stack.compose import Build, ComposeFile, read_compose
from harness.stack.interpolation import environment_for
from harness.stack.progress import Tell, side_by_side

# What the app's image starts from (compose.yaml).
_APP_BASE = "PYTHON_IMAGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An image that compose.yaml wants: `name`, unless `variable` names another.

    `chosen` says that the name is not the project's but a user's own setting.
    """

    variable: str
    name: str
    chosen: bool


def prepare(engine: docker.DockerClient, project: Path, tell: Tell) -> None:
    """Have every image that compose.yaml names, and the app's built from its folder.

    A stand-in in `.env` is kept while its image is there and its recipe the same, so
    that a machine without a registry asks for one only once. Raises StackNotReady for
    an image that can neither be pulled nor built.
    """
    wanted = wanted_images(project)
    names = {each: here(engine, project, each) for each in wanted}
    missing = [each for each in wanted if names[each] is None]
    made = side_by_side(
        {each.name: partial(_obtain, engine, each, tell) for each in missing}, tell
    )
    found = {each: names[each] or made[each.name] for each in wanted}
    _remember(project, found)
    if missing:
        build.drop_leftovers(engine)
    _build_app(engine, project, tell)
    for each, name in found.items():
        if each.variable == _APP_BASE:
            sidecar.prepare(engine, name, tell)


def wanted_images(project: Path) -> tuple[Wanted, ...]:
    """Return the images to have; for what is built here, the image it starts from.

    compose.yaml takes a service's image from `<SERVICE>_IMAGE`, and a base image from
    a build argument of such a name. Stand-ins in `.env` are left out: they are our
    answer to the question, not a part of it.
    """
    environment = {
        name: value
        for name, value in environment_for(project).items()
        if not build.is_standin(value)
    }
    names = _names_by_variable(read_compose(project / "compose.yaml", environment))
    return tuple(
        Wanted(
            variable=variable, name=name, chosen=environment.get(variable, "") == name
        )
        for variable, name in names.items()
    )


def here(engine: docker.DockerClient, project: Path, wanted: Wanted) -> str | None:
    """Return the name under which the image is here and up to date, if it is."""
    standin = build.standin_name(wanted.name)
    in_use = environment_for(project).get(wanted.variable)
    if in_use == standin and build.is_fresh(engine, wanted.name):
        return standin
    return wanted.name if build.label_of(engine, wanted.name) is not None else None


def app_images(project: Path) -> dict[str, Build]:
    """Return the images that are built from folders of the project, by name."""
    compose = read_compose(project / "compose.yaml")
    return {
        service.image: service.build
        for service in compose.services.values()
        if service.build is not None
    }


def _names_by_variable(compose: ComposeFile) -> dict[str, str]:
    found = {}
    for service, entry in compose.services.items():
        if entry.build is None:
            found[f"{service.upper()}_IMAGE"] = entry.image
            continue
        arguments = entry.build.args.items()
        found |= {name: value for name, value in arguments if name.endswith("_IMAGE")}
    return found


def _obtain(engine: docker.DockerClient, wanted: Wanted, tell: Tell) -> str:
    """Pull the image, or build its stand-in; return the name to use."""
    tell(f"{wanted.name}: pulling")
    why_not = _pull(engine, wanted.name)
    if why_not is None:
        return wanted.name
    if wanted.chosen:
        raise StackNotReady(
            f"{wanted.variable} names {wanted.name}, which is not on this machine and "
            f"cannot be pulled ({why_not}); set it to another image, or take it out"
        )
    if no_standin := build.why_no_standin(wanted.name):
        raise StackNotReady(
            f"{wanted.name} cannot be pulled ({why_not}), and {no_standin}. Give the "
            f"engine a registry that has it, or set {wanted.variable} to an image that "
            "does the same"
        )
    if not build.is_fresh(engine, wanted.name):
        tell(f"{wanted.name}: {why_not}; building a stand-in from Debian's packages")
    return build.build_standin(engine, wanted.name)


def _pull(engine: docker.DockerClient, name: str) -> str | None:
    """Pull an image; return why it did not work, or None."""
    repository, _, tag = name.partition("@")[0].rpartition(":")
    if not repository or "/" in tag:
        repository, tag = name, "latest"
    try:
        for chunk in engine.api.pull(repository, tag=tag, stream=True, decode=True):
            if "error" in chunk:
                return _last_part(str(chunk["error"]))
    except docker.errors.APIError as error:
        return _last_part(str(error.explanation or error))
    except requests.RequestException as error:
        return _last_part(str(error))
    return None


def _last_part(reason: str) -> str:
    """Return the end of "Get https://...: dial tcp: lookup ...: no such host"."""
    return reason.rpartition(": ")[2].strip()


def _remember(project: Path, names: Mapping[Wanted, str]) -> None:
    """Write stand-ins to `.env`, and take out those that are no longer needed.

    Then see that compose.yaml names what we have: Compose and we shall run the same.
    """
    before = env_file.read(project)
    values: dict[str, str | None] = {}
    for each, name in names.items():
        if build.is_standin(name):
            values[each.variable] = name
        elif build.is_standin(before.get(each.variable, "")) and not each.chosen:
            values[each.variable] = None
    env_file.update(project, values)
    compose_file = project / "compose.yaml"
    now_named = _names_by_variable(read_compose(compose_file))
    for each, name in names.items():
        if (other := now_named[each.variable]) != name:
            raise UsageError(
                f"{compose_file} names {other}, and what there is on this machine is "
                f"{name}; write it as ${{{each.variable}:-{other}}} there, and let no "
                f"other {each.variable} stand in the environment"
            )


def _build_app(engine: docker.DockerClient, project: Path, tell: Tell) -> None:
    outdated = {
        name: partial(build.build_app, engine, project, name, how)
        for name, how in app_images(project).items()
        if build.label_of(engine, name) != build.app_made_from(engine, project, how)
    }
    for name in outdated:
        tell(f"{name}: building it from its folder")
    side_by_side(outdated, tell)
