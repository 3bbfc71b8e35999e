"""Real pytest in a real pseudo-terminal, and piped: what is conducted is replayed."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.terminal.end import LINES
from harness.tests.terminal.screen import Screen

PROJECT = Path(__file__).parents[3]
BROKEN: dict[str, Any] = {
    "broke": ["broker_outage × outbox"],
    "none": ["baseline × tutorial"],
}
CURSOR = re.compile(r"\x1b\[\??[0-9;]*[A-HJKSTfhlr]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def _pytest(reports: Path, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "pytest", "-p", "harness.tests.terminal.replay"),
        *("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:anyio"),
        *(f"--reports={reports}", "--designs=tutorial,outbox", "--seed=1107"),
        *("scenarios/test_baseline.py", "scenarios/test_broker_outage.py", *options),
    ]


def _in_terminal(
    reports: Path,
    *options: str,
    pace: float = 0.2,
    columns: int = 80,
    bad: dict[str, Any] = BROKEN,
    **env: str,
) -> Screen:
    replay = json.dumps({"pace": pace} | bad)
    return Screen(_pytest(reports, *options), {"REPLAY": replay} | env, columns=columns)


def _piped(reports: Path, *options: str, more: Any = (), **env: str) -> list[str]:
    """Return all that it wrote, in lines: no byte of it moves a cursor."""
    without = {"NO_COLOR", "FORCE_COLOR", "CI", "PY_COLORS"}
    environment = {k: v for k, v in os.environ.items() if k not in without}
    done = subprocess.run(
        _pytest(reports, *options),
        cwd=PROJECT,
        env=environment | {"REPLAY": json.dumps(BROKEN | dict(more))} | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert not CURSOR.search(done.stdout.decode())
    return done.stdout.decode().splitlines()


def test_live_while_it_runs_and_pytest_s_own_lines_afterwards(tmp_path: Path) -> None:
    """The matrix is drawn while a scenario runs; what is left is pytest's and ours."""
    with _in_terminal(tmp_path, pace=0.3) as screen:
        seen = screen.wait_for("● workload")
        assert [line for line in seen if line.split() == ["baseline", "●", "●"]]
        assert any(line.startswith(" 0 of 4 cells") for line in seen)
        screen.wait_for("confirmed 2.2")
        assert screen.ends() == 1
        lines = screen.all_lines()

    begun = lines.index("collected 4 items") + 2
    none, _, baseline, broke, _, outage = lines[begun : begun + 6]
    assert none.startswith("? baseline × tutorial  no verdict: the harness failed: the")
    assert baseline.split() == ["scenarios/test_baseline.py", "F.", "[", "50%]"]
    assert broke.startswith("✕ broker_outage × outbox  broke: every_job_starts: 2 jobs")
    assert outage.split() == ["scenarios/test_broker_outage.py", ".F", "[100%]"]
    whole = "\n".join(lines)
    assert "●" not in whole
    assert "eta" not in whole
    assert [line for line in lines if line][-1] == "2 kept, 1 broke, 1 no verdict"
    assert screen.raw.count(b"\x1b[?25l") == screen.raw.count(b"\x1b[?25h") > 0


def test_narrow_resized_and_without_colour(tmp_path: Path) -> None:
    """Nothing crashes; live and coloured are two decisions, whatever pytest shows."""
    with _in_terminal(tmp_path, "-v", columns=40, NO_COLOR="1") as screen:
        screen.wait_for("● workload")
        screen.resize(30, 9)
        screen.wait_for("broker_outage: ")
        screen.resize(250, 40)
        assert screen.ends() == 1
        whole = "".join(screen.all_lines())
    assert "test_broker_outage[outbox] FAILED" in whole
    assert "could not be shown" not in whole
    shown = screen.raw.decode()
    assert CURSOR.search(shown)
    assert set(COLOUR.findall(shown)) <= {"\x1b[0m", "\x1b[1m", "\x1b[2m"}


def test_ctrl_c_once_and_a_question(tmp_path: Path) -> None:
    """The running scenario ends, its cells are told, and the rest is left out.

    SIGUSR1 asks what is going on: the answer stays, too.
    """
    with _in_terminal(tmp_path, bad={}) as screen:
        screen.wait_for("● workload")
        os.kill(screen.process.pid, signal.SIGUSR1)
        screen.wait_for("0 of 4 cells are done")
        screen.press(b"\x03")
        screen.wait_for("Ctrl-C: the running scenario ends first")
        assert screen.ends() == 2
        lines = [line for line in screen.all_lines() if line]
    assert any(line.endswith("0 of 4 cells are done") for line in lines)
    assert "scenarios/test_baseline.py .." in lines
    assert "incomplete: 2 of 4 cells ran; 2 did not: the run ended before it" in lines
    assert lines[-1] == "2 kept"


def test_ctrl_c_again_and_again(tmp_path: Path) -> None:
    """The second heals at once; more of them cannot break that off."""
    with _in_terminal(tmp_path, bad={"heals_for": 2.0}, pace=1) as screen:
        screen.wait_for("● workload")
        screen.press(b"\x03")
        screen.wait_for("Ctrl-C: the running scenario ends first")
        screen.press(b"\x03")
        screen.wait_for("healing and removing at once")
        screen.press(b"\x03")
        screen.wait_for("that must not be interrupted")
        screen.press(b"\x03")
        assert screen.ends() == 2
        lines = [line for line in screen.all_lines() if line]
    assert not any("Traceback" in line for line in lines)
    assert "incomplete: 2 of 4 cells ran; 2 did not: the run ended before it" in lines
    assert lines[-1] == "2 no verdict"
    assert (tmp_path / "latest" / "healed").exists()
    assert (tmp_path / "latest" / "index.html").exists()


def test_a_dumb_terminal_gets_lines(tmp_path: Path) -> None:
    """It cannot move its cursor, and has no colours: `--progress live` says so."""
    with _in_terminal(tmp_path, "--progress=live", "-q", pace=0, TERM="dumb") as screen:
        assert screen.ends() == 1
        text = screen.raw.decode()
    assert text.startswith("--progress live: the output is no terminal that can move")
    assert " s  baseline: workload\r\n" in text
    assert "Captured" not in text
    assert "\x1b" not in text


def test_piped_with_colours(tmp_path: Path) -> None:
    """Lines, each of them whole, and colours where CI asks for them."""
    coloured = _piped(tmp_path, "-q", CI="1", FORCE_COLOR="1")
    lines = [COLOUR.sub("", line) for line in coloured]
    assert coloured != lines
    assert lines[-1] == coloured[-1] == "2 kept, 1 broke, 1 no verdict"
    told = [line for line in lines if re.match(r" +\d+\.\d s  ", line)]
    assert sum("broker_outage: workload" in line for line in told) == 1
    assert sum(line.endswith("healed in 2 lanes") for line in told) == 1
    assert "F." in lines
    assert all(line.isprintable() for line in lines)


def test_piped_and_selected(tmp_path: Path) -> None:
    """-k and -x mean what they mean; NO_COLOR is stronger than FORCE_COLOR."""
    options = ("-k", "tutorial or outage", "-x")
    lines = _piped(tmp_path, *options, FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b" not in "".join(lines)
    assert "scenarios/test_baseline.py F" in lines
    assert "1 of 3 cells ran; 2 did not: the run ended before it" in lines
    assert lines[-1] == "1 no verdict"


def test_none_says_nothing_until_the_end(tmp_path: Path) -> None:
    """Only pytest's own lines, and ours after its last; a fault that is on is ours."""
    (tmp_path / "open_faults.json").write_text(
        json.dumps(
            [{"name": "kill worker", "lane": "outbox", "undo": {"type": "nothing"}}]
        )
    )
    more = {"session": str(tmp_path), "left": ["web-1"]}
    lines = _piped(tmp_path, "--progress=none", more=more)
    begun = lines.index("collected 4 items") + 2
    assert lines[begun].startswith("scenarios/test_baseline.py F.")
    assert lines[begun + 1].startswith("scenarios/test_broker_outage.py .F")
    last = next(n for n, line in enumerate(lines) if " promises " in line) + 1
    assert len(lines) - last <= LINES
    assert lines[last].startswith("✕ broker_outage × outbox  broke: ")
    assert lines[last].endswith("  index.html#broker_outage--outbox")
    assert "the engine still holds on to web-1; try `harness recover`" in lines
    assert lines[-1].startswith("STILL BROKEN: kill worker of outbox. ")


def test_without_pytest_s_terminal(tmp_path: Path) -> None:
    """Who asks for no terminal gets none; the report is there."""
    assert _piped(tmp_path, "-p", "no:terminal") == []
    assert (tmp_path / "latest" / "index.html").exists()
