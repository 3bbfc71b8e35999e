"""The ready pipelines of `.ci/` ask for what there is, as they would on a CI.

`make check` holds the YAML against the services' own schemas. Nothing here reaches one.
"""

import re
import shlex
from pathlib import Path

import pytest

from harness import __main__ as command_line
from harness import shards

PROJECT = Path(__file__).parents[2]
READY = (".ci/github-chaos.yml", ".ci/gitlab-ci.yml", ".ci/Jenkinsfile")
# What each service puts in place of its own variables.
GIVEN = {
    "${{ matrix.shard }}": "2",
    "${{ github.run_number }}": "7",
    "$CI_NODE_INDEX": "2",
    "$CI_NODE_TOTAL": "4",
    "$CI_PIPELINE_IID": "7",
    "$SHARD": "2",
    "$BUILD_NUMBER": "7",
}


def command(file: str, program: str) -> list[str]:
    """Return the only call of a program in a pipeline, split as a shell would."""
    text = (PROJECT / file).read_text().replace("\\\n", " ")
    for variable, value in GIVEN.items():
        text = text.replace(variable, value)
    # A call may go on in the next line, with its options.
    (found,) = re.findall(rf"\.venv/bin/({program} .+(?:\n +--.+)*)", text)
    return shlex.split(found.replace("'", ""))[1:]


@pytest.mark.parametrize("file", READY)
def test_a_shard_is_asked_for_by_options_that_pytest_has(
    file: str, pytestconfig: pytest.Config
) -> None:
    """The plugin's own; each shard leaves its folder apart."""
    asked = pytestconfig._parser.parse_known_args(command(file, "pytest"))
    assert asked.file_or_dir == ["scenarios"]
    assert shards.parse(asked.shard) == shards.Asked(number=2, of=4)
    assert (asked.seed, asked.reports) == (7, "shards/2")


@pytest.mark.parametrize("file", READY)
def test_what_they_leave_is_merged_and_attached(file: str) -> None:
    """By the command line as it is; the CI looks where it was put."""
    asked = command_line._parser().parse_args(command(file, "harness"))
    assert asked.name == "merge"
    assert asked.into == Path("reports/merged")
    text = (PROJECT / file).read_text()
    assert "reports/merged/" in text.partition("harness merge")[2]


@pytest.mark.parametrize("file", [".github/workflows/test.yml", ".ci/github-chaos.yml"])
def test_actions_are_pinned_by_their_commit(file: str) -> None:
    """A tag can be moved; the version stands beside it for people."""
    used = re.findall(r"uses: (.+)", (PROJECT / file).read_text())
    assert used
    for each in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each
