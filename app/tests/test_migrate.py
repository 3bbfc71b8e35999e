"""Tests of jobs/management/commands/migrate.py."""

import subprocess
import sys

import pytest

from tests.services import Services
from tests.system import APP, environment

pytestmark = pytest.mark.engine


def test_web_processes_that_start_at_once_migrate_once(services: Services) -> None:
    """Three migrations of one empty database at the same time all succeed."""
    services.add_lane("migrated")
    command = [sys.executable, "manage.py", "migrate", "--verbosity=1"]
    env = environment(services, "migrated", "tutorial")
    tries = [
        subprocess.Popen(command, cwd=APP, env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]

    said = [each.communicate()[0] for each in tries]

    assert [each.returncode for each in tries] == [0, 0, 0]
    assert sum("Applying jobs.0001_initial... OK" in each for each in said) == 1
