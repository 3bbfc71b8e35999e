"""compose.yaml is read as Compose reads it, or refused with a sentence."""

from pathlib import Path
from textwrap import dedent

import pytest

from harness.errors import UsageError
from harness.stack.compose import ComposeFile, read_compose

PROJECT = Path(__file__).parents[3]


def read(tmp_path: Path, text: str, **environment: str) -> ComposeFile:
    """Read a compose.yaml of these words, in no other environment than given."""
    path = tmp_path / "compose.yaml"
    path.write_text(dedent(text))
    return read_compose(path, environment)


def complaint(tmp_path: Path, text: str, **environment: str) -> str:
    """Return the sentence with which such a compose.yaml is refused."""
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text, **environment)
    assert caught.value.exit_code == 4
    assert str(tmp_path / "compose.yaml") in str(caught.value)
    return str(caught.value)


def test_the_projects_own_file() -> None:
    """The file that people run holds every service and role that a run needs."""
    compose = read_compose(PROJECT / "compose.yaml", {})
    assert {"postgres", "redis", "rabbitmq", "toxiproxy"} <= set(compose.services)
    for role in ("web", "worker", "relay"):
        assert compose.services[role].build is not None
    assert set(compose.published_ports()) == {8000, 5672, 15672, 5555}


def test_published_ports_are_on_loopback() -> None:
    """Nothing of the system can be reached from another machine."""
    compose = read_compose(PROJECT / "compose.yaml", {})
    for service in compose.services.values():
        assert all(port.startswith("127.0.0.1:") for port in service.ports)


def test_anchors_and_extensions(tmp_path: Path) -> None:
    """`x-` keys are for anchors only; a merged key is overridden by a service's own."""
    compose = read(
        tmp_path,
        """
        x-app: &app
          image: ${APP_IMAGE:-app}
          build: app
          init: true
          restart: on-failure
          environment: {DESIGN: "${DESIGN:-tutorial}", NUMBER: 2}
        services:
          web:
            <<: *app
            command: gunicorn config.wsgi --bind '0.0.0.0:8000'
          worker:
            <<: *app
            init: false
            restart: "no"
        """,
        DESIGN="outbox",
    )
    web, worker = compose.services["web"], compose.services["worker"]
    assert web.command == ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000"]
    assert web.environment == {"DESIGN": "outbox", "NUMBER": "2"}
    assert web.build is not None
    assert (web.image, web.build.context, web.init) == ("app", "app", True)
    assert worker.init is False
    assert (web.restart, worker.restart) == ("on-failure", "no")


def test_both_forms_of_environment_and_dependencies(tmp_path: Path) -> None:
    """Lists and mappings say the same."""
    compose = read(
        tmp_path,
        """
        services:
          db: {image: postgres}
          web:
            image: app
            environment: [A=1, "B=x=y", C=]
            depends_on: [db]
        """,
    )
    web = compose.services["web"]
    assert web.environment == {"A": "1", "B": "x=y", "C": ""}
    assert web.depends_on["db"].condition == "service_started"


def test_an_unknown_key_is_an_error(tmp_path: Path) -> None:
    """A key that we would leave out is named, with its service and what to do."""
    said = complaint(tmp_path, "services: {web: {image: app, privileged: true}}")
    assert "service web has the key `privileged`" in said
    assert "harness/stack/compose.py" in said


def test_an_unknown_key_further_in_is_an_error(tmp_path: Path) -> None:
    """Nested keys are as strict: half a health check is no health check."""
    said = complaint(
        tmp_path, "services: {web: {image: app, healthcheck: {test: x, disable: true}}}"
    )
    assert "service web has the key `healthcheck.disable`" in said


def test_an_unknown_key_at_the_top_is_an_error(tmp_path: Path) -> None:
    """So are keys beside `services`."""
    said = complaint(tmp_path, "services: {web: {image: app}}\nvolumes: {data: {}}")
    assert "the file has the key `volumes`" in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "names no services"),
        ("services:", "names no services"),
        ("- web\n", "names no services"),
        ("services: [web", "is no valid YAML"),
        ("services:\n\tweb: {}", "is no valid YAML"),
        ("services: {web: {image: a, image: b}}", "'image' is there twice"),
        ("services: {web: {command: run}}", "service web has no `image`"),
        ("services: {web: {build: app}}", "service web has no `image`"),
        ("services: {web: {image: a, environment: {A: yes}}}", "`environment.A`"),
        ("services: {web: {image: a, environment: [A]}}", "write A=..."),
        ("services: {web: {image: a, ports: [8000]}}", "`ports.0`"),
        ("services: {web: {image: a, depends_on: [db]}}", "depends on db"),
        ("services: {web: {image: '${WEB_IMAGE:?}'}}", "WEB_IMAGE is not set"),
        (
            "services: {web: {image: a, command: [echo, 5$]}}",
            "services > web > command",
        ),
    ],
)
def test_what_cannot_be_used(tmp_path: Path, text: str, expected: str) -> None:
    """Each way to break the file gives one sentence that names the place."""
    assert expected in complaint(tmp_path, text)


def test_no_file(tmp_path: Path) -> None:
    """A missing file is named, with the system's reason."""
    with pytest.raises(UsageError, match="No such file") as caught:
        read_compose(tmp_path / "compose.yaml")
    assert str(tmp_path) in str(caught.value)


def test_no_text(tmp_path: Path) -> None:
    """A file that is no text is refused, not half read."""
    (tmp_path / "compose.yaml").write_bytes(b"\xff\xfe\x00services")
    with pytest.raises(UsageError, match="is no text"):
        read_compose(tmp_path / "compose.yaml")


def test_env_beside_the_file_counts(tmp_path: Path) -> None:
    """Without an environment given, `.env` beside compose.yaml is read, as Compose
    does.
    """
    (tmp_path / ".env").write_text("A_NAME_OF_THIS_TEST=from-env-file\n")
    path = tmp_path / "compose.yaml"
    path.write_text("services: {web: {image: '${A_NAME_OF_THIS_TEST:-app}'}}")
    assert read_compose(path).services["web"].image == "from-env-file"
