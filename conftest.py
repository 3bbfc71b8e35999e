"""Loads the harness's pytest plugin; wiring only."""

pytest_plugins = ["harness.pytest_plugin"]
