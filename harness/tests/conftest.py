"""How much luck tests try: Hypothesis draws the same everywhere, unless it is asked.

And which CI they think they are in: none, unless a test says so. What they make up
must not be announced as a run of the pipeline that they are part of.
"""

import os

from hypothesis import settings

# `HYPOTHESIS_PROFILE=search` draws anew each time, and remembers what failed.
settings.register_profile("check", derandomize=True, deadline=None, max_examples=100)
settings.register_profile("mutants", settings.get_profile("check"), max_examples=10)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "check"))

for _name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
    os.environ.pop(_name, None)
