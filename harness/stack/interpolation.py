"""Fills in the variables of compose.yaml, as Compose v2 does.

It exists so that the harness and `docker compose up` read the same image names, ports
and settings out of the same file: `$NAME`, `${NAME}`, `${NAME:-default}`,
`${NAME-default}`, `${NAME:?error}`, `${NAME?error}`, `${NAME:+other}`,
`${NAME+other}`, `$$` for a dollar, and the same again inside a default. With a colon,
an empty variable counts as unset.
Rules: https://docs.docker.com/reference/compose-file/interpolation/
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from harness.stack import env_file

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS = (":-", ":?", ":+", "-", "?", "+")


def environment_for(project: Path) -> dict[str, str]:
    """Return what compose.yaml may name: `.env` beside it, overridden by our own."""
    return env_file.read(project) | os.environ


def interpolate(text: str, environment: Mapping[str, str]) -> str:
    """Return `text` with its variables filled in.

    Raises ValueError, whose message names the variable, for a broken expression and
    for a required variable that is not set.
    """
    parts = []
    position = 0
    while (dollar := text.find("$", position)) >= 0:
        parts.append(text[position:dollar])
        value, position = _expression(text, dollar, environment)
        parts.append(value)
    parts.append(text[position:])
    return "".join(parts)


def _expression(
    text: str, dollar: int, environment: Mapping[str, str]
) -> tuple[str, int]:
    """Return the value of the expression at `dollar`, and where it ends."""
    after = text[dollar + 1 : dollar + 2]
    if after == "$":
        return "$", dollar + 2
    if after == "{":
        end = _closing_brace(text, dollar + 2)
        return _braced(text[dollar + 2 : end], environment), end + 1
    if name := _NAME.match(text, dollar + 1):
        return environment.get(name[0], ""), name.end()
    raise ValueError(f"a lone $ in {text!r}; write $$ for a dollar")


def _closing_brace(text: str, start: int) -> int:
    depth = 1
    for position in range(start, len(text)):
        if text.startswith("${", position):
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    raise ValueError(f"${{ without its }} in {text!r}")


def _braced(inside: str, environment: Mapping[str, str]) -> str:
    name = _NAME.match(inside)
    rest = inside[name.end() :] if name else inside
    operator = next((each for each in _OPERATORS if rest.startswith(each)), "")
    if name is None or (rest and not operator):
        raise ValueError(f"${{{inside}}} is no variable")
    value = environment.get(name[0])
    word = rest[len(operator) :]
    is_set = bool(value) if operator.startswith(":") else value is not None
    match operator[-1:]:
        case "-":
            return (value or "") if is_set else interpolate(word, environment)
        case "+":
            return interpolate(word, environment) if is_set else ""
        case "?" if not is_set:
            raise ValueError(
                f"{name[0]} is not set: {interpolate(word, environment) or 'required'}"
            )
        case _:
            return value or ""
