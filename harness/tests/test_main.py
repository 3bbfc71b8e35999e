"""The command line turns what happens into an exit code and one clear sentence."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from harness import __main__ as command_line
from harness.stack.needs import why_not

PROJECT = Path(__file__).parents[2]


def harness(*arguments: str) -> int:
    """Run the command line in this process."""
    return command_line.main(arguments)


@pytest.mark.parametrize("arguments", [[], ["chaos"], ["judge"], ["setup", "--now"]])
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be understood is a usage error: 4, never 2, which is interrupted."""
    assert harness(*arguments) == 4
    assert "usage: harness" in capsys.readouterr().err


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Help is no failure, and names every command."""
    assert harness("--help") == 0
    said = capsys.readouterr().out
    for name in (
        "setup",
        "doctor",
        "designs",
        "faults",
        "judge",
        "report",
        "proof",
        "bench",
        "recover",
        "down",
    ):
        assert name in said


def test_help_is_at_once() -> None:
    """Nothing heavy is imported before a command needs it."""
    heavy = {"docker", "pydantic", "testcontainers", "jinja2", "msgspec", "requests"}
    code = "import sys, harness.__main__; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert heavy.isdisjoint(loaded)


def test_designs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every design is listed with what it promises, from any folder of the project."""
    monkeypatch.chdir(PROJECT / "app")
    assert harness("designs") == 0
    said = capsys.readouterr().out
    assert "tutorial: " in said
    assert "promises effects_happen_once" in said


def test_faults(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every fault is listed with its arguments and its needs, engine or not."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    why_not.cache_clear()
    assert harness("faults") == 0
    said = capsys.readouterr().out
    assert "silence(roles, services, lost, when, for_seconds)" in said
    assert "direction='replies'" in said
    assert "needs iptables: not possible here: there is no container engine" in said


def test_no_project(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Outside of a project, setup says so instead of guessing."""
    monkeypatch.chdir(tmp_path)
    assert harness("setup") == 4
    assert f"there is no compose.yaml in {tmp_path}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("compose", "expected"),
    [
        ("services: [", "is no valid YAML"),
        ("services: {web: {image: a, privileged: true}}", "the key `privileged`"),
    ],
)
def test_a_compose_file_that_cannot_be_used(
    compose: str,
    expected: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Setup refuses it before it looks for an engine, in one sentence."""
    (tmp_path / "compose.yaml").write_text(compose)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    assert harness("setup") == 4
    said = capsys.readouterr().err
    assert said.startswith("harness setup: ")
    assert expected in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seeds", "0"], "--seeds 0: a proof needs one or more"),
        (["--defects", "none"], "--defects names 'none'; there is publish_before_c"),
    ],
)
def test_a_proof_of_nothing(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What proves nothing is not begun."""
    assert harness("proof", *arguments) == 4
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", ["setup", "recover", "down"])
def test_no_engine(
    command: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without an engine, what needs one is 3, with what to do and no traceback."""
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    assert harness(command) == 3
    assert "no container engine answers there" in capsys.readouterr().err


def test_an_engine_that_does_not_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence says so; what is no engine's failure is ours, and told whole."""
    monkeypatch.chdir(PROJECT)

    def failing(error: Exception) -> None:
        def fails() -> list[str]:
            raise error

        monkeypatch.setattr("harness.stack.guard.down", fails)

    failing(requests.ReadTimeout("Read timed out. (read timeout=60)"))
    assert harness("down") == 3
    said = capsys.readouterr().err
    assert said.startswith(
        "harness down: the container engine failed, or did not answer: Read timed out"
    )
    assert "Traceback" not in said

    failing(KeyError("ours"))
    assert harness("down") == 3
    assert "KeyError: 'ours'" in capsys.readouterr().err


def test_doctor_without_an_engine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor's own exit code says whether a run would work: 3 if not."""
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    assert harness("doctor") == 3
    assert "BAD  engine" in capsys.readouterr().out


def test_a_reader_that_goes_away() -> None:
    """`harness designs | head -1` is no crash."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [sys.executable, "-m", "harness", "designs"],
        cwd=PROJECT,
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write_end)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C ends at once, with 2 and no traceback, also while waiting."""
    (tmp_path / "compose.yaml").write_text("services: {web: {image: app}}")
    name = f"celery-proving-ground-setup-{os.getuid()}.lock"
    with (tmp_path / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = subprocess.Popen(
            [sys.executable, "-m", "harness", "setup"],
            cwd=tmp_path,
            env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(PROJECT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert running.stdout is not None
        assert "waiting for it" in running.stdout.readline()
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=10)
    assert running.returncode == 2
    assert said == "interrupted\n"
