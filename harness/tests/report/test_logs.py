"""Excerpts of logs: the fault's minute, this lane, trouble first."""

from pathlib import Path

from harness.report.evidence import judge_cells, judge_run
from harness.report.logs import LINE_LENGTH, LINES, excerpts
from harness.tests.histories import runs
from harness.tests.report.test_evidence import results_of

WALL = 1_700_000_000.0  # 2023-11-14T22:13:20Z; the fault is on from 2 to 4.2 s
AT = "2023-11-14T22:13:{:09.6f}789Z {}\n"


def put(folder: Path, where: str, *lines: tuple[float, str]) -> None:
    """Write a log as the engine stamps it."""
    path = folder / "story" / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(AT.format(20 + seconds, said) for seconds, said in lines))


def found(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the lines of each excerpt of the one cell."""
    (cell,) = judge_cells(folder).cells
    logs = excerpts(folder, cell, wall=WALL, lanes=("careful", "other"))
    return {log.path: log.lines for log in logs}


def test_only_the_faults_window_is_shown(tmp_path: Path) -> None:
    """A second before it was asked for until a second after it was verified."""
    runs.put(tmp_path)
    put(tmp_path, "careful/web.log", (0.5, "early"), (3.0, "within"), (9.0, "late"))
    put(tmp_path, "careful/relay.log", (9.0, "late"))
    assert found(tmp_path) == {"story/careful/web.log": ("22:13:23.000 within",)}


def test_trouble_goes_first_and_the_rest_is_counted(tmp_path: Path) -> None:
    """Twelve lines of 220 characters: the file has them all."""
    runs.put(tmp_path)
    quiet = [(2.0 + n / 100, f"line {n}") for n in range(40)]
    put(tmp_path, "careful/web.log", *quiet, (3.0, "an ERROR " + "x" * 500))
    put(tmp_path, "careful/worker.log", *quiet)
    lines = found(tmp_path)
    (loud,) = lines["story/careful/web.log"]
    assert "ERROR" in loud
    assert len(loud) == LINE_LENGTH
    assert len(lines["story/careful/worker.log"]) == LINES


def test_of_a_shared_service_only_this_lane_is_shown(tmp_path: Path) -> None:
    """Other lanes and the proxy's chatter are noise here."""
    runs.put(tmp_path)
    put(
        tmp_path,
        "services/toxiproxy.log",
        (3.0, '{"level":"info","name":"other.worker.postgres"}'),
        (3.1, '{"level":"info","name":"careful.worker.postgres"}'),
        (3.2, '{"level":"debug","name":"careful.worker.postgres"}'),
        (3.3, "vhost: 'other'"),
        (3.4, "the node is up"),
    )
    (lines,) = found(tmp_path).values()
    assert [line[13:] for line in lines] == [
        '{"level":"info","name":"careful.worker.postgres"}',
        "the node is up",
    ]


def test_a_scenario_without_faults_needs_no_logs(tmp_path: Path) -> None:
    """There is no window."""
    runs.put(tmp_path, faults=())
    put(tmp_path, "careful/web.log", (3.0, "within"))
    assert found(tmp_path) == {}


def test_the_page_folds_them_and_hostile_lines_are_inert(tmp_path: Path) -> None:
    """What a container writes is shown, not obeyed."""
    runs.put(tmp_path)
    put(tmp_path, "careful/web.log", (3.0, "</pre><script>alert(1)</script>"))
    judge_run(tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "<details><summary><code>story/careful/web.log</code>: 1 of 1 lines" in page
    assert "&lt;script&gt;alert(1)" in page
    assert results_of(tmp_path)["exit_code"] == 0
