"""How much luck tests try: Hypothesis draws the same everywhere, unless it is asked.

And which CI they think they are in: none, unless a test says so. What they make up
must not be announced as a run of the pipeline that they are part of.

And whether there is a container engine: none, for a test that is not marked to need
one, so that `make check` says the same where there is none.
"""

import os

import pytest
from hypothesis import settings

# `HYPOTHESIS_PROFILE=search` draws anew each time, and remembers what failed.
settings.register_profile("check", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("mutants", settings.get_profile("check"), max_examples=10)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "check"))

for _name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
    os.environ.pop(_name, None)


@pytest.fixture(autouse=True)
def _no_engine_unless_marked(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A story that a test runs in a pytest of its own is a test here, too.
    is_a_story = "cell" in request.fixturenames
    if not is_a_story and request.node.get_closest_marker("engine") is None:
        monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
