"""What the README lists is what there is, and the other way round."""

import re
import tomllib
from pathlib import Path

import pytest

from harness import __version__, checkers, faults
from harness.conditions import POINTS
from harness.designs import find_designs
from harness.proof.defects import DEFECTS

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text()


def _named(title: str, *, column: int) -> set[str]:
    """Return the names in code marks of one column of the table under a heading."""
    section = README.split(f"\n### {title}\n")[1].split("\n### ")[0].split("\n## ")[0]
    cells = [
        row.split("|")[column] for row in section.splitlines() if row.startswith("| ")
    ]
    return {name for cell in cells for name in re.findall(r"^ `([\w.]+)` $", cell)}


@pytest.mark.parametrize(
    ("title", "column", "there"),
    [
        ("Guarantees", 2, {checker.GUARANTEE for checker in checkers.CHECKERS}),
        ("Designs", 1, set(find_designs(PROJECT))),
        ("Faults", 1, set(faults.__all__) - {"Fault"}),
        ("Breakpoints", 1, set(POINTS)),
        ("Can the verdicts be trusted?", 1, {each.name for each in DEFECTS}),
        (
            "Scenarios",
            1,
            {
                path.stem.removeprefix("test_")
                for path in PROJECT.glob("scenarios/test_*.py")
            },
        ),
    ],
)
def test_a_table_lists_all_that_there_is(
    title: str, column: int, there: set[str]
) -> None:
    """Nothing is listed that does not exist, nothing exists that is not listed."""
    assert _named(title, column=column) == there


def test_one_version() -> None:
    """The package, its metadata and the newest entry of the changelog agree."""
    metadata = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    changelog = (PROJECT / "CHANGELOG.md").read_text()
    (newest, *_) = re.findall(r"^## \[(\d\S+)\]", changelog, re.MULTILINE)

    assert __version__ == metadata["version"] == newest


def test_files_that_the_readme_links_to_are_there() -> None:
    """A link into the project leads somewhere."""
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (PROJECT / target).exists(), target
