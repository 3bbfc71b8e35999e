"""Write the JSON Schemas that are shipped: `python -m harness.report.schemas`."""

import json
from pathlib import Path

from harness import history
from harness.report import results

HERE = Path(__file__).parent

SCHEMAS = {
    "history.schema.json": history.schema,
    "run.schema.json": history.run_schema,
    "results.schema.json": results.schema,
}

if __name__ == "__main__":
    for name, schema in SCHEMAS.items():
        (HERE / name).write_text(json.dumps(schema(), indent=1) + "\n")
