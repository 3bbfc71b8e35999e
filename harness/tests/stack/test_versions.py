"""Other versions of Celery: how they are asked for, had, and found again."""

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from harness.clock import now
from harness.errors import StackNotReady, UsageError
from harness.stack import build, images, sidecar, versions
from harness.stack.engine import connect
from harness.stack.versions import Celery, parse

PROJECT = Path(__file__).parents[3]
NAME = f"celery-proving-ground-test-versions-{os.getpid()}"


def test_a_version_brings_the_kombu_of_its_series() -> None:
    """Celery 5.6 takes any newer kombu, and faults are kombu's as well as Celery's."""
    plain, other = parse("5.6.3, 5.6.3+kombu5.7.0,5.6.3")
    assert plain.requirements == ("celery[redis]==5.6.3", "kombu==5.6.*")
    assert other.requirements == ("celery[redis]==5.6.3", "kombu==5.7.0")
    assert [str(each) for each in (plain, other)] == ["5.6.3", "5.6.3+kombu5.7.0"]


@pytest.mark.parametrize("text", ["", "5", "v5.6.3", "5.6.3,", "5.6.3+5.7", "5.6 5.7"])
def test_what_is_no_version_is_refused_with_how_to_write_one(text: str) -> None:
    """Before anything starts, in one sentence."""
    with pytest.raises(UsageError, match=r"no version; write 5\.6\.3, or") as raised:
        parse(text)
    assert "\n" not in str(raised.value)


@pytest.fixture(name="engine")
def _engine() -> Iterator[docker.DockerClient]:
    client = connect()
    yield client
    client.close()


def _app(engine: docker.DockerClient) -> str:
    (how, *_) = images.app_images(PROJECT).values()
    return build.needed_app(engine, PROJECT, how)


@pytest.mark.engine
def test_an_image_has_what_was_asked_for_and_is_found_again(
    engine: docker.DockerClient,
) -> None:
    """Whoever asked first waits for pip; the others wait for nothing."""
    wanted, told = Celery(version="5.6.3"), list[str]()
    app = _app(engine)
    versions.prepare(engine, {app}, {wanted}, told.append)
    found = versions.find(engine, app, wanted)
    assert found is not None
    freeze = ["pip", "list", "--format=freeze"]
    has = engine.containers.run(found, freeze, remove=True).decode()
    assert re.search(r"^celery==5\.6\.3$", has, re.MULTILINE)
    assert re.search(r"^kombu==5\.6\.", has, re.MULTILINE)
    user = engine.images.get(found).attrs["Config"]["User"]
    assert user == engine.images.get(app).attrs["Config"]["User"]

    told.clear()
    before = now()
    versions.prepare(engine, {app}, {wanted}, told.append)
    assert (told, now() - before < 2) == ([], True)


@pytest.mark.engine
def test_a_version_that_cannot_be_had_is_one_sentence(
    engine: docker.DockerClient,
) -> None:
    """With pip's own words, and without its screen of them."""
    nobody = Celery(version="5.99.99")
    with pytest.raises(StackNotReady, match=r"Celery 5\.99\.99 cannot be") as raised:
        versions.prepare(engine, {_app(engine)}, {nobody}, lambda _: None)
    assert "pip says: " in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.engine
def test_an_image_that_lost_its_name_is_found_though_another_was_built_on_it(
    engine: docker.DockerClient,
) -> None:
    """As the app's is when another checkout builds its own, and a version is here."""
    label = build.MADE_FROM

    def image(*lines: str) -> str:
        context = io.BytesIO("\n".join(lines).encode())
        made, _ = engine.images.build(fileobj=context, tag=NAME, rm=True)
        return str(made.id)

    try:
        lost = image(f"FROM {sidecar.IMAGE}", f"LABEL {label}={NAME}")
        image(f"FROM {lost}", "ENV A=1", f"LABEL {label}={NAME}-other")
        assert lost not in [each.id for each in engine.images.list()]
        assert build.find(engine, NAME) == lost
    finally:
        engine.images.remove(NAME)  # and what it was built on, which has no name
