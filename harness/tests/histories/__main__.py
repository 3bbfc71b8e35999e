"""Write the histories that lie beside the tests: by anomaly in pairs, and by cause."""

from pathlib import Path

from harness.tests.histories.build import cell, facts, lines, promising, sealed
from harness.tests.histories.causes import EXAMPLES
from harness.tests.histories.damage import DAMAGES, NEIGHBOURS

HERE = Path(__file__).parent


def pairs() -> dict[str, bytes]:
    """Return each file's name and content."""
    asked = cell(
        promises=promising(
            "every_job_starts",
            "every_started_job_ends",
            "effects_happen_once",
            "states_are_legal",
            "state_tells_the_truth",
            "answers_are_honest",
            "answers_in_time",
            "recovers_in_time",
        )
    )
    files = {}
    for kind, damage in DAMAGES.items():
        files[f"{kind}.jsonl"] = lines(sealed(damage(facts(2, asked=asked), 2)))
        clean = NEIGHBOURS[kind](facts(2, asked=asked), 2)
        files[f"{kind}.clean.jsonl"] = lines(sealed(clean))
    for name, example in EXAMPLES.items():
        harmed = example.harm(facts(2, asked=asked), 2)
        files[f"{name}.cause.jsonl"] = lines(sealed(harmed))
    return files


if __name__ == "__main__":
    for name, content in pairs().items():
        (HERE / name).write_bytes(content)
