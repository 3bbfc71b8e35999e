"""`.env` holds what setup found out, and never loses what a user wrote."""

from pathlib import Path

import pytest

from harness.stack import env_file


def test_values_come_back(tmp_path: Path) -> None:
    """What is written can be read."""
    env_file.update(tmp_path, {"REDIS_IMAGE": "ours/redis:8-standin"})
    assert env_file.read(tmp_path) == {"REDIS_IMAGE": "ours/redis:8-standin"}


def test_foreign_lines_stay(tmp_path: Path) -> None:
    """Comments, other variables, blank lines and their order are a user's own."""
    theirs = "# mine\nDEBUG=1\n\nREDIS_IMAGE=old\nexport TOKEN='a b'\n"
    (tmp_path / ".env").write_text(theirs)
    env_file.update(tmp_path, {"REDIS_IMAGE": "new"})
    assert (tmp_path / ".env").read_text() == (
        "# mine\nDEBUG=1\n\nexport TOKEN='a b'\n"
        "# By `harness setup`: stand-ins for images that it could not pull.\n"
        "REDIS_IMAGE=new\n"
    )


def test_none_takes_a_variable_out(tmp_path: Path) -> None:
    """A stand-in that is needed no more leaves no trace."""
    (tmp_path / ".env").write_text("DEBUG=1\n")
    env_file.update(tmp_path, {"REDIS_IMAGE": "new"})
    env_file.update(tmp_path, {"REDIS_IMAGE": None})
    assert (tmp_path / ".env").read_text() == "DEBUG=1\n"


def test_a_file_that_is_right_is_not_touched(tmp_path: Path) -> None:
    """The second update changes nothing, not even the file's identity."""
    env_file.update(tmp_path, {"REDIS_IMAGE": "new"})
    before = (tmp_path / ".env").stat()
    env_file.update(tmp_path, {"REDIS_IMAGE": "new"})
    assert (tmp_path / ".env").stat().st_ino == before.st_ino


def test_nothing_to_say_makes_no_file(tmp_path: Path) -> None:
    """Where every image was pulled, there is no `.env`."""
    env_file.update(tmp_path, {"REDIS_IMAGE": None})
    assert not (tmp_path / ".env").exists()


def test_permissions_stay(tmp_path: Path) -> None:
    """A `.env` with secrets is never opened wider."""
    (tmp_path / ".env").write_text("TOKEN=secret\n")
    (tmp_path / ".env").chmod(0o600)
    env_file.update(tmp_path, {"REDIS_IMAGE": "new"})
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_a_failure_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the new file cannot take the old one's place, the old one is whole."""
    (tmp_path / ".env").write_text("DEBUG=1\n")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        env_file.update(tmp_path, {"REDIS_IMAGE": "new"})
    assert (tmp_path / ".env").read_text() == "DEBUG=1\n"
    assert list(tmp_path.iterdir()) == [tmp_path / ".env"]
