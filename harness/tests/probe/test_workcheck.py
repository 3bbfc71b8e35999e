"""workcheck against peers that let nobody work. That it sees work done is seen on the
real stack, by every fault that is felt by it (harness/tests/faults).
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import harness.probe
from harness.tests.probe.test_linkcheck import hang_up, peer, saying

SCRIPT = Path(harness.probe.__file__).parent / "workcheck.py"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script as it is run in a container."""
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT), *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def observed(scheme: str, port: int) -> dict[str, Any]:
    """Return what it says of one link, which it finds in the environment."""
    url = f"{scheme}://jobs:jobs@127.0.0.1:{port}/jobs"
    ended = run("--timeout", "0.3", f"a={scheme}://127.0.0.1:{port}", SOME_URL=url)
    found: dict[str, Any] = json.loads(ended.stdout)["links"]["a"]
    return found


@pytest.mark.parametrize("scheme", ["amqp", "postgres", "redis"])
def test_who_is_not_answered_says_silent(scheme: str) -> None:
    """Each library's own time-out is told as one word."""
    with peer(saying()) as port:
        link = observed(scheme, port)
    assert link["observed"] == "silent"
    assert link["seconds"] < 3


@pytest.mark.parametrize("scheme", ["amqp", "postgres", "redis"])
def test_who_is_turned_away_says_why(scheme: str) -> None:
    """In the words of the library, on one line."""
    with peer(hang_up) as port:
        link = observed(scheme, port)
    assert link["observed"] == "refused"
    assert link["detail"]
    assert "\n" not in link["detail"]


def test_a_link_that_the_app_does_not_have() -> None:
    """Without the app's own URL it cannot log in, and says so."""
    ended = run("a=redis://127.0.0.1:1")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "nothing in the environment is a URL for 127.0.0.1:1" in ended.stderr
