"""Where there is no engine that we may use, one screen says what to do."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import EngineMissing
from harness.stack import engine

NOBODY = 65534


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Lose root's right to open everything, for one test."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)


def complaint() -> str:
    """Return the screen that somebody sees who asks for the engine now."""
    with pytest.raises(EngineMissing) as caught:
        engine.connect()
    assert caught.value.exit_code == 3
    assert len(str(caught.value).splitlines()) < 20
    return str(caught.value)


@pytest.mark.parametrize("host", ["unix:///nonexistent/docker.sock", "nonsense"])
def test_a_named_host_that_does_not_answer(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names DOCKER_HOST, because that is what to change."""
    monkeypatch.setenv("DOCKER_HOST", host)
    assert f"DOCKER_HOST is {host}" in complaint()


def test_a_socket_that_nobody_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket file that a dead engine left behind is no engine."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    assert "Connection refused" in complaint()


def test_an_engine_without_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """An engine that is there but closed to us is another matter: a group, or sudo."""
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(str(path))
        closed.listen()
        path.chmod(0o600)
        for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
            folder.chmod(0o755)
        if os.geteuid() != 0:
            path.chmod(0)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        request.getfixturevalue("as_nobody")
        said = complaint()
    assert "may not talk to it" in said
    assert "usermod -aG docker" in said


@pytest.mark.parametrize(
    ("platform", "expected"), [("darwin", "colima start"), ("linux", "apt-get install")]
)
def test_no_engine_at_all(
    platform: str,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without DOCKER_HOST, the screen says how to get an engine on this system."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(engine, "_SOCKET", tmp_path / "docker.sock")
    monkeypatch.setattr(sys, "platform", platform)
    error = FileNotFoundError(2, "No such file or directory")
    assert expected in engine._advice(error)


def test_no_engine_is_installed_beside_a_named_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who names an engine wants that one: nothing is installed or started."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    assert not engine.may_install()
    told: list[str] = []
    with pytest.raises(EngineMissing):
        engine.ensure(told.append)
    assert told == []


def test_a_pid_file_whose_number_is_used_again(tmp_path: Path) -> None:
    """A dead daemon's pid file is dropped when another program has its number."""
    pid_file = tmp_path / "docker.pid"
    pid_file.write_text(f"{os.getpid()}\n")
    engine._drop_if_stale(pid_file, "dockerd")
    assert not pid_file.exists()


def test_a_pid_file_of_nobody(tmp_path: Path) -> None:
    """So it is when no process has the number."""
    pid_file = tmp_path / "docker.pid"
    pid_file.write_text("4194305")
    engine._drop_if_stale(pid_file, "dockerd")
    assert not pid_file.exists()


def test_a_pid_file_of_a_living_daemon(tmp_path: Path) -> None:
    """A daemon that lives keeps its file."""
    pid_file = tmp_path / "docker.pid"
    pid_file.write_text(str(os.getpid()))
    engine._drop_if_stale(pid_file, Path("/proc/self/comm").read_text().strip())
    assert pid_file.exists()


@pytest.mark.engine
def test_an_engine_that_runs_is_taken() -> None:
    """Where an engine answers, nothing is told and nothing done."""
    told: list[str] = []
    client = engine.ensure(told.append)
    assert client.ping()
    assert told == []
    client.close()
