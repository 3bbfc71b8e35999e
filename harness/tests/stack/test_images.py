"""Images are found, pulled or stood in for, and a user's own choice comes first."""

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from harness.clock import now
from harness.errors import StackNotReady, UsageError
from harness.stack import build, env_file, images, sidecar
from harness.stack.engine import connect

PROJECT = Path(__file__).parents[3]
# A registry that refuses at once, as a name that does not resolve does.
NOWHERE = "localhost:1"

Tagged = Callable[[str], str]


@pytest.fixture(autouse=True)
def no_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs these tests may have chosen images; here nobody has."""
    for name in ("REDIS_IMAGE", "CACHE_IMAGE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def engine() -> Iterator[docker.DockerClient]:
    """The engine."""
    client = connect()
    yield client
    client.close()


@pytest.fixture
def tagged(engine: docker.DockerClient) -> Iterator[Tagged]:
    """Give an image that is here another name, for one test.

    Not the app's: a test beside this one may move its name to another image meanwhile,
    and to remove the other name would remove the image itself.
    """
    names = []

    def tag(name: str) -> str:
        engine.images.get(sidecar.IMAGE).tag(name)
        names.append(name)
        return name

    yield tag
    for name in names:
        engine.images.remove(name)


def project(folder: Path, service: str, image: str) -> Path:
    """Write a project of one service that has this image."""
    (folder / "compose.yaml").write_text(
        f"services: {{{service}: {{image: '{image}'}}}}"
    )
    return folder


def test_names_come_from_compose_yaml(tmp_path: Path) -> None:
    """An image's variable is named after its service; that of a base after itself."""
    (tmp_path / "compose.yaml").write_text(
        """
        services:
          redis: {image: "${REDIS_IMAGE:-redis:8}"}
          web:
            image: app
            build: {context: app, args: {PYTHON_IMAGE: "python:3.13-slim", LEVEL: 3}}
        """
    )
    wanted = {each.variable: each.name for each in images.wanted_images(tmp_path)}
    assert wanted == {"REDIS_IMAGE": "redis:8", "PYTHON_IMAGE": "python:3.13-slim"}


def test_a_standin_is_our_answer_not_the_question(tmp_path: Path) -> None:
    """With a stand-in in `.env`, the official image is still the one that is wanted."""
    project(tmp_path, "redis", "${REDIS_IMAGE:-redis:8}")
    env_file.update(tmp_path, {"REDIS_IMAGE": build.standin_name("redis:8")})
    (wanted,) = images.wanted_images(tmp_path)
    assert (wanted.name, wanted.chosen) == ("redis:8", False)


def test_a_users_choice_is_the_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image that a user names, in the environment or in `.env`, is what we want."""
    project(tmp_path, "redis", "${REDIS_IMAGE:-redis:8}")
    env_file.update(tmp_path, {"REDIS_IMAGE": "valkey/valkey:8"})
    (wanted,) = images.wanted_images(tmp_path)
    assert (wanted.name, wanted.chosen) == ("valkey/valkey:8", True)
    monkeypatch.setenv("REDIS_IMAGE", "redis:7")
    (wanted,) = images.wanted_images(tmp_path)
    assert (wanted.name, wanted.chosen) == ("redis:7", True)


def test_every_image_has_a_recipe() -> None:
    """No image of compose.yaml needs a registry."""
    for wanted in images.wanted_images(PROJECT):
        if not wanted.chosen:
            assert build.recipe_for(wanted.name), wanted.name


@pytest.mark.engine
def test_a_second_time_is_quick(engine: docker.DockerClient) -> None:
    """Where nothing is missing, nothing is told, and it takes under two seconds."""
    told: list[str] = []
    images.prepare(engine, PROJECT, told.append)
    told.clear()
    before = now()
    images.prepare(engine, PROJECT, told.append)
    assert now() - before < 2
    assert told == []


@pytest.mark.engine
def test_an_official_image_is_preferred(
    engine: docker.DockerClient, tmp_path: Path, tagged: Tagged
) -> None:
    """Once the official image is here, its stand-in goes out of `.env`."""
    name = tagged(f"{NOWHERE}/cache:9")
    project(tmp_path, "cache", f"${{CACHE_IMAGE:-{name}}}")
    (tmp_path / ".env").write_text(f"DEBUG=1\nCACHE_IMAGE={build.standin_name(name)}\n")
    images.prepare(engine, tmp_path, print)
    assert env_file.read(tmp_path) == {"DEBUG": "1"}


@pytest.mark.engine
def test_a_users_image_is_respected(
    engine: docker.DockerClient,
    tmp_path: Path,
    tagged: Tagged,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A user's own image that is here is taken as it is, and `.env` left alone."""
    project(tmp_path, "cache", f"${{CACHE_IMAGE:-{NOWHERE}/cache:9}}")
    monkeypatch.setenv("CACHE_IMAGE", tagged(f"{NOWHERE}/my-own:1"))
    images.prepare(engine, tmp_path, print)
    assert not (tmp_path / ".env").exists()


@pytest.mark.engine
def test_a_users_image_that_is_nowhere(
    engine: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No stand-in takes the place of what a user asked for: the variable is named."""
    project(tmp_path, "redis", "${REDIS_IMAGE:-redis:8}")
    monkeypatch.setenv("REDIS_IMAGE", f"{NOWHERE}/my-own:1")
    with pytest.raises(StackNotReady) as caught:
        images.prepare(engine, tmp_path, print)
    assert f"REDIS_IMAGE names {NOWHERE}/my-own:1" in str(caught.value)
    assert "connection refused" in str(caught.value)


@pytest.mark.engine
def test_an_image_without_a_recipe(engine: docker.DockerClient, tmp_path: Path) -> None:
    """What can be neither pulled nor built is named, with what could be built."""
    project(tmp_path, "cache", f"${{CACHE_IMAGE:-{NOWHERE}/cache:9}}")
    with pytest.raises(StackNotReady) as caught:
        images.prepare(engine, tmp_path, print)
    assert f"{NOWHERE}/cache:9 cannot be pulled" in str(caught.value)
    assert "redis-8" in str(caught.value)
    assert "CACHE_IMAGE" in str(caught.value)


@pytest.mark.engine
def test_a_compose_file_that_follows_no_variable(
    engine: docker.DockerClient, tmp_path: Path, tagged: Tagged
) -> None:
    """A stand-in that compose.yaml would not use is refused: two systems would run."""
    name = f"{NOWHERE}/redis:8"
    if not build.is_fresh(engine, name):
        pytest.skip("redis was pulled here, so there is no stand-in of it")
    project(tmp_path, "redis", name)
    with pytest.raises(UsageError, match=r"write it as \$\{REDIS_IMAGE:-"):
        images.prepare(engine, tmp_path, print)
