"""Variables in compose.yaml mean what they mean to Compose."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.stack.interpolation import environment_for, interpolate

ENVIRONMENT = {"NAME": "value", "EMPTY": "", "OTHER": "other"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$NAME", "value"),
        ("${NAME}", "value"),
        ("a-${NAME}-b", "a-value-b"),
        ("$NAME$OTHER", "valueother"),
        ("${UNSET}", ""),
        ("$UNSET.", "."),
        ("${NAME:-default}", "value"),
        ("${EMPTY:-default}", "default"),
        ("${EMPTY-default}", ""),
        ("${UNSET:-default}", "default"),
        ("${UNSET-default}", "default"),
        ("${UNSET:-postgres:17}", "postgres:17"),
        ("${UNSET:-${OTHER}}", "other"),
        ("${UNSET:-${EMPTY:-in ${OTHER}}}!", "in other!"),
        ("${NAME:?must be set}", "value"),
        ("${EMPTY?must be set}", ""),
        ("${NAME:+instead}", "instead"),
        ("${EMPTY:+instead}", ""),
        ("${EMPTY+instead}", "instead"),
        ("${UNSET+instead}", ""),
        ("$$NAME", "$NAME"),
        ("$${NAME}", "${NAME}"),
        ("echo $$(date) costs 5$$", "echo $(date) costs 5$"),
    ],
)
def test_expressions(text: str, expected: str) -> None:
    """Each form of an expression gives what Compose gives."""
    assert interpolate(text, ENVIRONMENT) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("${UNSET:?set it to the API's key}", "UNSET is not set: set it to the API's"),
        ("${EMPTY:?}", "EMPTY is not set: required"),
        ("${UNSET?}", "UNSET is not set: required"),
        ("${NAME", "without its }"),
        ("${NAME!x}", "is no variable"),
        ("${}", "is no variable"),
        ("5$", "write $$ for a dollar"),
        ("$(date)", "write $$ for a dollar"),
    ],
)
def test_broken_expressions(text: str, complaint: str) -> None:
    """What cannot be filled in is refused, and the message names it."""
    with pytest.raises(ValueError, match=r".") as caught:
        interpolate(text, ENVIRONMENT)
    assert complaint in str(caught.value)


@given(st.text())
def test_any_text_survives_doubled_dollars(text: str) -> None:
    """A text whose dollars are doubled comes out as it was."""
    assert interpolate(text.replace("$", "$$"), ENVIRONMENT) == text


def test_our_own_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable of the process counts more than the same one in `.env`."""
    (tmp_path / ".env").write_text("FROM_FILE=file\nFROM_BOTH='file'\n")
    monkeypatch.setenv("FROM_BOTH", "process")
    environment = environment_for(tmp_path)
    assert environment["FROM_FILE"] == "file"
    assert environment["FROM_BOTH"] == "process"
