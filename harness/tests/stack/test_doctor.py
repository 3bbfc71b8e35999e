"""The doctor says what is wrong and what to do, and touches nothing."""

import os
import socket
from pathlib import Path

import pytest

from harness.stack import doctor
from harness.stack.doctor import Finding

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which no engine answers."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    """Return findings by what was looked at."""
    return {finding.name: finding for finding in findings}


def write(folder: Path, compose: str) -> Path:
    """Write a project with this compose.yaml and a lock that pins nothing."""
    (folder / "compose.yaml").write_text(compose)
    (folder / "requirements.lock").write_text("")
    return folder


def test_no_engine(no_engine: None) -> None:
    """Without an engine it still looks at everything else."""
    found = by_name(doctor.examine(PROJECT))
    assert not found["engine"].is_well
    assert "DOCKER_HOST" in found["engine"].todo
    assert found["compose.yaml"].is_well
    assert {"packages", "memory", "disk for reports"} <= set(found)


def test_a_port_in_use(no_engine: None, tmp_path: Path) -> None:
    """A taken port is told with who has it; a run takes free ones, so it may go on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        project = write(
            tmp_path,
            f"services: {{web: {{image: app, ports: ['127.0.0.1:{port}:8000']}}}}",
        )
        finding = by_name(doctor.examine(project))[f"port {port}"]
    assert f"process {os.getpid()}" in finding.seen
    assert "docker compose up" in finding.todo
    assert finding.is_well


def test_a_free_port(no_engine: None, tmp_path: Path) -> None:
    """A free port is told with the service that will have it."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    project = write(
        tmp_path, f"services: {{web: {{image: app, ports: ['127.0.0.1:{port}:8000']}}}}"
    )
    finding = by_name(doctor.examine(project))[f"port {port}"]
    assert (finding.seen, finding.todo) == ("free for web", "")


def test_a_compose_file_that_cannot_be_used(no_engine: None, tmp_path: Path) -> None:
    """A broken compose.yaml is a finding, not a crash."""
    found = by_name(doctor.examine(write(tmp_path, "services: [")))
    assert not found["compose.yaml"].is_well
    assert "is no valid YAML" in found["compose.yaml"].todo


def test_packages_that_are_not_those_of_the_lock(
    no_engine: None, tmp_path: Path
) -> None:
    """An environment that is older than the lock is told, with what to do."""
    write(tmp_path, "services: {web: {image: app}}")
    pins = "".join(f"{name}==0.0.1 \\\n" for name in ("docker", "pytest"))
    (tmp_path / "requirements.lock").write_text(pins)
    finding = by_name(doctor.examine(tmp_path))["packages"]
    assert "pytest" in finding.todo
    assert "not 0.0.1" in finding.todo


def test_what_it_looks_like() -> None:
    """One line each, marked, what to do below it, and a sum at the end."""
    findings = [
        Finding(name="engine", seen="none", todo="get one\nor two"),
        Finding(name="port 1", seen="taken", todo="free it", is_remark=True),
        Finding(name="disk", seen="free"),
    ]
    assert list(doctor.lines(findings)) == [
        "BAD  engine  none",
        "             get one",
        "             or two",
        "note port 1  taken",
        "             free it",
        "ok   disk    free",
        "",
        "1 to mend, see BAD above",
    ]
    assert list(doctor.lines(findings[1:]))[-1] == "`make chaos` will work here"


@pytest.mark.engine
def test_a_machine_that_is_set_up() -> None:
    """After setup all images are there, by their names, and nothing is to mend."""
    found = by_name(doctor.examine(PROJECT))
    assert found["engine"].is_well
    assert "cgroup v" in found["engine"].seen
    for name in ("postgres", "redis", "rabbitmq", "toxiproxy", "python"):
        assert found[f"image {name}"].todo == ""
