"""Tests of the proof: planting, counting, and the canary."""
