"""Sessions: who owns what."""

import os
from types import SimpleNamespace

import pytest

from harness.stack.session import (
    Session,
    claim,
    new_session,
    session_of,
)


@pytest.fixture(name="fresh")
def _fresh(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return new_session(keep=True, fingerprint="f")


def test_a_claim_holds_until_it_is_let_go(fresh: Session) -> None:
    """Nobody else gets a session that a living harness has."""
    lock = claim(fresh)
    assert lock is not None

    assert claim(fresh) is None
    os.close(lock)
    again = claim(fresh)
    assert again is not None
    os.close(again)


def test_a_session_without_a_folder_is_nobodys(fresh: Session) -> None:
    """A folder that a tidy machine removed does not protect a leftover."""
    for path in fresh.folder.iterdir():
        path.unlink()
    fresh.folder.rmdir()

    assert claim(fresh) is None


def test_a_session_is_read_back_from_its_labels(fresh: Session) -> None:
    """What the labels say is all that clean-up needs."""
    container = SimpleNamespace(attrs={"Config": {"Labels": fresh.labels()}})
    network = SimpleNamespace(attrs={"Labels": fresh.labels()})

    assert session_of(container) == session_of(network) == fresh
