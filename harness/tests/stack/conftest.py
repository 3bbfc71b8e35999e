"""What more than one of these tests needs."""

import os
import shutil
from collections.abc import Iterator

import pytest

from harness.stack.engine import connect
from harness.stack.session import Session, claim, new_session, remove


@pytest.fixture(name="owner")
def _owner() -> Iterator[Session]:
    """Return a session that this process has in use, as a harness has its own.

    Any run that starts or ends meanwhile, in a stream beside this one, too, removes
    what belongs to a session that nobody has in use.
    """
    owner = new_session(keep=False, fingerprint="test")
    claimed = claim(owner)
    assert claimed is not None
    yield owner
    left = remove(connect(), owner.id)
    os.close(claimed)
    shutil.rmtree(owner.folder)
    assert left == []
