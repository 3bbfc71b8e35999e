"""Tests of harness/checkers."""
