"""Tests of the benchmarks: what they measure is what a run does."""
