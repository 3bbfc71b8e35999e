"""Mutates the judging half and runs its unit tests against each mutant: `make mutants`.

It exists because tests of a judge must tell when the judge is wrong. mutmut does the
work, as `[tool.mutmut]` in pyproject.toml says; mutants.md has the score, and why each
survivor lives. Properties are mutated, too: mutmut leaves decorated functions out, and
a job's fate is one.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import libcst as cst
from mutmut.__main__ import collect_source_file_mutation_data, run
from mutmut.mutation import file_mutation
from mutmut.stats import status_by_exit_code

WANTED_PERCENT = 90


def _is_property(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.FunctionDef) and [
        each.decorator.value
        for each in node.decorators
        if isinstance(each.decorator, cst.Name)
    ] == ["property"]


def mutate_properties() -> None:
    """Let mutmut see properties: the copies that it makes of one are plain methods."""
    skips = file_mutation.MutationVisitor._skip_node_and_children
    arrange = file_mutation.function_trampoline_arrangement

    def skip(self: Any, node: cst.CSTNode) -> bool:
        return not _is_property(node) and skips(self, node)

    def arranged(
        function: cst.FunctionDef, mutants: Iterable[Any], class_name: str | None
    ) -> Any:
        declared, (trampoline, *copies), assigned, names = arrange(
            function, mutants, class_name
        )
        if _is_property(function):
            copies = [each.with_changes(decorators=[]) for each in copies]
        return declared, [trampoline, *copies], assigned, names

    file_mutation.MutationVisitor._skip_node_and_children = skip  # type: ignore[method-assign]
    file_mutation.function_trampoline_arrangement = arranged


def summary() -> tuple[Sequence[str], float]:
    """Return a line for each file and each survivor, and the score in percent."""
    lines, survivors = [], []
    total: Counter[str] = Counter()
    _, files = collect_source_file_mutation_data(mutant_names=())
    for path, data in sorted(files.items()):
        counted: Counter[str] = Counter()
        for name, code in sorted(data.exit_code_by_key.items()):
            status = status_by_exit_code[code]
            counted["killed" if status in ("killed", "timeout") else "survived"] += 1
            if status not in ("killed", "timeout"):
                survivors.append(f"{status}: {name}")
        if counted:
            lines.append(f"| `{path}` | {_row(counted)} |")
        total += counted
    lines.append(f"| all | {_row(total)} |")
    return [*lines, "", *survivors], 100 * total["killed"] / (total.total() or 1)


def _row(counted: Counter[str]) -> str:
    score = 100 * counted["killed"] / (counted.total() or 1)
    return f"{counted.total()} | {counted['killed']} | {score:.1f} %"


def main() -> int:
    """Run, tell the score, and fail below what is wanted."""
    mutate_properties()
    run.callback(mutant_names=sys.argv[1:], max_children=1)  # type: ignore[misc]
    lines, score = summary()
    print("\n".join(lines))
    return 0 if score >= WANTED_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main())
